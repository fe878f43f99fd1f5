"""`labbench dist`: all that a platform's autograder needs in one archive, labbench itself included.

The archive holds the package as it is installed here (with its catalogue, templates and practice packs), so that the
platform grades with the very version that was tried here; from PyPI come only its dependencies. An exam pack
travels in the archive: whoever has the archive has the answers.
"""

from __future__ import annotations

import io
import re
import zipfile
from importlib.metadata import distribution, requires
from typing import TYPE_CHECKING

import jinja2

from labbench import resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labbench.results import Profile

#: The same bytes each time: what an archive says is when its members were made.
_WHEN = (2020, 1, 1, 0, 0, 0)
_SKIPPED = {"__pycache__", ".DS_Store"}


def gradescope(lab: str, profile: Profile, pack: Path | None, lang: str, *, allow_weak: bool) -> bytes:
    """The archive that Gradescope takes as an autograder: `setup.sh` and `run_autograder` at its root.

    Args:
        lab: The lab to grade.
        profile: quick or full.
        pack: The golden pack to grade against; the practice pack if None.
        lang: The language students are told results in.
        allow_weak: Use hidden answers although the platform's machine may lock hand-ins in less well.
    """
    values = {"lab": lab, "profile": profile.value, "pack": pack is not None, "lang": lang, "allow_weak": allow_weak}
    scripts = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.PACKAGE / "platforms" / "gradescope"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - shell scripts of our own; the values are checked names
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("setup.sh", "run_autograder"):
            _add(archive, name, scripts.get_template(name).render(values).encode(), executable=True)
        _add(archive, "requirements.txt", "".join(f"{r}\n" for r in requirements()).encode())
        for name, content in _metadata():
            _add(archive, name, content)
        for name, path in (*_package(), *(_files(pack, "pack") if pack is not None else ())):
            _add(archive, name, path.read_bytes())
    return buffer.getvalue()


def requirements() -> list[str]:
    """What labbench needs at run time, as its metadata says."""
    return [found for found in requires("labbench") or [] if not re.search(r";.*\bextra\b", found)]


def _metadata() -> Iterator[tuple[str, bytes]]:
    """What Python finds the labs by, where labbench is on the path and not installed."""
    ours = distribution("labbench")
    for name in ("METADATA", "entry_points.txt"):
        yield f"labbench-{ours.version}.dist-info/{name}", (ours.read_text(name) or "").encode()


def _package() -> Iterator[tuple[str, Path]]:
    """The package, with the data that a wheel carries inside it."""
    for name, path in _files(resources.PACKAGE, "labbench"):
        if not name.startswith("labbench/_data/"):
            yield name, path
    data = resources.data_root()
    yield "labbench/_data/labs.yaml", data / "labs.yaml"
    for folder in ("reference_data", "student_templates"):
        yield from _files(data / folder, f"labbench/_data/{folder}")


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _SKIPPED & set(path.parts):
            yield f"{name}/{path.relative_to(folder).as_posix()}", path


def _add(archive: zipfile.ZipFile, name: str, content: bytes, *, executable: bool = False) -> None:
    member = zipfile.ZipInfo(name, _WHEN)
    member.external_attr = (0o100755 if executable else 0o100644) << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, content)
