"""
en: Hand in a zip whose refusal quotes escapes, lines and log commands
zh: 交一个 zip，使拒绝信息引用转义符、换行和日志命令
group: archives
stake: report
wrapped: zip_control
refused: handin.odd_member
"""
