"""The form of `manifest.json`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from labbench import complaints
from labbench.catalogue import Line  # noqa: TC001 - msgspec reads the annotations
from labbench.results import Disclosure, Plain  # noqa: TC001 - msgspec reads the annotations

#: Raised whenever a pack of before can no longer be read.
FORMAT = 1
MANIFEST = "manifest.json"

#: A name that becomes part of a path in the workspace of a session.
Name = Annotated[str, msgspec.Meta(pattern=complaints.NAME, max_length=100)]
#: SHA-256, in hexadecimal.
Digest = Annotated[str, msgspec.Meta(pattern=complaints.DIGEST)]


class CaseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case: its plain values, and the files of its arrays, by name."""

    scenario: str
    name: Name
    params: dict[str, Plain]
    arrays: dict[str, str]
    images: dict[Name, str]
    alternatives: dict[str, dict[Name, str]]


class GoldenEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the reference observed on one case, in order; each observation with one file per right answer."""

    scenario: str
    case: str
    observations: dict[str, Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]]


class MistakeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a known mistake first differs, and with which values (None: it gives none)."""

    mistake: str
    scenario: str
    case: str
    observation: str
    verdict: str
    file: str | None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole manifest."""

    format: int
    name: Line
    lab: Line
    disclosure: Disclosure
    seed_commitment: str
    weights: Digest
    weights_source: Line
    image: str
    versions: dict[Line, Line]
    cases: tuple[CaseEntry, ...]
    goldens: tuple[GoldenEntry, ...]
    mistakes: tuple[MistakeEntry, ...]
    files: dict[str, Digest]
