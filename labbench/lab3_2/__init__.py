"""Lab 3-2: VGG19 classification on the DLP, by `pycnml` (int8) or `pycnnl` (float32); the device is emulated."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from labbench.lab3_2 import calibration, cases, clients, scenarios, tables
from labbench.lab3_2.device import Device
from labbench.lab3_2.mistakes import CNML, CNNL
from labbench.labs import Inference, Lab, Variant
from labbench.vgg import course, pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HERE = Path(__file__).parent


def _files(weights: Path) -> Mapping[str, Path]:
    """The course's, and the bundled photographs with their classes, as `__main__` blocks expect: a list of pictures."""
    return {
        **course.files(weights),
        calibration.FILE_NAME: calibration.params_file(weights),
        "file_list": _HERE / "assets" / "file_list",
        **{picture.path.name: picture.path for picture in pictures.PICTURES},
    }


def _uses(library: str) -> Callable[[Path], bool]:
    """Whether a hand-in imports the library."""
    pattern = re.compile(rf"^[ \t]*(?:from|import)[ \t][^#\n]*\b{library}\b".encode(), re.MULTILINE)
    return lambda package: any(pattern.search(file.read_bytes()) for file in sorted(package.rglob("*.py")))


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
