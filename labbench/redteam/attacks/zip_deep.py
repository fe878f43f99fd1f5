"""
en: Hand in a zip with a file 5000 folders deep
zh: 交一个 zip，其文件在 5000 层文件夹之下
group: archives
stake: host
wrapped: zip_deep
refused: handin.too_deep
"""
