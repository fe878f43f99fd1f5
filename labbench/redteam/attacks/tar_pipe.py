"""
en: Hand in a tar with a FIFO, which blocks whoever reads it
zh: 交一个 tar，含会阻塞读者的管道
group: archives
stake: hang
wrapped: tar_pipe
refused: handin.odd_member
"""
