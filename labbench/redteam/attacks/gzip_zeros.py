"""
en: Hand in four gigabytes of zeros as a tar.gz
zh: 把 4 GB 的零打成 tar.gz 提交
group: archives
stake: hang
wrapped: gzip_zeros
refused: handin.too_large
"""
