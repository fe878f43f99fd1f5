"""
en: Loop while being imported
zh: 在导入时死循环
group: time
stake: hang
verdicts: [timeout]
"""

while True:
    pass
