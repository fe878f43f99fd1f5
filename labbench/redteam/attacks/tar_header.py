"""
en: Hand in a tar whose header is 200 MB long
zh: 交一个头部长达 200 MB 的 tar
group: archives
stake: host
wrapped: tar_header
refused: handin.too_large
"""
