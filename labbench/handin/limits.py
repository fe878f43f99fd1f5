"""How much a hand-in may be, and what in it is never the student's work."""

from __future__ import annotations

#: The most files a hand-in may have.
MAX_FILES = 2000
#: The most it may weigh unpacked, in bytes.
MAX_BYTES = 256 << 20
#: How much more an archive member may weigh unpacked than packed.
MAX_RATIO = 200
#: How many folders deep a package may lie.
MAX_DEPTH = 6
#: Left out of every snapshot.
SKIPPED_NAMES = frozenset(
    {"__MACOSX", ".DS_Store", "Thumbs.db", "__pycache__", ".git", ".idea", ".vscode", ".ipynb_checkpoints"}
)
