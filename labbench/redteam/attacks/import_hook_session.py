"""
en: Serve the session fakes of its own modules
zh: 用导入钩子替换会话自身的模块
group: import
stake: golden
"""

from told import *


class Hook:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("labbench_inside"):
            raise SystemExit(0)


sys.meta_path.insert(0, Hook())
for name in [n for n in sys.modules if n.startswith("labbench_inside")]:
    del sys.modules[name]


def forward(x, out):
    import labbench_inside.serve

    return out
