"""What a lab plug-in is, and where they are found.

A plug-in is data and pure functions: scenarios that drive a hand-in, cases to drive it with, a reference that is just
another hand-in, and known mistakes. Tiers, checks, tolerances, limits and texts are in the catalogue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from labbench import catalogue
from labbench.copying import copy_folder
from labbench.errors import LabbenchError, suggestion

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from labbench.catalogue import LabSpec
    from labbench.results import Array, Fault, Plain, Scorecard, Text
    from labbench.worker.remote import Remote
    from labbench.worker.session import Service
    from labbench.worker.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Case:
    """What a scenario is driven with; stored in the pack.

    Attributes:
        name: Unique within its scenario.
        params: Plain values the scenario reads.
        arrays: Arrays for the hand-in, each sent as a fresh, writable copy.
        images: uint8 (H, W, 3) pictures that lie as PNG files where `image_path` says.
        alternatives: Other right answers, by name: the same case with other pictures. An observation passes if it
            agrees with any of them.
    """

    name: str
    params: Mapping[str, Plain] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    images: Mapping[str, Array] = field(default_factory=dict)
    alternatives: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)

    def image_path(self, image: str) -> str:
        """Where the hand-in finds a picture of this case, relative to its working directory."""
        return f"../images/{self.name}-{image}.png"

    def image_files(self) -> dict[str, Array]:
        """The pictures by the path that `image_path` gives."""
        return {self.image_path(name): pixels for name, pixels in self.images.items()}


#: Yields (name, what was seen): a remote object, a fault, or an array that the scenario made of what it fetched. It is
#: sent the reference's value after a wrong answer, else None. What stands before a (name, None) belongs to no
#: observation: its time is nobody's.
Scenario = Generator[tuple[str, "Remote | Fault | Array | None"], "Array | None", None]
ScenarioFunction = Callable[["Remote", Case], Scenario]
#: A fresh case from a random generator.
Draw = Callable[["np.random.Generator"], Case]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A known mistake: one source edit on the reference, and the score it must get, by profile."""

    name: str
    file: str
    old: str
    new: str
    scores: Mapping[str, int]
    title: Mapping[str, str]

    def apply(self, reference: Path, target: Path) -> None:
        """Copy the reference to the new folder `target`, with the edit made.

        Raises:
            ValueError: `old` does not occur exactly once.
        """
        copy_folder(reference, target)
        file = target / self.file
        source = file.read_text(encoding="utf-8")
        if source.count(self.old) != 1:
            raise ValueError(f"mistake {self.name}: {self.old!r} occurs {source.count(self.old)} times in {self.file}")
        file.write_text(source.replace(self.old, self.new), encoding="utf-8")


def mistake(name: str, file: str, score: int, old: str, new: str, *, en: str, zh: str) -> Mistake:
    """A known mistake with the same score in both profiles."""
    return Mistake(name, file, old, new, {"quick": score, "full": score}, {"en": en, "zh": zh})


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the cases of a pack are made from.

    Attributes:
        seed: Every random number of the cases comes from it.
        image: The pack's picture, uint8 (224, 224, 3) RGB.
    """

    seed: str
    image: Array

    def random(self, lab: str, label: str) -> np.random.Generator:
        """A stream of random numbers of its own for every label."""
        import numpy as np  # heavy, and not needed to list labs

        digest = hashlib.sha256(f"{lab}/{self.seed}/{label}".encode()).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a lab's own table: the handout's Chinese name and its English one."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Table:
    """A lab's own table, as its handout prints it."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One observation of a classification, and its share of the work."""

    name: str
    work: float


@dataclass(frozen=True, slots=True)
class Classification:
    """A main job, what `labbench run` does: the class of one picture, layer by layer.

    Attributes:
        scenario: The scenario's name.
        steps: Its observations in order.
        case: Makes the case for a picture, uint8 (224, 224, 3).
        answer: The observation that holds the class probabilities.
        table: The lab's table for it, from the relative errors by observation, class, probability.
    """

    scenario: str
    steps: tuple[Step, ...]
    case: Callable[[Array], Case]
    answer: str
    table: Callable[[Mapping[str, float | None], int, float], Table]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A main job, what `labbench run` does: a picture with one's content in another's style, step by step.

    Attributes:
        scenario: Observes `content_features`, whose time is that of one forward pass; the start, `picture_0`; and of
            each step N `content_loss_N`, `style_loss_N` (as they enter the total) and the picture after it,
            `picture_N`, (1, 3, H, W), RGB minus the weights' mean colour.
        case: Makes the case for content and style picture, uint8 (H, W, 3), and the number of steps.
        content: The picture file that is used when none is named.
        style: As `content`.
        steps: How many steps are made when nobody says.
        passes: How many forward passes a step takes, about; from it the whole time is estimated before the first.
    """

    scenario: ScenarioFunction
    case: Callable[[Array, Array, int], Case]
    content: Path
    style: Path
    steps: int
    passes: float


@dataclass(frozen=True, slots=True)
class Timed:
    """What the classification of one picture took on a device, and on a processor.

    Attributes:
        library: The way of the lab, by its name.
        forwards: Seconds of each forward pass, the first of all first: CPU time of the emulation, or the wall time of
            a real device.
        work: What a model of the device's time needs of each layer, by name; empty of a real device.
        reference: CPU seconds of a forward pass of the processor lab's reference.
        own: Likewise of the student's own work for that lab, if they said.
        best: Class and probability.
    """

    library: str
    forwards: tuple[float, ...]
    work: Mapping[str, Sequence[float]]
    reference: float
    own: float | None
    best: tuple[int, float]


@dataclass(frozen=True, slots=True)
class Inference:
    """A main job, what `labbench run` does: pictures classified on a device, which is emulated or real.

    Attributes:
        scenario: Observes `loaded`, when the parameters are; of picture N each pass, `pass_N`, and `probabilities_N`,
            (classes,); of an emulated device, after the first picture, `forward_seconds`, its CPU seconds of each
            pass, and what `Timed.work` holds. It finds no service where the device is real.
        case: Makes the case for the way of the lab, pictures, uint8 (224, 224, 3), and how often the first of them is
            classified.
        picture: The picture file that is used when none is named.
        forwards: How often the first picture is classified.
        device: Makes the emulated device. It tells of each layer that is loaded: its name, which comes from the
            hand-in; how many are; out of how many.
        variables: Of the environment, what a real device's library needs. Its package has the name of the way.
        processor: The lab whose reference does the same on the processor.
        tables: The lab's tables.
        remarks: What is to be said of them.
    """

    scenario: ScenarioFunction
    case: Callable[[str, Sequence[Array], int], Case]
    picture: Path
    forwards: int
    device: Callable[[Callable[[str, int, int], None]], Service]
    variables: tuple[str, ...]
    processor: str
    tables: Callable[[Timed], tuple[Table, ...]]
    remarks: Callable[[Timed], tuple[Text, ...]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several ways to do a lab, like one of two device libraries; a hand-in goes one of them.

    Attributes:
        scenarios: Those of this way alone.
        reference: The folder of its reference.
        mistakes: The known mistakes, edits on that reference.
        chosen: Whether the hand-in in a folder goes this way.
    """

    scenarios: tuple[str, ...]
    reference: Path
    mistakes: tuple[Mistake, ...]
    chosen: Callable[[Path], bool]


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab plug-in.

    Attributes:
        name: As in the catalogue, like "3-1".
        scenarios: By name.
        cases: The cases of each scenario, made when a pack is built.
        files: The course's files by name, given the weights file.
        reference: The folder of the reference hand-in.
        mistakes: The known mistakes.
        tables: The lab's own tables, from a scorecard.
        job: What `labbench run` does.
        timed: The scenarios that show how the hand-in's time compares with the reference's.
        groups: Timing group by observation of those.
        service: Makes what the hand-in's sessions may ask, one for each session, like a device.
        clients: The modules by which a hand-in asks it, importable under their own names.
        variants: The ways to do the lab, by name, if there are several; the first is taken to be that of a hand-in that
            chose none. `reference` and `mistakes` are then those of the first.
        variant: The way of this lab, if it has been narrowed to one.
        draws: Makes a fresh case for each scenario of a speed-up check; the duel adds the parameter `type`, which
            says whose version is meant: 0 loops, 1 fast.
    """

    name: str
    scenarios: Mapping[str, ScenarioFunction]
    cases: Callable[[Recipe], Mapping[str, Sequence[Case]]]
    files: Callable[[Path], Mapping[str, Path]]
    reference: Path
    mistakes: tuple[Mistake, ...]
    tables: Callable[[Scorecard], tuple[Table, ...]]
    job: Classification | Transfer | Inference | None = None
    timed: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    service: Callable[[], Service] | None = None
    clients: tuple[Path, ...] = ()
    variants: Mapping[str, Variant] = field(default_factory=dict)
    variant: str = ""
    draws: Mapping[str, Draw] = field(default_factory=dict)

    def choice(self, package: Path) -> str:
        """The way that the hand-in in a folder goes; "" if the lab has but one."""
        return next((name for name, v in self.variants.items() if v.chosen(package)), next(iter(self.variants), ""))

    def narrowed(self, variant: str) -> Lab:
        """The lab with one of its ways only."""
        way = self.variants[variant]
        return replace(
            self,
            scenarios={name: self.scenarios[name] for name in way.scenarios},
            reference=way.reference,
            mistakes=way.mistakes,
            variants={},
            variant=variant,
        )

    def workspace(self, package: Path, weights: Path) -> Workspace:
        """The folders that the sessions of a hand-in in `package` see."""
        from labbench.worker.workspace import Workspace  # heavy, and not needed to list labs

        return Workspace(package, self.files(weights), self.clients)


def installed() -> dict[str, Callable[[], Lab]]:
    """Every lab plug-in that is installed, by name, not yet imported."""
    return {point.name: point.load for point in entry_points(group="labbench.labs")}


def load(name: str) -> Lab:
    """The plug-in of a lab.

    Raises:
        LabbenchError: there is none of that name.
    """
    found = installed()
    if name not in found:
        raise LabbenchError("lab.no_plugin", lab=name, known=suggestion(name, sorted(found)))
    return found[name]()


def find(name: str) -> tuple[Lab, LabSpec]:
    """A lab by any of its names: its plug-in, and its entry in the catalogue.

    Raises:
        LabbenchError: the catalogue is broken, or there is none of that name.
    """
    entries = catalogue.load()
    canonical = catalogue.name_of(entries, name)
    return load(canonical), entries.labs[canonical]
