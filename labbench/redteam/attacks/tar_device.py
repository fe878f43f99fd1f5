"""
en: Hand in a tar with a device that can be read without end
zh: 交一个 tar，含可无限读取的设备
group: archives
stake: hang
wrapped: tar_device
refused: handin.odd_member
"""
