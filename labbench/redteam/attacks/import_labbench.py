"""
en: Import labbench and let its reference answer
zh: 导入 labbench，让参考实现代答
group: import
stake: golden
verdicts: [error]
"""

from told import *


def forward(x, out):
    sys.path.insert(0, os.path.dirname(PACKAGE))
    sys.path.insert(0, os.path.dirname(REFERENCE))
    from labbench.lab3_1.reference.stu_upload import layers_2

    return layers_2
