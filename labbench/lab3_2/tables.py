"""The tables of lab 3-2: the handout's, in seconds of this machine, and the modelled time of the card, by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_2.roofline import CARDS, seconds
from labbench.labs import Column, Table
from labbench.results import Verdict
from labbench.vgg.table import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labbench.results import CheckResult, Scorecard

    Measures = Mapping[str, Sequence[float]]

CLASSIFICATION = (
    Column("", ""),
    Column("图像分类耗时", "time of a forward pass"),
    Column("图像分类结果", "class"),
    Column("图像分类概率", "probability"),
    Column("首次 / 其余平均（本机仿真）", "first / mean of the others, emulated here"),
)
#: What stands where there is nothing to show.
NOTHING = "–"


def of_score(card: Scorecard) -> tuple[Table, ...]:
    """The tables of a scorecard."""
    result = next((c for c in card.checks if c.check.startswith("class_")), None)
    return of_measures(card.variant, card.measures, _classified(result))


def of_measures(library: str, measured: Measures, classified: tuple[str, str]) -> tuple[Table, ...]:
    """The handout's table, and the modelled time by block.

    Args:
        library: Which of the two computed.
        measured: What a scenario measured, by name.
        classified: Class and probability as shown.
    """
    took = measured.get("forward_seconds", ())
    if not took:
        return (Table(CLASSIFICATION, ((library, NOTHING, *classified, NOTHING),)),)
    later = f"{np.mean(took[1:]):.4f}" if len(took) > 1 else NOTHING
    row = (library, f"{np.median(took):.4f}", *classified, f"{took[0]:.4f} / {later}")
    return (Table(CLASSIFICATION, (row,)), _by_block(library, _modelled(library, measured)))


def _modelled(library: str, measured: Measures) -> np.ndarray:
    names = ("operations", "parameter_bytes", "map_bytes")
    return seconds(CARDS[library], *(np.asarray(measured[name], dtype=np.float64) for name in names))


def _by_block(library: str, modelled: np.ndarray) -> Table:
    rows = [row for row in LAYERS if row.kind != "flatten" or library == "pycnml"]
    groups: dict[str, float] = {}
    for row, took in zip(rows, modelled, strict=False):
        groups[row.group] = groups.get(row.group, 0.0) + float(took)
    card = CARDS[library]
    columns = (
        Column(f"{card.name}（模型估计）", f"{card.name}, modelled"),
        *(Column(name, name) for name in groups),
        Column("合计", "total"),
    )
    shown = [f"{took * 1e3:.3f}" for took in (*groups.values(), modelled.sum())]
    return Table(columns, ((f"{card.precision}, ms", *shown),))


def _classified(result: CheckResult | None) -> tuple[str, str]:
    if result is None or result.verdict is Verdict.SKIPPED or "class" not in result.figures:
        return NOTHING, NOTHING
    probability = result.figures.get("probability")
    return str(int(result.figures["class"])), NOTHING if probability is None else f"{probability:.4f}"
