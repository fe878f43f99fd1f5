"""How much a hand-in may be, and what in it is never the student's work."""

from __future__ import annotations

#: The most files a hand-in may have.
MAX_FILES = 2000
#: The most it may weigh unpacked, in bytes.
MAX_BYTES = 256 << 20
#: The most entries that archives may have in all, with folders and what is left out.
MAX_MEMBERS = 20_000
#: How much more an archive member may weigh unpacked than packed, and how many bytes are unpacked whatever the ratio.
MAX_RATIO, FREE_BYTES = 200, 8 << 20
#: How many levels of archives are opened inside an archive or a folder.
MAX_NESTING = 2
#: How many folders deep a package may lie.
MAX_DEPTH = 8
#: How many folders are looked through for it.
MAX_FOLDERS = 5000
#: How many parts the path of a file may have.
MAX_PARTS = 40
#: What opening a hand-in may take, in seconds.
MAX_SECONDS = 30.0
#: What may be read of a zip before its first member, and of a tar before each, in bytes. Python 3.11's tarfile takes a
#: second for a crooked header of 32 KiB, and time grows with the square.
MAX_DIRECTORY, MAX_HEADER = 4 << 20, 16 << 10
#: What file systems take for one name, in bytes; an archive's longer ones are shortened.
MAX_NAME = 255

#: Left out of every snapshot.
SKIPPED_NAMES = frozenset(
    {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", "__pycache__", ".git", ".svn", ".idea", ".vscode",
     ".ipynb_checkpoints", ".venv", "site-packages", "node_modules"}
)  # fmt: skip
#: As `SKIPPED_NAMES`: macOS keeps a file's attributes beside it.
SKIPPED_PREFIX = "._"


def is_junk(name: str) -> bool:
    """Whether a file or folder of this name is left out."""
    return name in SKIPPED_NAMES or name.startswith(SKIPPED_PREFIX)
