"""labs.yaml as typed objects; every error says file, line, path in the file, and what was expected."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from labbench import resources
from labbench.errors import LabbenchError, suggestion
from labbench.results import Profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import yaml

    from labbench.texts import Lang

#: An all-zero answer has relative error 1; a tolerance that lets it pass is none.
Tolerance = Annotated[float, msgspec.Meta(gt=0, lt=1)]
#: Ids stand before a dot in the ids of results.
Id = Annotated[str, msgspec.Meta(pattern=r"^[\w-]+$")]
#: At least one; a check that observes nothing could never fail.
Names = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
#: A file to hand in: its name, or the names it may have, the proper one first.
File = str | Names
Count = Annotated[int, msgspec.Meta(gt=0)]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A short text in both languages."""

    en: str
    zh: str

    def __getitem__(self, lang: Lang) -> str:
        return str(getattr(self, lang.value))


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one session may use. CPU time decides a timeout; wall time (3 × CPU + 5 s) only guards."""

    cpu_seconds: Count = 20
    memory_mib: Count = 2048
    output_mib: Count = 64


class ScenarioSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a scenario runs: in which profile, under which limits, and how its goldens are stored.

    What is in `lead` is judged by no check: the walk always goes on from the reference's value. What is in `measured`
    are numbers that are shown and have no golden. `again` is how far a golden that is derived again may lie from the
    stored one (relative, l2): float32 storage and another BLAS kernel, unless a device computes more coarsely.
    """

    profile: Profile = Profile.QUICK
    limits: Limits = Limits()
    store: Literal["float64", "float32"] = "float64"
    golden: tuple[str, ...] | None = None
    lead: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    again: Tolerance = 1e-6


class CheckBase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all checks have: an id, a tier (None: a note), and the observations they judge."""

    id: Id
    title: Words
    scenario: str
    tier: int | None = None
    case: str | None = None
    observe: Names


class CloseCheck(CheckBase, frozen=True, tag_field="kind", tag="close"):
    """Relative error against the golden: ‖x−ref‖₂/‖ref‖₂ (l2) or max|x−ref|/max|ref| (max)."""

    norm: Literal["l2", "max"]
    tolerance: Tolerance


class ClassCheck(CheckBase, frozen=True, tag_field="kind", tag="class"):
    """The most probable class is the golden's, and its probability within `tolerance`."""

    tolerance: Tolerance


class SpeedupCheck(CheckBase, frozen=True, tag_field="kind", tag="speedup"):
    """The times of all observations together: our loops take at least `required` times what the hand-in takes.

    Every timed output is verified with `norm` and `tolerance`. A ratio of more than 20 times `expected` is a note.
    """

    norm: Literal["l2", "max"]
    tolerance: Tolerance
    required: Annotated[float, msgspec.Meta(gt=1)]
    expected: Annotated[float, msgspec.Meta(gt=1)] | None = None


Check = CloseCheck | ClassCheck | SpeedupCheck


class JobSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `labbench run` may use for a lab's main job, which takes longer than what is graded."""

    limits: Limits = Limits()


class LabSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One lab of the catalogue."""

    folder: str
    title: Words
    summary: Words
    files: Annotated[tuple[File, ...], msgspec.Meta(min_length=1)]
    main: str
    tiers: Annotated[dict[Count, Words], msgspec.Meta(min_length=1)]
    job: JobSpec = JobSpec()
    scenarios: dict[str, ScenarioSpec]
    checks: tuple[Check, ...]

    def scenarios_of(self, profile: Profile) -> dict[str, ScenarioSpec]:
        """The scenarios a profile runs, quick's first: full runs quick too."""
        quick = {n: s for n, s in self.scenarios.items() if s.profile is Profile.QUICK}
        full = {n: s for n, s in self.scenarios.items() if s.profile is Profile.FULL}
        return quick if profile is Profile.QUICK else {**quick, **full}

    def checks_of(self, scenario: str, case: str) -> tuple[Check, ...]:
        """The checks that judge what a scenario observes on a case."""
        return tuple(c for c in self.checks if c.scenario == scenario and c.case in (None, case))

    def narrowed(self, scenarios: Collection[str]) -> LabSpec:
        """The lab with some of its scenarios only, and the checks on them."""
        kept = {name: spec for name, spec in self.scenarios.items() if name in scenarios}
        checks = tuple(c for c in self.checks if c.scenario in kept)
        return msgspec.structs.replace(self, scenarios=kept, checks=checks)

    def speedups(self, scenario: str) -> tuple[SpeedupCheck, ...]:
        """The checks that time a scenario."""
        return tuple(c for c in self.checks if c.scenario == scenario and isinstance(c, SpeedupCheck))


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All labs, by name."""

    version: Literal[1]
    labs: dict[str, LabSpec]


def load(path: Path | None = None) -> Catalogue:
    """Read and validate a catalogue file; the one that comes with labbench by default.

    Raises:
        LabbenchError: the file is missing, is not YAML, or says something that is not allowed.
    """
    file = path or resources.catalogue_file()
    try:
        raw = file.read_bytes()
        content = raw.decode()
    except OSError as error:
        raise LabbenchError("catalogue.unreadable", file=str(file), reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise LabbenchError("catalogue.not_yaml", file=str(file), line=line, reason="not UTF-8") from error
    catalogue = _convert(_parse(content, file), content, file)
    for name, lab in catalogue.labs.items():
        _check_references(name, lab, content, file)
    return catalogue


def _loader() -> type[yaml.SafeLoader]:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _parse(content: str, file: Path) -> Any:
    import yaml

    try:
        for path, line in _repeated(yaml.compose(content, Loader=_loader())):
            raise _invalid(file, line, path, "the key stands twice")
        return yaml.load(content, Loader=_loader())  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # A character that YAML forbids comes with its position instead of a mark.
        line = mark.line if mark else content[: getattr(error, "position", 0)].count("\n")
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise LabbenchError("catalogue.not_yaml", file=str(file), line=line + 1, reason=str(reason)) from error


def _repeated(node: yaml.Node | None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    """(path, line) of each key that its mapping has already; YAML would silently let the last one win."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield (*path, name), key.start_mark.line + 1
            seen.add(name)
            yield from _repeated(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from _repeated(item, (*path, str(i)))


def _invalid(file: Path, line: int, path: tuple[str, ...], problem: str) -> LabbenchError:
    where = ".".join(path) or "(top)"
    return LabbenchError("catalogue.invalid", file=str(file), line=line, path=where, problem=problem)


def _convert(data: Any, content: str, file: Path) -> Catalogue:
    try:
        return msgspec.convert(data, Catalogue)
    except msgspec.ValidationError as error:
        path = _named(str(error), data)
        raise _invalid(file, _line(content, path), path, str(error).partition(" - at `")[0]) from error


def _named(complaint: str, data: Any) -> tuple[str, ...]:
    """The path in a complaint of msgspec's, with each `[...]` (some key of a mapping) made definite."""
    where = complaint.rpartition("$")[2].rstrip("`") if "$" in complaint else ""
    path: list[str] = []
    for part in re.findall(r"[^.\[\]]+|\.\.\.", where):
        path.append(_culprit(data, path, complaint) if part == "..." else part)
    field = re.search(r"unknown field `(.*?)`", complaint)
    return (*path, field[1]) if field else tuple(path)


def _culprit(data: Any, path: list[str], complaint: str) -> str:
    """The key of the mapping at `path` that draws the complaint when it stands there alone."""
    for key in _at(data, path):
        trial = copy.deepcopy(data)
        mapping = _at(trial, path)
        for other in mapping.keys() - {key}:
            del mapping[other]
        try:
            msgspec.convert(trial, Catalogue)
        except msgspec.ValidationError as error:
            if str(error) == complaint:
                return str(key)
    return "..."


def _at(data: Any, path: list[str]) -> Any:
    for name in path:
        data = _child(data, name)
    return data


def _child(data: Any, key: str) -> Any:
    if isinstance(data, dict):
        return next((v for k, v in data.items() if str(k) == key), None)
    if isinstance(data, list) and key.isdigit() and int(key) < len(data):
        return data[int(key)]
    return None


def _line(content: str, path: tuple[str, ...]) -> int:
    """The line on which the deepest part of a path stands, from 1."""
    import yaml

    node = yaml.compose(content, Loader=_loader())
    line = 1
    for key in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == key), None)
        elif isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
            found = (node.value[int(key)], node.value[int(key)])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _check_references(name: str, lab: LabSpec, content: str, file: Path) -> None:
    """What types cannot say: checks name known tiers and scenarios, ids are unique."""
    seen: set[str] = set()
    for i, check in enumerate(lab.checks):
        problem = None
        if check.tier is not None and check.tier not in lab.tiers:
            problem = ("tier", f"tier {check.tier} is none of {', '.join(map(str, lab.tiers))}")
        elif check.scenario not in lab.scenarios:
            problem = ("scenario", f"scenario {check.scenario!r} is none of {', '.join(lab.scenarios)}")
        elif isinstance(check, SpeedupCheck) and check.case is not None:
            problem = ("case", "a speedup check draws its own cases and names none")
        elif check.id in seen:
            problem = ("id", f"id {check.id!r} stands twice")
        if problem is not None:
            path = ("labs", name, "checks", str(i), problem[0])
            raise _invalid(file, _line(content, path), path, problem[1])
        seen.add(check.id)


def spellings(file: File) -> tuple[str, ...]:
    """The names a file to hand in may have, the proper one first."""
    return (file,) if isinstance(file, str) else file


def find(catalogue: Catalogue, name: str) -> LabSpec:
    """A lab by name; "3_1", "lab3-1" and "lab3_1" are understood too.

    Raises:
        LabbenchError: there is none of that name.
    """
    canonical = name.lower().removeprefix("lab").strip("-_ ").replace("_", "-")
    if canonical not in catalogue.labs:
        raise LabbenchError("lab.unknown", lab=name, known=suggestion(canonical, catalogue.labs))
    return catalogue.labs[canonical]


def name_of(catalogue: Catalogue, name: str) -> str:
    """The canonical name of a lab; see `find`."""
    spec = find(catalogue, name)
    return next(n for n, s in catalogue.labs.items() if s is spec)
