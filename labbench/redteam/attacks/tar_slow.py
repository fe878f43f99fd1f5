"""
en: Hand in a tar whose headers take the square of their length to parse
zh: 交一个 tar，其头部的解析时间随长度平方增长
group: archives
stake: hang
wrapped: tar_slow
refused: handin.too_large
"""
