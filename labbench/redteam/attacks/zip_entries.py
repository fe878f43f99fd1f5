"""
en: Hand in a zip with a table of half a million entries
zh: 交一个目录表含五十万项的 zip
group: archives
stake: hang
wrapped: zip_entries
refused: handin.too_large
"""
