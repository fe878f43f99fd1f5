"""One attack at a time against a victim, and the verdict on it.

Theory of operation. The referee (this process) sets up what is at stake and starts a victim: a real grader with real
workers, in a process of its own. The attack is written out as a hand-in and graded by the victim while `Watch` looks
at the victim's processes from here. Then everything at stake is looked at, whatever the attack was after; the first
loss decides. What an attack says of itself is never asked. In the end everything is put back, also after a win.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import platform
import secrets
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import labbench
from labbench import scratch, timing
from labbench.errors import ExitCode, LabbenchError
from labbench.redteam import guarded, ipc, processes, stage, stakes
from labbench.redteam.arena import Arena, Gone, Silent
from labbench.redteam.model import Outcome
from labbench.redteam.stakes import Seen
from labbench.redteam.watch import Watch
from labbench.redteam.wrappings import WRAPPINGS
from labbench.results import Text, Verdict, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labbench.redteam.model import Attack
    from labbench.results import Plain

_MOUNT = Path(__file__).parent / "mount"
_PACKAGE = Path(labbench.__file__).parent
#: Rounds of the proof of work: about 0.25 s.
_WORK = 350_000
#: A session may wait for 8 s (`worker.session`), the grader for a zygote for 15 s, twice.
_SECONDS = 40.0
_SECONDS_A_SCENARIO = 10.0


class Ground:
    """What all attacks of a run share: a folder, a secret pack, the honest hand-in. A context manager."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.folder = self._stack.enter_context(scratch.folder())
        # A session that runs as another user must come through to the work folder.
        self.folder.chmod(0o711)
        try:
            self.pack = self.folder / "pack"
            stage.build_pack(self.pack)
            self.honest = write_handin(self.folder / "honest", None, {"base": "right"})
            task = stage.task(self.pack)
        except BaseException:
            self.close()
            raise
        conv = ("conv", stage.CASE)
        self.question = task.pack.cases["conv"][0].arrays["input"].tobytes()
        files = task.pack.manifest.goldens
        self.goldens = {g.scenario: str(self.pack / g.observations["output"][0]) for g in files}
        self.proof, self.cost_ns = _work(self.question)
        source = (task.lab.reference / "layers_2.py").read_bytes()
        self.reference, self.line = task.lab.reference, source[len(source) // 2 :][:48]
        assert conv in task.pack.goldens  # noqa: S101 - what the stakes rest on

    def close(self) -> None:
        """Remove the folder."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _work(question: bytes) -> tuple[bytes, int]:
    """The proof of work on a question, and what it costs here, in ns of CPU time."""
    before = timing.cpu_ns(os.getpid())
    digest = question[:64]
    for _ in range(_WORK):
        digest = hashlib.sha256(digest).digest()
    return digest, timing.cpu_ns(os.getpid()) - before


def write_handin(folder: Path, attack: Attack | None, facts: dict[str, Any]) -> Path:
    """The attack as something a student delivers; without an attack, the honest layers alone."""
    package = folder / "stu_upload"
    package.mkdir(parents=True)
    for file in _MOUNT.glob("*.py"):
        shutil.copyfile(file, package / file.name)
    if attack is None:
        (package / "attack.py").write_text("")
    elif attack.path.is_dir():
        shutil.copytree(attack.path, package, dirs_exist_ok=True)
    else:
        shutil.copyfile(attack.path, package / "attack.py")
    lines = [f"{name.upper()} = {value!r}\n" for name, value in facts.items()]
    (package / "facts.py").write_text("".join(lines), encoding="utf-8")
    return package


def inapplicable(attack: Attack) -> Text | None:
    """Why an attack is none on this machine."""
    if sys.platform != "linux":
        return text("redteam.only_linux")
    if attack.header.arch and platform.machine() not in attack.header.arch:
        return text("redteam.only_arch", arch=", ".join(attack.header.arch))
    if attack.header.root and os.geteuid() != 0:
        return text("redteam.only_root")
    if attack.header.sight and os.geteuid() != 0:
        return text("redteam.unseen")
    return None


class Referee:
    """Runs attacks one after the other; starts another victim when an attack has harmed the last."""

    def __init__(self, ground: Ground, isolation: Mapping[str, Any] | None = None) -> None:
        """Start nothing yet; `isolation` weakens the victims' sessions, as for `Zygote`."""
        self._ground = ground
        self._isolation = isolation
        self._arena: Arena | None = None

    def run(self, attack: Attack) -> Outcome:
        """Run one attack and put everything back."""
        started = timing.wall_ns()
        reason = inapplicable(attack)
        if reason is not None:
            return Outcome(attack, False, (), reason, False, 0.0)
        seen, loss = self._fight(attack)
        verdicts = tuple(v for _, v in seen.checks) if seen is not None else ()
        detail = loss or (seen.refused if seen is not None else None)
        return Outcome(attack, loss is not None, verdicts, detail, True, (timing.wall_ns() - started) / 1e9)

    def _fight(self, attack: Attack) -> tuple[Seen | None, Text | None]:
        arena, victim = self._ready()
        folder = self._ground.folder / secrets.token_hex(6)
        folder.mkdir(mode=0o711)
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            guards = _Guards(stack, folder, arena)
            facts = {**self._facts(arena), **victim, **guards.told(), "base": attack.base}
            handed_in = write_handin(folder / "handin", attack, facts)
            if attack.header.wrapped:
                handed_in = WRAPPINGS[attack.header.wrapped](handed_in, facts)
            request = {
                "op": "grade",
                "handin": str(handed_in),
                "scenarios": attack.header.scenarios,
                "disclosure": attack.header.disclosure,
            }
            limit = _SECONDS + _SECONDS_A_SCENARIO * len(attack.header.scenarios)
            seen, loss = None, None
            with guards.watch:
                try:
                    seen = _seen(arena.ask(request, limit))
                except Gone:
                    loss = text("redteam.killed")
                except Silent:
                    loss = text("redteam.hung", seconds=limit)
            harmed = loss or guards.grader.loss()
            loss = harmed or next(guards.losses(), None) or (self._judge(attack, arena, guards, seen) if seen else None)
            if harmed is not None:
                self.close()
        return seen, loss

    def _ready(self) -> tuple[Arena, dict[str, Any]]:
        """A victim in good health, and what can be known of it.

        Raises:
            LabbenchError: none can be started, twice.
        """
        complaint = ""
        for _ in range(2):
            if self._arena is None:
                self._arena = Arena(self._ground.folder, self._ground.pack, self._ground.honest, self._isolation)
            try:
                return self._arena, self._arena.ask({"op": "ready"})
            except (Gone, Silent):
                complaint = self._arena.complaint()
                self.close()
        raise LabbenchError("worker.no_start", exit_code=ExitCode.INTERNAL, reason=complaint)

    def _facts(self, arena: Arena) -> dict[str, Plain | dict[str, str]]:
        ground = self._ground
        return {
            "pack": str(ground.pack),
            "goldens": ground.goldens,
            "canary_file": str(arena.canary_file),
            "reference": str(ground.reference),
            "package": str(_PACKAGE),
            "memory_limit": stage.LIMITS.memory_mib << 20,
            "work": _WORK,
        }

    def _judge(self, attack: Attack, arena: Arena, guards: _Guards, seen: Seen) -> Text | None:
        canaries = {name: getattr(arena.canaries, name)[-32:].encode() for name in arena.canaries.__slots__}
        canaries |= {"segment": guards.content, "reference": self._ground.line}
        judged = (
            stakes.other_processes(seen),
            stakes.secret(canaries, seen),
            stakes.smuggled("conv", self._ground.question[:16], seen),
            stakes.golden(attack, seen),
            stakes.report(guards.leftovers.token, seen),
            stakes.lines(seen),
            stakes.disclosed(attack, guards.leftovers.token, seen),
            stakes.clock("conv", self._ground.proof, self._ground.cost_ns, seen),
        )
        return next((loss for loss in judged if loss is not None), None)

    def close(self) -> None:
        """End the victim."""
        if self._arena is not None:
            self._arena.close()
            self._arena = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Guards:
    """All that is guarded during one attack, taken down with the stack."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path, arena: Arena) -> None:
        self.grader = guarded.Grader(arena.pid)
        self.files = guarded.Files(folder)
        self.lock = guarded.Lock(folder)
        self.leftovers = guarded.Leftovers(f"lbrt{secrets.token_hex(8)}", (*guarded.PUBLIC, arena.work, folder))
        self.unpacked = guarded.Unpacked(arena.work)
        self.listeners = guarded.Listeners(folder, self.leftovers.token)
        self.survivors = guarded.Survivors(arena.work, processes.children(arena.pid))
        self.content = secrets.token_hex(16).encode()
        self.segment = ipc.Segment(self.content)
        self.watch = Watch(arena.pid, self.listeners.port, self.lock.taken)
        for guard in (self.files, self.leftovers, self.listeners, self.segment, self.survivors):
            stack.callback(guard.close)

    def told(self) -> dict[str, Plain]:
        """What an attacker may know of them."""
        parts = (self.files.told(), self.lock.told(), self.leftovers.told(), self.listeners.told())
        return {name: value for part in parts for name, value in part.items()} | {"segment": self.segment.id}

    def losses(self) -> Iterator[Text]:
        """What was lost of them, the gravest first."""
        for guard in (self.survivors, self.files, self.leftovers, self.unpacked, self.listeners, self.watch):
            loss = guard.loss()
            if loss is not None:
                yield loss
        if self.segment.read() != self.content:
            yield text("redteam.file", name="shared memory")


def _seen(answer: dict[str, Any]) -> Seen:
    return Seen(
        checks=tuple((name, Verdict(verdict)) for name, verdict in answer["checks"]),
        score=answer["score"],
        ceiling=answer["ceiling"],
        values=tuple((scenario, base64.b64decode(value)) for scenario, value in answer["values"]),
        said=tuple(answer["said"]),
        json=answer["json"],
        terminal=answer["terminal"],
        clocks=tuple(answer["clocks"]),
        sibling=answer["sibling"],
        signals=tuple(answer["signals"]),
        refused=text(answer["refused"]["key"], **answer["refused"]["values"]) if "refused" in answer else None,
    )
