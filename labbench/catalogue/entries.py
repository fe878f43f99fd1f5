"""What labs.yaml says, as typed objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from labbench import complaints
from labbench.errors import LabbenchError, suggestion
from labbench.results import Profile

if TYPE_CHECKING:
    from collections.abc import Collection

    from labbench.texts import Lang

#: An all-zero answer has relative error 1; a tolerance that lets it pass is none.
Tolerance = Annotated[float, msgspec.Meta(gt=0, lt=1)]
#: Ids stand before a dot in the ids of results; other names of this kind are parts of paths.
Id = Annotated[str, msgspec.Meta(pattern=complaints.NAME)]
#: A lab's canonical name, see `name_of`.
LabName = Annotated[str, msgspec.Meta(pattern=complaints.LAB)]
#: A text for one line of a terminal.
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=complaints.LINE)]
#: At least one; a check that observes nothing could never fail.
Names = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
#: A file to hand in: its name, or the names it may have, the proper one first.
FileName = Annotated[str, msgspec.Meta(pattern=complaints.FILE)]
File = FileName | Annotated[tuple[FileName, ...], msgspec.Meta(min_length=1)]
#: What a tier is worth.
Points = Annotated[int, msgspec.Meta(ge=1, le=100)]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A short text in both languages."""

    en: Line
    zh: Line

    def __getitem__(self, lang: Lang) -> str:
        return str(getattr(self, lang.value))


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one session may use. CPU time decides a timeout; wall time (3 × CPU + 5 s) only guards."""

    cpu_seconds: Annotated[int, msgspec.Meta(ge=1, le=7 * 86400)] = 20
    memory_mib: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] = 2048
    output_mib: Annotated[int, msgspec.Meta(ge=1, le=1 << 12)] = 64


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

    folder: Id
    title: Words
    summary: Words
    files: Annotated[tuple[File, ...], msgspec.Meta(min_length=1)]
    main: FileName
    tiers: Annotated[dict[Points, Words], msgspec.Meta(min_length=1)]
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
    labs: Annotated[dict[LabName, LabSpec], msgspec.Meta(min_length=1)]


def spellings(file: File) -> tuple[str, ...]:
    """The names a file to hand in may have, the proper one first."""
    return (file,) if isinstance(file, str) else file


def name_of(catalogue: Catalogue, name: str) -> str:
    """The canonical name of a lab; "3_1", "lab3-1" and "lab3_1" are understood too.

    Raises:
        LabbenchError: there is none of that name.
    """
    if name in catalogue.labs:
        return name
    canonical = name.lower().removeprefix("lab").strip("-_ ").replace("_", "-")
    if canonical not in catalogue.labs:
        raise LabbenchError("lab.unknown", lab=name, known=suggestion(canonical, catalogue.labs))
    return canonical


def find(catalogue: Catalogue, name: str) -> LabSpec:
    """A lab by any of its names; see `name_of`."""
    return catalogue.labs[name_of(catalogue, name)]
