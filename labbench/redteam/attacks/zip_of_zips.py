"""
en: Hand in a zip of zips of bombs
zh: 交一个层层嵌套压缩炸弹的 zip
group: archives
stake: hang
wrapped: zip_of_zips
refused: handin.too_large
"""
