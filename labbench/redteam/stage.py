"""What attacks are graded against: lab 3-1 without what needs the weights, a fresh pack for it, and a device.

No layer needs the device; it is there since it is the one door from a session to its grader.
"""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from labbench import catalogue, labs, packs
from labbench.catalogue import Limits
from labbench.labs import Recipe
from labbench.packs.build import Plan, build
from labbench.packs.writing import write
from labbench.results import Disclosure, Profile
from labbench.task import Task
from labbench.vgg.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labbench.catalogue import LabSpec
    from labbench.labs import Case, Lab

LAB = "3-1"
#: The lab whose device sessions may ask.
_DEVICE = "3-2"
#: The scenarios that need no weights, each with its case inside the course's box.
SCENARIOS = ("conv", "pool", "fully_connected", "softmax")
CASE = "box"
#: Small, so that attacks on them are over soon.
LIMITS = Limits(cpu_seconds=1, memory_mib=256, output_mib=1)


def _lab() -> Lab:
    lab = labs.load(LAB)

    def cases(recipe: Recipe) -> Mapping[str, Sequence[Case]]:
        made = lab.cases(recipe)
        return {s: [c for c in made[s] if c.name == CASE] for s in SCENARIOS}

    asked = labs.load(_DEVICE)
    return dataclasses.replace(
        lab, cases=cases, files=lambda _: {}, mistakes=(), timed=(), service=asked.service, clients=asked.clients
    )


def _spec() -> LabSpec:
    spec = catalogue.load().labs[LAB]
    return msgspec.structs.replace(
        spec,
        scenarios={s: msgspec.structs.replace(spec.scenarios[s], limits=LIMITS) for s in SCENARIOS},
        checks=tuple(c for c in spec.checks if c.scenario in SCENARIOS and c.case in (None, CASE)),
    )


def build_pack(path: Path) -> None:
    """Write a pack from a secret seed to the new folder `path`, disclosure verdict, readable by its owner only."""
    image = np.zeros((224, 224, 3), np.uint8)
    weights = Weights(path / "none", "0" * 64, "synthetic")
    recipe = Recipe(secrets.token_hex(16), image)
    manifest, arrays = build(Plan(_lab(), _spec(), recipe, weights, "redteam", Disclosure.VERDICT))
    write(path, manifest, arrays, replace=False)


def task(pack: Path, disclosure: Disclosure = Disclosure.VERDICT) -> Task:
    """What attacks are graded against."""
    goldens = packs.read(pack, LAB)
    shown = dataclasses.replace(goldens.identity, disclosure=disclosure)
    return Task(_lab(), _spec(), dataclasses.replace(goldens, identity=shown), Path(), Profile.QUICK)
