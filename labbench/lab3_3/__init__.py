"""Lab 3-3: style transfer in NumPy, with backward passes written by hand and a speed-up to earn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labbench.lab3_3 import cases, scenarios, tables, transfer
from labbench.lab3_3.mistakes import MISTAKES
from labbench.labs import Lab, Transfer
from labbench.vgg import course, pictures

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What stands in for the course's two pictures.
CONTENT, STYLE = (pictures.picture(name).path for name in ("chelsea", "coffee"))


def _files(weights: Path) -> Mapping[str, Path]:
    return {**course.files(weights), "weinisi.jpg": CONTENT, "style.jpg": STYLE}


LAB = Lab(
    name="3-3",
    scenarios={
        "conv": scenarios.conv,
        "pool": scenarios.pool,
        "content": scenarios.content,
        "style": scenarios.style,
        "adam": transfer.adam,
        "transfer": transfer.transfer,
        "conv_duel": scenarios.conv_duel,
        "pool_duel": scenarios.pool_duel,
        "course_conv": scenarios.course_conv,
        "course_pool": scenarios.course_pool,
        "course_transfer": transfer.transfer,
    },
    cases=cases.cases,
    files=_files,
    reference=Path(__file__).parent / "reference" / "stu_upload",
    mistakes=MISTAKES,
    tables=tables.of_score,
    job=Transfer(
        scenario=transfer.painting,
        case=cases.painting,
        content=CONTENT,
        style=STYLE,
        steps=40,
        passes=5.0,
    ),
    draws={"conv_duel": cases.conv_draw, "pool_duel": cases.pool_draw},
)
