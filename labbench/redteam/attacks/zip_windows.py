"""
en: Hand in a zip whose members climb out, written as Windows does
zh: 交一个 zip，其成员用 Windows 写法爬出文件夹
group: archives
stake: host
wrapped: zip_windows
refused: handin.odd_member
"""
