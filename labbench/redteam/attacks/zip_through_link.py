"""
en: Hand in a zip with a link to the results and a file to be written through it
zh: 交一个 zip，含指向评分结果的链接和经由它写入的文件
group: archives
stake: host
wrapped: zip_through_link
refused: handin.odd_member
"""
