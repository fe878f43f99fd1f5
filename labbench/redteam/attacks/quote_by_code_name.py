"""
en: Name a secret file as the place of an exception inside the hand-in's folder
zh: 用相对路径把异常位置指向机密文件
group: files
stake: secret
needs: [landlock, uid]
disclosure: full
"""

from told import *


def forward(x, out):
    # Frames below the hand-in's folder are quoted; `..` leads out of it again.
    here = os.path.dirname(os.path.abspath(__file__))
    exec(compile("raise ValueError", os.path.join(here, os.path.relpath(CANARY_FILE, here)), "exec"))
