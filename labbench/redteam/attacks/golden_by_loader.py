"""
en: Have the import system's own loader read the golden file
zh: 借导入系统的加载器读取标准答案
group: files
stake: golden
needs: [landlock, uid]
"""

import io

import layers_2
from told import *


def forward(x, out):
    return np.load(io.BytesIO(layers_2.__loader__.get_data(GOLDENS["conv"])))
