"""Which weights there are: the synthetic VGG19, built on first use, and the ones a user imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from labbench.errors import ExitCode, LabbenchError
from labbench.vgg import matfile, matwrite, store, synthetic
from labbench.vgg.matwrite import Tensor
from labbench.vgg.table import WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from labbench.vgg.matfile import MatNet
    from labbench.vgg.store import Progress
    from labbench.vgg.table import Layer

Source = Literal["synthetic", "imported"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A weights file that students' code can read as it stands.

    Attributes:
        path: The file: MATLAB 5, uncompressed, MatConvNet's old layout.
        digest: SHA-256 of the file, in hexadecimal.
        source: Whether labbench made it or a user brought it.
    """

    path: Path
    digest: str
    source: Source


def ensure_synthetic(progress: Progress | None = None) -> Weights:
    """The synthetic weights, built when the cache lacks them or holds something else in their place.

    Raises:
        LabbenchError: the cache cannot be written, or this machine generates other numbers.
    """
    path = store.file_for("synthetic", synthetic.DIGEST)
    if _cached_digest(path) != synthetic.DIGEST:
        with store.locked():
            if _cached_digest(path) != synthetic.DIGEST:  # else another process was faster
                _build_synthetic(progress)
    return Weights(path, synthetic.DIGEST, "synthetic")


def import_file(source: Path, progress: Progress | None = None) -> Weights:
    """Check a MatConvNet file of VGG19, in either layout, and rewrite it into the cache.

    The same weights give the same digest, whichever layout and compression they came in.

    Raises:
        LabbenchError: the file holds something else (`matfile.open_weights`), a value is not finite, or the
            cache cannot be written.
    """
    net = matfile.open_weights(source)
    _check_finite(source, net)
    mean = np.round(net.mean, 4).tolist()  # the layouts store it with different precision
    parts = matwrite.pieces({row.name: _as_stored(net, row) for row in WEIGHTED}, mean)
    with store.locked():
        chunks = matwrite.stream(parts)
        path, digest = store.write("imported", chunks, matwrite.size(parts), progress, "weights_progress_import")
    return Weights(path, digest, "imported")


def imported() -> Weights | None:
    """The weights imported last, if any.

    Raises:
        LabbenchError: they were changed since.
    """
    files = sorted(store.folder().glob("imported-*.mat"), key=lambda path: path.stat().st_mtime_ns)
    return _checked_import(files[-1]) if files else None


def available() -> list[Weights]:
    """The weights that lie in the cache, without building any: the imported ones first.

    Raises:
        LabbenchError: as `imported`.
    """
    there = [imported()]
    if _cached_digest(store.file_for("synthetic", synthetic.DIGEST)) == synthetic.DIGEST:
        there.append(ensure_synthetic())
    return [w for w in there if w is not None]


def by_digest(digest: str, progress: Progress | None = None) -> Weights | None:
    """The weights of that digest: the synthetic ones (built when needed), imported ones, or None.

    Raises:
        LabbenchError: as `ensure_synthetic` and `imported`.
    """
    if digest == synthetic.DIGEST:
        return ensure_synthetic(progress)
    path = store.file_for("imported", digest)
    found = _checked_import(path) if path.is_file() else None
    return found if found is not None and found.digest == digest else None


def preferred(progress: Progress | None = None) -> Weights:
    """The imported weights when there are some, else the synthetic ones.

    Raises:
        LabbenchError: as `ensure_synthetic` and `imported`.
    """
    return imported() or ensure_synthetic(progress)


def resolve(path: Path | None, progress: Progress | None = None) -> Weights:
    """The weights that a user names, used in place if students' code can read them so, else imported; or the preferred.

    Raises:
        LabbenchError: as `import_file` and `preferred`.
    """
    if path is None:
        return preferred(progress)
    if not matfile.open_weights(path).in_place:
        return import_file(path, progress)
    digest = store.digest_of(path)
    return Weights(path.absolute(), digest, "synthetic" if digest == synthetic.DIGEST else "imported")


def _build_synthetic(progress: Progress | None) -> None:
    found = synthetic.constants()

    def stored(row: Layer) -> tuple[Tensor, NDArray[np.float32]]:
        return Tensor(row.mat_shape, lambda: synthetic.weight_blocks(row, found)), found.bias(row)

    parts = matwrite.pieces({row.name: stored(row) for row in WEIGHTED}, synthetic.MEAN)
    chunks = matwrite.stream(parts)
    path, digest = store.write("synthetic", chunks, matwrite.size(parts), progress, "weights_progress_build")
    if digest != synthetic.DIGEST:
        path.unlink()
        raise LabbenchError(
            "weights_digest", exit_code=ExitCode.INTERNAL, got=digest[:12], expected=synthetic.DIGEST[:12]
        )


def _cached_digest(path: Path) -> str | None:
    try:
        return store.known_digest(path)
    except OSError:  # unreadable: build it anew, which says what is wrong with the cache
        return None


def _checked_import(path: Path) -> Weights:
    digest = _cached_digest(path)
    if digest is None or store.file_for("imported", digest) != path:
        raise LabbenchError("weights_changed", path=str(path))
    return Weights(path, digest, "imported")


def _check_finite(source: Path, net: MatNet) -> None:
    for name, (weight, bias) in net.tensors.items():
        # the sum of finite float32 values stays finite in float64, and takes no second array
        if not np.isfinite(weight.sum(dtype=np.float64) + bias.sum(dtype=np.float64)):
            raise LabbenchError("mat_not_finite", path=str(source), layer=name)


def _as_stored(net: MatNet, row: Layer) -> tuple[Tensor, NDArray[np.float32]]:
    weight, bias = net.tensors[row.name]

    def blocks() -> Iterator[NDArray[np.float32]]:
        yield np.ascontiguousarray(weight.T).reshape(-1)

    return Tensor(row.mat_shape, blocks), bias
