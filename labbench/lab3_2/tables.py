"""The tables of lab 3-2: the handout's, in seconds of this machine, and the modelled time of the card, by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_2.roofline import CARDS, seconds
from labbench.lab3_2.structure import NAMES
from labbench.labs import Column, Table
from labbench.results import Verdict, text
from labbench.vgg.table import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labbench.labs import Timed
    from labbench.results import CheckResult, Scorecard, Text

    Measures = Mapping[str, Sequence[float]]

_HANDOUT = (
    Column("", ""),
    Column("图像分类耗时", "time of a forward pass"),
    Column("图像分类结果", "class"),
    Column("图像分类概率", "probability"),
)
CLASSIFICATION = (*_HANDOUT, Column("首次 / 其余平均（本机仿真）", "first / mean of the others, emulated here"))
ON_CARD = (*_HANDOUT, Column("首次 / 其余平均（板卡实测）", "first / mean of the others, on the card"))
_SPEED_UP = Column("DLP 加速比", "speed-up of the DLP")
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
    handout = Table(CLASSIFICATION, (_row(library, took, classified),))
    return (handout, _by_block(library, _modelled(library, measured)))


def of_run(run: Timed) -> tuple[Table, ...]:
    """The tables of `labbench run`: the handout's, where the card's time goes by layer and block, DLP against CPU."""
    number, probability = run.best
    classified = (str(number), f"{probability:.4f}")
    if not run.work:
        card = Column("DLP（板卡实测）", "DLP, measured")
        handout = Table(ON_CARD, (_row(run.library, run.forwards, classified),))
        return (handout, _comparison(run, card, float(np.median(run.forwards))))
    handout, by_block = of_measures(run.library, {"forward_seconds": run.forwards, **run.work}, classified)
    comparison = _comparison(run, _modelled_card(run.library), float(_modelled(run.library, run.work).sum()))
    return (handout, _by_layer(run.library, run.work), by_block, comparison)


def remarks(run: Timed) -> tuple[Text, ...]:
    """That the emulation's time is no card's, that the card's is a model, and what that leaves out."""
    if not run.work:
        return (text("dlp.measured"),)
    card = CARDS[run.library]
    return (
        text("dlp.emulated"),
        text(
            "dlp.modelled",
            card=card.name,
            operations=f"{card.operations / 1e12:g}",
            precision=card.precision,
            bandwidth=f"{card.bandwidth / 1e9:g}",
            launch=f"{card.launch * 1e6:g}",
        ),
    )


def _row(library: str, took: Sequence[float], classified: tuple[str, str]) -> tuple[str, ...]:
    later = f"{np.mean(took[1:]):.4f}" if len(took) > 1 else NOTHING
    return (library, f"{np.median(took):.4f}", *classified, f"{took[0]:.4f} / {later}")


def _comparison(run: Timed, card: Column, took: float) -> Table:
    """What lab 3-2 asks students to make: the processor against the DLP."""
    columns = [card, Column("CPU（实验 3-1 参考实现）", "CPU, lab 3-1's reference"), _SPEED_UP]
    cells = [f"{took:.4f} s", f"{run.reference:.3f} s", f"{run.reference / took:,.1f}×"]
    if run.own is not None:
        columns += [Column("CPU（你的实验 3-1）", "CPU, your lab 3-1"), _SPEED_UP]
        cells += [f"{run.own:.3f} s", f"{run.own / took:,.1f}×"]
    return Table(tuple(columns), (tuple(cells),))


def _modelled_card(library: str) -> Column:
    return Column(f"{CARDS[library].name}（模型估计）", f"{CARDS[library].name}, modelled")


def _modelled(library: str, measured: Measures) -> np.ndarray:
    names = ("operations", "parameter_bytes", "map_bytes")
    return seconds(CARDS[library], *(np.asarray(measured[name], dtype=np.float64) for name in names))


def _by_layer(library: str, measured: Measures) -> Table:
    """What the model counts of each layer, so that the longer of its two times can be seen; the last row sums up."""
    modelled = _modelled(library, measured)
    names = NAMES[library] if len(modelled) == len(NAMES[library]) else [str(i) for i in range(len(modelled))]
    card = CARDS[library]
    operations = np.asarray(measured["operations"])
    moved = np.asarray(measured["parameter_bytes"]) + np.asarray(measured["map_bytes"])
    milliseconds = [1e3 * operations / card.operations, 1e3 * moved / card.bandwidth, 1e3 * modelled]
    figures = np.stack([operations / 1e9, moved / 1e6, *milliseconds], axis=1)
    rows = [*zip(names, figures, strict=True), ("Σ", figures.sum(axis=0))]
    columns = (
        _modelled_card(library),
        Column("运算 10⁹", "10⁹ operations"),
        Column("访存 MB", "data MB"),
        Column("运算 ms", "arithmetic ms"),
        Column("访存 ms", "traffic ms"),
        Column("该层 ms", "layer ms"),
    )
    return Table(columns, tuple((name, *(f"{number:.3f}" for number in row)) for name, row in rows))


def _by_block(library: str, modelled: np.ndarray) -> Table:
    rows = [row for row in LAYERS if row.name in NAMES[library]]
    groups: dict[str, float] = {}
    # Another net than VGG19 has no blocks of those names.
    for row, took in zip(rows, modelled, strict=True) if len(rows) == len(modelled) else ():
        groups[row.group] = groups.get(row.group, 0.0) + float(took)
    card = CARDS[library]
    columns = (
        _modelled_card(library),
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
