"""
en: Nothing at all; honest layers.
zh: 什么也不做：老实的各层。
group: honest
stake: host
verdicts: [pass]
scenarios: [conv, pool, fully_connected, softmax]
"""
