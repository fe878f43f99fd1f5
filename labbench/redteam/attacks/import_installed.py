"""
en: Import a package that is installed beside numpy but not allowed
zh: 导入与 numpy 同处却未获许可的包
group: import
stake: golden
verdicts: [error]
"""

from told import *


def forward(x, out):
    site = os.path.dirname(os.path.dirname(np.__file__))
    sys.path[:0] = [site]
    sys.path_importer_cache.clear()
    import torch

    return torch.nn.functional.conv2d
