"""
en: Fill the disk, wherever anything can be written
zh: 在任何可写处填满磁盘
group: files
stake: host
needs: [landlock]
"""

from told import *

PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/run", os.getcwd(), os.path.dirname(__file__))


def forward(x, out):
    for place in PLACES:
        try:
            file = os.open(f"{place}/{TOKEN}-disk", os.O_WRONLY | os.O_CREAT)
            for _ in range(8):  # 8 MiB show it as well as 8 GiB
                os.write(file, bytes(1 << 20))
        except OSError:
            continue
    return out
