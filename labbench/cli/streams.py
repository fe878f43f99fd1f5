"""Standard output and error of a command, where nobody may be reading."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO


def leads_nowhere(stream: IO[str]) -> None:
    """What is left for a stream that cannot be written (`| head`) is dropped; Python must not try again at the end."""
    with suppress(OSError, ValueError):  # a stream without a descriptor, as in tests
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def print_bytes(content: bytes) -> None:
    """On stdout; if nobody reads it, the exit code still counts."""
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        leads_nowhere(sys.stdout)
