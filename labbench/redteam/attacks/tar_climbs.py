"""
en: Hand in a tar whose members climb out of the folder with ..
zh: 交一个 tar，其中的成员用 .. 爬出文件夹
group: archives
stake: host
wrapped: tar_climbs
refused: handin.odd_member
"""
