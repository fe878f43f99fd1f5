"""Golden packs: what a lab's reference observed, with the cases that led to it.

A pack is a folder: `manifest.json` and `.npy` files, each pinned by its SHA-256 in the manifest. It is written once,
atomically, and read whole; a pack that was changed or is incomplete is refused with a sentence naming the file.
"""

from __future__ import annotations

from labbench.packs.manifest import Manifest
from labbench.packs.reading import Pack, read, weights_of

__all__ = ["Manifest", "Pack", "read", "weights_of"]
