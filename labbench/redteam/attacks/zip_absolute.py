"""
en: Hand in a zip with absolute paths, one of them the grader's results
zh: 交一个含绝对路径的 zip，其一指向评分结果
group: archives
stake: host
wrapped: zip_absolute
refused: handin.odd_member
"""
