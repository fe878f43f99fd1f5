"""Where labs.yaml, the golden packs and the templates lie, in a checkout and in an installed wheel."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def data_root() -> Path:
    """The folder that holds labs.yaml, reference_data/ and student_templates/.

    A wheel carries them inside the package; in a checkout (and an editable install) they lie beside it.
    """
    bundled = PACKAGE / "_data"
    return bundled if bundled.is_dir() else PACKAGE.parent


def catalogue_file() -> Path:
    """The catalogue of labs that come with labbench."""
    return data_root() / "labs.yaml"


def practice_pack(folder: str) -> Path:
    """The golden pack that is shipped for a lab; its answers are public."""
    return data_root() / "reference_data" / folder


def template(folder: str) -> Path:
    """The TODO stubs and handouts of a lab."""
    return data_root() / "student_templates" / folder


def cache_dir() -> Path:
    """Where built weights are kept: `LABBENCH_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("LABBENCH_CACHE")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111 - Path.expanduser fails on an unknown ~user
    from platformdirs import user_cache_path  # not needed by `labbench --help`

    return user_cache_path("labbench")
