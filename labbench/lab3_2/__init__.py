"""Lab 3-2: VGG19 classification on the DLP, by `pycnml` (int8) or `pycnnl` (float32); the device is emulated."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from labbench.lab3_2 import calibration, cases, clients, scenarios, tables
from labbench.lab3_2.device import Device
from labbench.lab3_2.libraries import LIBRARIES
from labbench.lab3_2.mistakes import CNML, CNNL
from labbench.labs import Inference, Lab, Variant
from labbench.vgg import course, pictures
from labbench.worker.inside.compat.source import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_HERE = Path(__file__).parent
_IMPORTS = (ast.Import, ast.ImportFrom)
_IMPORTED = re.compile(rf"^[ \t]*(?:from|import)[ \t][^#\n]*?\b({'|'.join(LIBRARIES)})\b", re.MULTILINE)
#: How much of a hand-in's source is parsed here, in bytes: a tree may weigh a thousand times as much.
_MOST_PARSED = 1 << 17


def _files(weights: Path) -> Mapping[str, Path]:
    """The course's, and the bundled photographs with their classes, as `__main__` blocks expect: a list of pictures."""
    return {
        **course.files(weights),
        calibration.FILE_NAME: calibration.params_file(weights),
        "file_list": _HERE / "assets" / "file_list",
        **{picture.path.name: picture.path for picture in pictures.PICTURES},
    }


def _imported(source: bytes) -> list[str]:
    """Which of the two libraries a source file imports, in its order; a comment or docstring may name the other."""
    text, _ = decode(source)
    try:
        found = sorted((n for n in ast.walk(ast.parse(text)) if isinstance(n, _IMPORTS)), key=lambda n: n.lineno)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: nested too deeply
        return _IMPORTED.findall(text)  # the session says what is wrong with it
    lines = [[n.module or ""] if isinstance(n, ast.ImportFrom) else [name.name for name in n.names] for n in found]
    return [name for line in lines for name in line if name in LIBRARIES]


def _sources(package: Path) -> Iterator[bytes]:
    """The main file (empty if there is none), then the others in order, as far as they are parsed here."""
    main, left = package / "vgg19_demo.py", _MOST_PARSED
    for file in (main, *sorted(set(package.rglob("*.py")) - {main})):
        with file.open("rb") if file.is_file() else io.BytesIO() as source:
            piece = source.read(left)
        left -= len(piece)
        yield piece


def _uses(library: str) -> Callable[[Path], bool]:
    """Whether a hand-in uses the library: what its main file imports first counts; old versions may lie beside it."""

    def uses(package: Path) -> bool:
        sources = _sources(package)
        if own := _imported(next(sources)):
            return own[0] == library
        return any(library in _imported(source) for source in sources)

    return uses


def _reference(library: str) -> Path:
    return _HERE / "reference" / library / "stu_upload"


LAB = Lab(
    name="3-2",
    scenarios={"pycnml": scenarios.pycnml, "pycnnl": scenarios.pycnnl},
    cases=cases.cases,
    files=_files,
    reference=_reference("pycnml"),
    mistakes=CNML,
    tables=tables.of_score,
    job=Inference(
        scenario=scenarios.inference,
        case=cases.inference,
        picture=pictures.picture(pictures.cat()).path,
        forwards=cases.FORWARDS,
        device=Device,
        variables=("LD_LIBRARY_PATH", "NEUWARE_HOME", "MLU_VISIBLE_DEVICES"),
        processor="3-1",
        tables=tables.of_run,
        remarks=tables.remarks,
    ),
    service=Device,
    clients=clients.MODULES,
    variants={
        "pycnml": Variant(("pycnml",), _reference("pycnml"), CNML, _uses("pycnml")),
        "pycnnl": Variant(("pycnnl",), _reference("pycnnl"), CNNL, _uses("pycnnl")),
    },
)
