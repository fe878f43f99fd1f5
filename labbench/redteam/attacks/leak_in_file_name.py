"""
en: Raise from a file named after what was read
zh: 用出错文件名带出数据
group: leak
stake: report
verdicts: [error]
"""

from told import *


def forward(x, out):
    here = os.path.dirname(os.path.abspath(__file__))
    exec(compile("raise ValueError", os.path.join(here, f"{TOKEN}.py"), "exec"))
