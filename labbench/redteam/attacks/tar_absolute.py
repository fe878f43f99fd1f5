"""
en: Hand in a tar with the absolute path of the grader's results
zh: 交一个 tar，含评分结果的绝对路径
group: archives
stake: host
wrapped: tar_absolute
refused: handin.odd_member
"""
