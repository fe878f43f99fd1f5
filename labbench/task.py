"""From names to what grading needs: the plug-in, its catalogue entry, a pack that fits it, the pack's weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench import labs, packs, resources
from labbench.catalogue import SpeedupCheck
from labbench.errors import ExitCode, LabbenchError

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.catalogue import LabSpec
    from labbench.labs import Lab
    from labbench.packs import Pack
    from labbench.results import Profile
    from labbench.vgg.store import Progress


@dataclass(frozen=True, slots=True)
class Task:
    """What to grade against.

    Attributes:
        lab: The plug-in.
        spec: Its entry in the catalogue.
        pack: The goldens.
        weights: The weights file the pack was built with.
        profile: quick or full.
    """

    lab: Lab
    spec: LabSpec
    pack: Pack
    weights: Path
    profile: Profile

    def narrowed(self, package: Path) -> Task:
        """The task for the hand-in in a folder: of several ways to do the lab, the one that it goes."""
        if not self.lab.variants:
            return self
        lab = self.lab.narrowed(self.lab.choice(package))
        return dataclasses.replace(self, lab=lab, spec=self.spec.narrowed(lab.scenarios))


def prepare(
    name: str,
    profile: Profile,
    pack: Path | None = None,
    progress: Progress | None = None,
) -> Task:
    """All that grading a lab needs, by any of its names; see `prepare_for`.

    Raises:
        LabbenchError: no such lab, and as `prepare_for`.
    """
    return prepare_for(*labs.find(name), profile, pack, progress)


def prepare_for(
    lab: Lab,
    spec: LabSpec,
    profile: Profile,
    pack: Path | None = None,
    progress: Progress | None = None,
) -> Task:
    """All that grading a lab needs; the practice pack if none is named.

    Raises:
        LabbenchError: the pack is missing, damaged, of another lab, or its weights are not here.
    """
    goldens = packs.read(pack or resources.practice_pack(spec.folder), lab.name)
    _check_complete(spec, goldens, profile)
    _check_draws(spec, lab)
    _check_variants(spec, lab)
    return Task(lab, spec, goldens, packs.weights_of(goldens, progress).path, profile)


def _check_complete(spec: LabSpec, pack: Pack, profile: Profile) -> None:
    """Every check of the profile finds its goldens; a check without any could never fail."""
    for scenario in spec.scenarios_of(profile):
        cases = pack.cases.get(scenario, ())
        if any((scenario, c.name) not in pack.goldens for c in cases):
            raise LabbenchError("pack.incomplete", path=str(pack.path), scenario=scenario)
        for check in (c for c in spec.checks if c.scenario == scenario and not isinstance(c, SpeedupCheck)):
            mine = [c for c in cases if check.case in (None, c.name)]
            there = all(set(check.observe) <= pack.goldens.get((scenario, c.name), {}).keys() for c in mine)
            if not mine or not there:
                raise LabbenchError("pack.incomplete", path=str(pack.path), scenario=f"{scenario} ({check.id})")


def _check_variants(spec: LabSpec, lab: Lab) -> None:
    """No way to do the lab leaves a tier without checks, which could not fail."""
    for name, way in lab.variants.items():
        if not set(spec.tiers) <= {c.tier for c in spec.narrowed(way.scenarios).checks}:
            raise LabbenchError("lab.empty_tier", exit_code=ExitCode.INTERNAL, lab=lab.name, variant=name)


def _check_draws(spec: LabSpec, lab: Lab) -> None:
    """Every speed-up check has fresh cases to be had; its goldens are what the loops give for them."""
    for check in spec.checks:
        if isinstance(check, SpeedupCheck) and check.scenario not in lab.draws:
            values = {"lab": lab.name, "check": check.id, "scenario": check.scenario}
            raise LabbenchError("lab.no_draw", exit_code=ExitCode.INTERNAL, **values)
