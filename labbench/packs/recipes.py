"""Packs by name: the practice pack that is shipped, and those a teacher orders."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labbench import catalogue, labs, resources
from labbench.labs import Recipe
from labbench.packs import reading, verify, writing
from labbench.packs.build import Plan, build
from labbench.results import Disclosure, Profile
from labbench.vgg import pictures
from labbench.vgg import weights as store

if TYPE_CHECKING:
    from pathlib import Path

    from labbench.packs.reading import Pack
    from labbench.packs.verify import Difference
    from labbench.results import Array
    from labbench.vgg.store import Progress

#: The practice pack's seed: its answers are public anyway.
PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Order:
    """What a teacher asks for; what is None is chosen: a random seed, a picture by the seed, the preferred weights.

    `profile` and `teaching` as in `build.Plan`.
    """

    lab: str
    seed: str | None = None
    image: Path | None = None
    weights: Path | None = None
    disclosure: Disclosure = Disclosure.VERDICT
    name: str = "exam"
    profile: Profile = Profile.FULL
    teaching: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A pack that was built, and the seed it came from."""

    pack: Pack
    seed: str


def build_to(order: Order, path: Path, *, replace: bool = False, progress: Progress | None = None) -> Made:
    """Build a pack and write it to `path`.

    Raises:
        LabbenchError: there is something there already, an input cannot be read, or the pack cannot be written.
    """
    writing.check_place(path, replace=replace)
    seed = order.seed or random_seed()
    weights = store.resolve(order.weights, progress)
    plan = _plan(order.lab, Recipe(seed, _image(order.image, seed)), weights, order.name, order.disclosure)
    plan = dataclasses.replace(plan, profile=order.profile, teaching=order.teaching)
    return Made(_write(plan, path, replace=replace, progress=progress), seed)


def random_seed() -> str:
    """A seed that nobody guesses."""
    return secrets.token_hex(16)


def build_practice(lab: str, progress: Progress | None = None) -> Pack:
    """Build the practice pack of a lab in its place, from the cat and the synthetic weights."""
    weights = store.ensure_synthetic(progress)
    plan = _plan(lab, Recipe(PRACTICE, _cat()), weights, PRACTICE, Disclosure.FULL)
    return _write(plan, resources.practice_pack(plan.spec.folder), replace=True, progress=progress)


def read_named(lab: str, path: Path | None) -> Pack:
    """The pack at `path`, or the lab's practice pack.

    Raises:
        LabbenchError: as `reading.read`.
    """
    entries = catalogue.load()
    name = catalogue.name_of(entries, lab)
    return reading.read(path or resources.practice_pack(entries.labs[name].folder), name)


def verify_named(lab: str, path: Path | None, progress: Progress | None = None) -> list[Difference]:
    """Check a pack's integrity and derive its goldens again.

    Raises:
        LabbenchError: it is damaged, or its weights are not here.
    """
    pack = read_named(lab, path)
    weights = reading.weights_of(pack, progress)
    # Its cases are there: what they were made from does not matter.
    plan = _plan(pack.manifest.lab, Recipe("", _cat()), weights, pack.manifest.name, pack.manifest.disclosure)
    return verify.verify(pack, plan, progress)


def _plan(lab: str, recipe: Recipe, weights: store.Weights, name: str, disclosure: Disclosure) -> Plan:
    return Plan(*labs.find(lab), recipe, weights, name, disclosure)


def _write(plan: Plan, path: Path, *, replace: bool, progress: Progress | None) -> Pack:
    manifest, arrays = build(plan, progress)
    writing.write(path, manifest, arrays, replace=replace)
    return reading.read(path, plan.lab.name)


def _image(path: Path | None, seed: str) -> Array:
    """The picture that was named, or one of the bundled ones, chosen by the seed."""
    if path is not None:
        return _load(path)
    # In a grey picture swapped colours do not show.
    coloured = [a for n in sorted(pictures.names()) if _coloured(a := _load(pictures.picture(n).path))]
    number = int.from_bytes(hashlib.sha256(f"picture/{seed}".encode()).digest()[:8], "little")
    return coloured[number % len(coloured)]


def _coloured(image: Array) -> bool:
    return not np.array_equal(image[..., 0], image[..., 2])


def _cat() -> Array:
    return _load(pictures.picture(pictures.cat()).path)


def _load(path: Path) -> Array:
    return pictures.square(pictures.open_rgb(path))
