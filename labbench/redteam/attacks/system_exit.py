"""
en: Call exit(0) and leave before anything is asked
zh: 调用 exit(0) 提前退出
group: process
stake: golden
verdicts: [error]
"""

import sys

sys.exit(0)
