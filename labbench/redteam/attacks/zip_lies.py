"""
en: Hand in a zip with a gigabyte that is said to be ten bytes
zh: 交一个 zip，其中 1 GB 的内容声称只有 10 字节
group: archives
stake: host
wrapped: zip_lies
refused: handin.damaged
"""
