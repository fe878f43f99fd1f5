"""Reading a pack: every file checked against the manifest before it is believed."""

from __future__ import annotations

import hashlib
import io
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from labbench.errors import LabbenchError
from labbench.labs import Case
from labbench.packs.manifest import FORMAT, MANIFEST, Manifest
from labbench.results import PackId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.packs.manifest import CaseEntry
    from labbench.results import Array

    #: Right answers by observation, in the order of observation.
    Goldens = Mapping[str, tuple[Array, ...]]


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack in memory.

    Attributes:
        path: Where it lies.
        identity: What a scorecard says of it.
        manifest: As read.
        cases: By scenario.
        goldens: By (scenario, case).
    """

    path: Path
    identity: PackId
    manifest: Manifest
    cases: Mapping[str, tuple[Case, ...]]
    goldens: Mapping[tuple[str, str], Goldens]


def read(path: Path, lab: str | None = None) -> Pack:
    """Read and check a pack.

    Args:
        path: Its folder.
        lab: The lab it must belong to, if given.

    Raises:
        LabbenchError: there is none, or a file is missing, changed, or of another format or lab.
    """
    manifest, digest = _manifest(path)
    if lab is not None and manifest.lab != lab:
        raise LabbenchError("pack.other_lab", path=str(path), got=manifest.lab, expected=lab)
    arrays = {name: _array(path, name, expected) for name, expected in manifest.files.items()}
    try:
        cases: dict[str, tuple[Case, ...]] = {}
        for entry in manifest.cases:
            cases[entry.scenario] = (*cases.get(entry.scenario, ()), _case(entry, arrays))
        goldens = {
            (g.scenario, g.case): {n: tuple(arrays[f] for f in files) for n, files in g.observations.items()}
            for g in manifest.goldens
        }
    except KeyError as error:
        raise LabbenchError("pack.not_listed", path=str(path), file=str(error.args[0])) from error
    identity = PackId(manifest.name, digest, manifest.disclosure, manifest.weights)
    return Pack(path, identity, manifest, cases, goldens)


def _manifest(path: Path) -> tuple[Manifest, str]:
    file = path / MANIFEST
    try:
        content = file.read_bytes()
    except OSError as error:
        key = "pack.no_pack" if isinstance(error, FileNotFoundError | NotADirectoryError) else "pack.unreadable"
        raise LabbenchError(key, path=str(path), reason=error.strerror or str(error)) from error
    try:
        version = msgspec.json.decode(content, type=dict[str, object]).get("format")
        if version != FORMAT:
            raise LabbenchError("pack.format", path=str(path), got=str(version), expected=FORMAT)
        return msgspec.json.decode(content, type=Manifest), hashlib.sha256(content).hexdigest()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LabbenchError("pack.bad_manifest", file=str(file), reason=str(error)) from error


def _array(path: Path, name: str, expected: str) -> Array:
    """One array, from bytes that have the digest the manifest pins."""
    file = path / name
    if Path(name).is_absolute() or ".." in Path(name).parts or "\0" in name:
        raise LabbenchError("pack.bad_manifest", file=str(path / MANIFEST), reason=f"file name {name!r}")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise LabbenchError("pack.missing", file=str(file), reason=error.strerror or str(error)) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise LabbenchError("pack.changed", file=str(file))
    try:
        array: Array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, MemoryError, SyntaxError, tokenize.TokenError) as error:
        raise LabbenchError("pack.changed", file=str(file)) from error
    array.setflags(write=False)
    return array


def _case(entry: CaseEntry, arrays: Mapping[str, Array]) -> Case:
    def load(names: Mapping[str, str]) -> dict[str, Array]:
        return {name: arrays[file] for name, file in names.items()}

    return Case(
        entry.name,
        params=entry.params,
        arrays=load(entry.arrays),
        images=load(entry.images),
        alternatives={name: load(files) for name, files in entry.alternatives.items()},
    )
