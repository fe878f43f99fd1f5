"""The tables of lab 3-2: the handout's, and where the modelled time of the card goes."""

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
        return (Table(CLASSIFICATION, ((library, NOTHING, *classified),)),)
    modelled = _modelled(library, measured)
    card = CARDS[library]
    rows = (
        (f"{library}, emulated here 本机仿真: first call 首次", f"{took[0]:.4f} s", *classified),
        (f"mean of {len(took) - 1} more 其余平均", f"{np.mean(took[1:]):.4f} s" if len(took) > 1 else NOTHING, "", ""),
        (f"{card.name}, modelled 模型估计", f"{modelled.sum():.4f} s", "", ""),
    )
    return (Table(CLASSIFICATION, rows), _by_block(library, modelled))


def _modelled(library: str, measured: Measures) -> np.ndarray:
    names = ("operations", "parameter_bytes", "map_bytes")
    return seconds(CARDS[library], *(np.asarray(measured[name], dtype=np.float64) for name in names))


def _by_block(library: str, modelled: np.ndarray) -> Table:
    rows = [row for row in LAYERS if row.kind != "flatten" or library == "pycnml"]
    groups: dict[str, float] = {}
    for row, took in zip(rows, modelled, strict=False):
        groups[row.group] = groups.get(row.group, 0.0) + float(took)
    columns = tuple(Column(name, name) for name in groups)
    first = Column(f"{CARDS[library].name} 模型估计", f"{CARDS[library].name}, modelled")
    return Table((first, *columns), (("ms", *(f"{took * 1e3:.3f}" for took in groups.values())),))


def _classified(result: CheckResult | None) -> tuple[str, str]:
    if result is None or result.verdict is Verdict.SKIPPED or "class" not in result.figures:
        return NOTHING, NOTHING
    probability = result.figures.get("probability")
    return str(int(result.figures["class"])), NOTHING if probability is None else f"{probability:.4f}"
