"""Reading a pack: every file checked against the manifest before it is believed."""

from __future__ import annotations

import hashlib
import io
import re
import tokenize
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from labbench import complaints, inputs
from labbench.errors import LabbenchError, reason
from labbench.labs import Case
from labbench.packs.manifest import FORMAT, MANIFEST, Manifest
from labbench.results import PackId, text
from labbench.vgg import weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.packs.manifest import CaseEntry
    from labbench.results import Array, Text
    from labbench.vgg.store import Progress
    from labbench.vgg.weights import Weights

    #: Right answers by observation, in the order of observation.
    Goldens = Mapping[str, tuple[Array, ...]]


#: More than any pack needs, and no machine's whole memory.
_MANIFEST_BYTES, _ARRAY_BYTES = 16 << 20, 512 << 20


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack in memory.

    Attributes:
        path: Where it lies.
        identity: What a scorecard says of it.
        manifest: As read.
        cases: By scenario.
        goldens: By (scenario, case).
        mistakes: What known mistakes give where they first differ, by their names, by (scenario, case, observation).
    """

    path: Path
    identity: PackId
    manifest: Manifest
    cases: Mapping[str, tuple[Case, ...]]
    goldens: Mapping[tuple[str, str], Goldens]
    mistakes: Mapping[tuple[str, str, str], Mapping[str, Array]]


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
        mistakes: dict[tuple[str, str, str], dict[str, Array]] = {}
        for m in manifest.mistakes:
            if m.file is not None:
                mistakes.setdefault((m.scenario, m.case, m.observation), {})[m.mistake] = arrays[m.file]
        _check_goldens(path, manifest, arrays)
        _check_pictures(path, manifest, arrays)
    except KeyError as error:
        raise LabbenchError("pack.not_listed", path=str(path), file=str(error.args[0])) from error
    identity = PackId(manifest.name, digest, manifest.disclosure, manifest.weights)
    return Pack(path, identity, manifest, cases, goldens, mistakes)


def weights_of(pack: Pack, progress: Progress | None = None) -> Weights:
    """The weights that a pack was built with.

    Raises:
        LabbenchError: they are not here.
    """
    found = weights.by_digest(pack.manifest.weights, progress)
    if found is None:
        raise LabbenchError("pack.no_weights", path=str(pack.path), digest=pack.manifest.weights[:12])
    return found


def _check_goldens(path: Path, manifest: Manifest, arrays: Mapping[str, Array]) -> None:
    """Each case and each golden stands once, and a hand-in can give the golden: nothing is near NaN."""
    for kind, pairs in {
        "cases": [(c.scenario, c.name) for c in manifest.cases],
        "goldens": [(g.scenario, g.case) for g in manifest.goldens],
    }.items():
        repeated = next((pair for pair, count in Counter(pairs).items() if count > 1), None)
        if repeated is not None:
            raise _damaged(path, text("problem.twice", name="/".join(repeated)), kind)
    for file in (f for g in manifest.goldens for files in g.observations.values() for f in files):
        if not np.isfinite(arrays[file]).all():
            raise LabbenchError("pack.not_finite", file=str(path / file))


def _check_pictures(path: Path, manifest: Manifest, arrays: Mapping[str, Array]) -> None:
    for case in manifest.cases:
        for file in (f for images in (case.images, *case.alternatives.values()) for f in images.values()):
            picture = arrays[file]
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
                got = f"{picture.dtype} {picture.shape}"
                raise LabbenchError("pack.no_picture", file=str(path / file), got=got)


def _manifest(path: Path) -> tuple[Manifest, str]:
    file = path / MANIFEST
    try:
        content = inputs.content(file, _MANIFEST_BYTES)
    except OSError as error:
        key = "pack.no_pack" if isinstance(error, FileNotFoundError | NotADirectoryError) else "pack.unreadable"
        raise LabbenchError(key, path=str(path), reason=reason(error)) from error
    data = _object(path, content)
    version = data.get("format")
    if version != FORMAT:
        raise LabbenchError("pack.format", path=str(path), got=repr(version)[:40], expected=FORMAT)
    try:
        return msgspec.convert(data, Manifest), hashlib.sha256(content).hexdigest()
    except msgspec.ValidationError as error:
        place, problem = complaints.explain(error, Manifest, data)
        raise _damaged(path, problem, ".".join(place) or "manifest") from error


def _object(path: Path, content: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(content, type=dict[str, object])
    except msgspec.ValidationError as error:
        raise _damaged(path, complaints.explain(error, dict[str, object], None)[1]) from error
    except msgspec.DecodeError as error:
        at = re.search(r"\(byte (\d+)\)", str(error))
        raise _damaged(path, text("problem.json", byte=at[1] if at else len(content))) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, text("problem.not_utf8")) from error
    except RecursionError as error:
        raise _damaged(path, text("problem.deep")) from error


def _damaged(path: Path, problem: Text | str, where: str = "manifest") -> LabbenchError:
    return LabbenchError("pack.bad_manifest", file=str(path / MANIFEST), where=where, reason=problem)


def _array(path: Path, name: str, expected: str) -> Array:
    """One array, from bytes that have the digest the manifest pins."""
    file = path / name
    if not Path(name).parts or Path(name).is_absolute() or ".." in Path(name).parts or not name.isprintable():
        raise _damaged(path, text("problem.file_name", name=repr(name)), "files")
    try:
        content = inputs.content(file, _ARRAY_BYTES)
    except OSError as error:
        raise LabbenchError("pack.missing", file=str(file), reason=reason(error)) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise LabbenchError("pack.changed", file=str(file))
    try:
        array: Array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, MemoryError, SyntaxError, tokenize.TokenError) as error:
        raise LabbenchError("pack.changed", file=str(file)) from error
    if array.dtype.kind not in "fiub":
        raise LabbenchError("pack.no_numbers", file=str(file), got=str(array.dtype)[:40])
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
