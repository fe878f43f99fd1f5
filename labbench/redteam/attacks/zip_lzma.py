"""
en: Hand in a zip packed with LZMA, whose dictionary claims 3 GB
zh: 交一个用 LZMA 压缩、字典声称 3 GB 的 zip
group: archives
stake: host
wrapped: zip_lzma
refused: handin.damaged
"""
