"""What an attack is, how it is read from its file, and what came of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from labbench.results import Verdict

if TYPE_CHECKING:
    from labbench.results import Text
    from labbench.texts import Lang

#: The attacks that come with labbench: files to be opened as hand-ins, imported by nobody.
FOLDER = Path(__file__).parent / "attacks"


class Stake(StrEnum):
    """What an attack is after; whatever it is after, all stakes are looked at."""

    GOLDEN = "golden"
    SECRET = "secret"  # noqa: S105 - not a password
    HOST = "host"
    REPORT = "report"
    CLOCK = "clock"
    HANG = "hang"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The YAML docstring of an attack's `attack.py`.

    Attributes:
        en: What it tries.
        zh: The same in Chinese.
        group: Attacks of one kind.
        stake: What it is after.
        needs: The isolation layers of which at least one stops it; none where the portable core does. A name with a
            space is no layer but something still to be done in labbench.
        verdicts: The verdicts its checks may get.
        base: What the layers around it compute: the right values or zeros. By default zeros where a check that
            passes is at stake.
        scenarios: What is asked of it, in this order, each in a session of its own.
        disclosure: How much the pack in use lets messages say.
        arch: The only processors whose system call numbers it knows.
        root: It is one only for a grader that is root.
        sight: A win shows only inside the session's process, into which an ordinary user cannot look.
        wrapped: The archive is the attack: which of `wrappings` packs the hand-in.
        refused: The text with which the hand-in is refused; nothing is graded then.
    """

    en: str
    zh: str
    group: str
    stake: Stake
    needs: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    base: str = ""
    scenarios: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("conv",)
    disclosure: str = "verdict"
    arch: tuple[str, ...] = ()
    root: bool = False
    sight: bool = False
    wrapped: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """A hand-in that misbehaves.

    Attributes:
        name: Of its file or folder.
        path: The file, or the folder with `attack.py` and more.
        header: What it says of itself.
    """

    name: str
    path: Path
    header: Header

    @property
    def base(self) -> str:
        """`right` or `wrong`."""
        at_stake = self.header.stake in (Stake.GOLDEN, Stake.REPORT)
        return self.header.base or ("wrong" if at_stake else "right")

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What its checks may end with."""
        usual: tuple[Verdict, ...] = (Verdict.PASS,) if self.base == "right" else (Verdict.WRONG,)
        if self.header.stake in (Stake.SECRET, Stake.CLOCK):
            usual = (Verdict.PASS, Verdict.WRONG)  # what leaks stands in the place of the answer
        return self.header.verdicts or (*usual, Verdict.ERROR)

    def title(self, lang: Lang) -> str:
        """What it tries, in one line."""
        return str(getattr(self.header, lang.value))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attack.

    Attributes:
        attack: The attack.
        won: Whether the grader lost anything, judged by what could be observed.
        verdicts: What its checks got, in order, whatever the stake.
        detail: What was lost; or with what words the hand-in was refused; or why it is no attack on this machine.
        applicable: Whether it was run at all.
        seconds: How long it took.
    """

    attack: Attack
    won: bool
    verdicts: tuple[Verdict, ...]
    detail: Text | None
    applicable: bool
    seconds: float


def read(path: Path) -> Attack:
    """An attack from its file or folder.

    Raises:
        ValueError: its docstring is no header.
    """
    import yaml

    source = path if path.suffix == ".py" else path / "attack.py"
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    try:
        header = msgspec.convert(yaml.safe_load(docstring), Header, strict=False)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"{source}: {error}") from error
    return Attack(path.stem, path, header)


def attacks(folder: Path = FOLDER) -> tuple[Attack, ...]:
    """All attacks, by group and name."""
    found = [read(p) for p in folder.iterdir() if p.suffix == ".py" or (p / "attack.py").is_file()]
    return tuple(sorted(found, key=lambda a: (a.header.group, a.name)))
