"""
en: Hand in a tar.xz with two gigabytes in what is skipped
zh: 交一个 tar.xz，其中应跳过的内容有 2 GB
group: archives
stake: hang
wrapped: xz_zeros
refused: handin.too_large
"""
