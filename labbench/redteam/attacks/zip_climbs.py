"""
en: Hand in a zip whose members climb out of the folder with ..
zh: 交一个 zip，其中的成员用 .. 爬出文件夹
group: archives
stake: host
wrapped: zip_climbs
refused: handin.odd_member
"""
