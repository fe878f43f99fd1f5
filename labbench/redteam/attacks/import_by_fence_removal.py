"""
en: Take the fence out of sys.meta_path, then import the reference
zh: 拆除导入围栏再导入参考实现
group: import
stake: golden
scenarios: [pool]
needs: [landlock]
"""

import importlib.machinery as machinery

from told import *


def forward(x, out):
    sys.meta_path[:] = [machinery.PathFinder]
    sys.path_hooks[:] = [machinery.FileFinder.path_hook((machinery.SourceFileLoader, [".py"]))]
    sys.path_importer_cache.clear()
    sys.path.insert(0, REFERENCE)
    for name in ("layers_1", "layers_2"):
        sys.modules.pop(name, None)
    import layers_2

    return layers_2.MaxPoolingLayer(2, 2).forward(x)
