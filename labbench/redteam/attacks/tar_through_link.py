"""
en: Hand in a tar with a link to the results and a file to be written through it
zh: 交一个 tar，含指向评分结果的链接和经由它写入的文件
group: archives
stake: host
wrapped: tar_through_link
refused: handin.odd_member
"""
