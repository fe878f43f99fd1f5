"""The three tables that the handout of lab 3-3 prints, from a scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.labs import Column, Table
from labbench.results import Verdict

if TYPE_CHECKING:
    from labbench.results import CheckResult, Duel, Scorecard

LAYERS = (
    Column("", ""),
    Column("前向传播时间", "forward time"),
    Column("反向传播时间", "backward time"),
    Column("卷积层损失值", "convolution, error forward / backward"),
    Column("池化层损失值", "pooling, error forward / backward"),
)
LOSSES = (
    Column("内容损失值(前向/反向)", "content loss, error forward / backward"),
    Column("风格损失值(前向/反向)", "style loss, error forward / backward"),
)
SPEEDUPS = (
    Column("", ""),
    Column("前向传播加速比", "forward speed-up"),
    Column("反向传播加速比", "backward speed-up"),
    Column("前向+反向", "both"),
)
#: What stands where there is nothing to show.
NOTHING = "–"
#: And where something went wrong before there was a figure.
FAILED = "✗"


def of_score(card: Scorecard) -> tuple[Table, ...]:
    """The handout's tables of a scorecard."""
    results = {c.check: c for c in card.checks}
    return (_layers(results), _losses(results), _speedups(card))


def _layers(results: dict[str, CheckResult]) -> Table:
    conv, pool = _errors(results, "conv", "output", "bottom_diff"), _errors(results, "pool", "output", "bottom_diff")
    return Table(
        LAYERS,
        (
            ("conv", *_seconds(results, "conv"), conv, NOTHING),
            ("pool", *_seconds(results, "pool"), NOTHING, pool),
        ),
    )


def _losses(results: dict[str, CheckResult]) -> Table:
    return Table(LOSSES, (tuple(_errors(results, loss, "loss", "diff") for loss in ("content", "style")),))


def _speedups(card: Scorecard) -> Table:
    """Against our loops, with interval and times; below, for information, against the hand-in's own loops."""
    found = {(d.scenario, d.observation): d for d in card.duels}
    rows = []
    for layer in ("conv", "pool"):
        duels = [found.get((f"{layer}_duel", o)) for o in ("forward", "backward", "forward+backward")]
        rows.append((layer, *map(_ratio, duels)))
        rows.append((f"{layer}  type 0 : 1", *map(_own_ratio, duels)))
    return Table(SPEEDUPS, tuple(rows))


def _ratio(duel: Duel | None) -> str:
    if duel is None:
        return NOTHING
    times = f"{duel.baseline_seconds * 1e3:.3g} : {duel.candidate_seconds * 1e3:.3g} ms"
    return f"{duel.ratio:.3g}× [{duel.low:.3g}, {duel.high:.3g}]\n{times}"


def _own_ratio(duel: Duel | None) -> str:
    return NOTHING if duel is None or duel.own_ratio is None else f"{duel.own_ratio:.3g}×"


def _seconds(results: dict[str, CheckResult], check: str) -> tuple[str, str]:
    forward, backward = (results.get(f"{check}.{name}") for name in ("output", "bottom_diff"))
    return _time(forward), _time(backward)


def _time(result: CheckResult | None) -> str:
    return f"{result.seconds:.4f} s" if result is not None and result.seconds else NOTHING


def _errors(results: dict[str, CheckResult], check: str, forward: str, backward: str) -> str:
    """The relative errors in percent, and below them the course's own measure, MSE × 100."""
    pair = [results.get(f"{check}.{name}") for name in (forward, backward)]
    ours, course = (
        " / ".join(_percent(r, figure, form) for r in pair) for figure, form in (("error", ".6%"), ("mse", ".2e"))
    )
    return f"{ours}\nMSE: {course}" if any(r is not None and "mse" in r.figures for r in pair) else ours


def _percent(result: CheckResult | None, figure: str, form: str) -> str:
    if result is None or result.verdict is Verdict.SKIPPED:
        return NOTHING
    return format(result.figures[figure], form) if figure in result.figures else FAILED
