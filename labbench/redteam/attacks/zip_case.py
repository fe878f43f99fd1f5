"""
en: Hand in a zip with two names that differ in case only
zh: 交一个 zip，其中两个文件名只有大小写不同
group: archives
stake: host
wrapped: zip_case
refused: handin.alike
"""
