"""
en: Hand in zeros and hope.
zh: 全部返回零。
group: honest
stake: golden
verdicts: [wrong]
scenarios: [conv, pool, fully_connected, softmax]
"""
