"""
en: Hand in a zip packed with bzip2, which unpacks whole in one call
zh: 交一个用 bzip2 压缩、一次调用就全部解开的 zip
group: archives
stake: host
wrapped: zip_bzip2
refused: handin.damaged
"""
