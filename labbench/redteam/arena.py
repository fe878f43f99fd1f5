"""The referee's end of the victim: start it, ask it, and notice when it is gone or does not come back."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from labbench import timing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Starting takes a second; on a machine with other work, longer.
_START_SECONDS = 60.0


class Gone(Exception):  # noqa: N818 - what an attacker may have achieved
    """The victim is dead."""


class Silent(Exception):  # noqa: N818 - as above
    """The victim does not answer in time."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """What must not get out, each 32 random hexadecimal digits behind a prefix that an attacker may know."""

    file: str
    arguments: str
    environment: str
    memory: str
    sibling: str

    @classmethod
    def fresh(cls) -> Canaries:
        """New ones."""
        names = ("file", "arguments", "environment", "memory", "sibling")
        return cls(*(f"canary-{name}-{secrets.token_hex(16)}" for name in names))


class Arena:
    """One victim and what it guards. A context manager."""

    def __init__(self, folder: Path, pack: Path, honest: Path, isolation: Mapping[str, Any] | None = None) -> None:
        """Start it; `isolation` weakens its sessions, as for `Zygote`."""
        self.canaries = Canaries.fresh()
        self.canary_file = folder / f"canary-{secrets.token_hex(4)}"
        self.canary_file.write_text(self.canaries.file)
        self.canary_file.chmod(0o600)
        # Where its workspaces lie; a session that runs as another user must come through.
        self.work = folder / f"work-{secrets.token_hex(4)}"
        self.work.mkdir(mode=0o711)
        self._errors = (folder / f"{self.work.name}.errors").open("w+b")
        ours, theirs = socket.socketpair()
        with theirs:
            command = ["-P", "-m", "labbench.redteam.victim", str(theirs.fileno()), str(pack)]
            self._process = subprocess.Popen(
                [sys.executable, *command, self.canaries.arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, "LABBENCH_CANARY": self.canaries.environment, "TMPDIR": str(self.work)},
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._channel = ours
        self._rest = bytearray()
        kept = {"file": str(self.canary_file), "memory": self.canaries.memory, "sibling": self.canaries.sibling}
        with contextlib.suppress(Gone):  # the first question will show it
            self._say({**kept, "honest": str(honest), "isolation": dict(isolation or {})})

    def ask(self, request: dict[str, Any], seconds: float = _START_SECONDS) -> dict[str, Any]:
        """One exchange.

        Raises:
            Gone: the victim died.
            Silent: it did not answer within `seconds`.
        """
        self._say(request)
        deadline = timing.wall_ns() + int(seconds * 1e9)
        while b"\n" not in self._rest:
            left = (deadline - timing.wall_ns()) / 1e9
            if left <= 0 or not select.select([self._channel], [], [], left)[0]:
                raise Silent
            try:
                data = self._channel.recv(1 << 20)
            except OSError as error:
                raise Gone from error
            if not data:
                raise Gone
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise Gone from error

    def complaint(self) -> str:
        """The last line the victim printed, for when it does not even start."""
        self._errors.seek(0)
        lines = self._errors.read()[-65536:].decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "no message"

    def close(self) -> None:
        """End the victim; its zygote ends with the connection."""
        self._channel.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._errors.close()
        self.canary_file.unlink(missing_ok=True)
        shutil.rmtree(self.work, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
