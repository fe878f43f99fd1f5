"""
en: Have linecache and an exception's traceback quote a secret file
zh: 让 linecache 和异常回溯引用机密文件
group: files
stake: secret
needs: [landlock, uid]
disclosure: full
"""

from told import *


def forward(x, out):
    # The line that a message quotes is taken from the file a frame names.
    code = compile("raise ValueError('see the line above')", CANARY_FILE, "exec")
    import linecache

    text = linecache.getline(CANARY_FILE, 1)
    if text:
        return leak(text.encode(), out)
    exec(code)
