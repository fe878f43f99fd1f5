"""
en: Hand in a zip whose 300 members share their bytes
zh: 交一个 zip，其 300 个成员共用同一段数据
group: archives
stake: host
wrapped: zip_overlap
refused: handin.damaged
"""
