"""
en: Hand in a gigabyte of zeros as a zip
zh: 把 1 GB 的零打成 zip 提交
group: archives
stake: host
wrapped: zip_ratio
refused: handin.too_large
"""
