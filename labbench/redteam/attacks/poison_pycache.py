"""
en: Replace the compiled form of a module the grader will import
zh: 替换评分进程将导入的字节码缓存
group: files
stake: host
needs: [landlock, uid]
"""

from told import *


def forward(x, out):
    os.unlink(f"{RESULTS}/__pycache__/module.pyc")
    os.symlink("/tmp/other.pyc", f"{RESULTS}/__pycache__/module.pyc")
    return out
