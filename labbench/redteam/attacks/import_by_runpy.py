"""
en: Run the reference's file with runpy
zh: 用 runpy 运行参考实现文件
group: import
stake: golden
scenarios: [pool]
needs: [landlock]
"""

import runpy

from told import *


def forward(x, out):
    return runpy.run_path(f"{REFERENCE}/layers_2.py")["MaxPoolingLayer"](2, 2).forward(x)
