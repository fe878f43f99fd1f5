"""
en: Hand in a tar with a hundred thousand folders
zh: 交一个含十万个文件夹的 tar
group: archives
stake: hang
wrapped: tar_entries
refused: handin.too_large
"""
