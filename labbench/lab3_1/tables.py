"""The table that the handout of lab 3-1 prints, from a scorecard or from a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.labs import Column, Table
from labbench.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.results import CheckResult, Scorecard

COLUMNS = (
    Column("前向传播输出矩阵", "forward output, relative error"),
    Column("Pool5层输出结果", "pool5 output, relative error"),
    Column("图像分类结果", "class"),
    Column("图像分类概率", "probability"),
)
#: What stands where there is nothing to show.
NOTHING = "–"
#: And where something went wrong before there was a figure.
FAILED = "✗"


def of_score(card: Scorecard) -> tuple[Table, ...]:
    """The handout's table of a scorecard: the full walk's figures where there are some, else quick's."""
    results = {c.check: c for c in card.checks}
    classified = results.get("full_class") or results.get("class")
    forward = " · ".join(f"{name} {_percent(results.get(name))}" for name in ("conv", "pool"))
    pool5 = _percent(results.get("full_pool5") or results.get("trunk.pool5"))
    # Quick's classifier is judged on an input of its own; a footnote says so.
    star = "" if "full_class" in results else " *"
    return (Table(COLUMNS, ((forward, pool5, *_classification(classified, star)),)),)


def of_run(errors: Mapping[str, float | None], class_id: int, probability: float) -> Table:
    """The handout's table of a run, from the relative errors by layer."""
    known = [e for name, e in errors.items() if e is not None and name.startswith(("conv", "pool"))]
    forward = f"{max(known):.6%}" if known else NOTHING
    pool5 = errors.get("pool5")
    row = (forward, NOTHING if pool5 is None else f"{pool5:.6%}", str(class_id), f"{probability:.4f}")
    return Table(COLUMNS, (row,))


def _percent(result: CheckResult | None) -> str:
    """The relative error in percent, or the verdict where there is none."""
    if result is None or result.verdict is Verdict.SKIPPED:
        return NOTHING
    return f"{result.figures['error']:.6%}" if "error" in result.figures else FAILED


def _classification(result: CheckResult | None, star: str) -> tuple[str, str]:
    if result is None or result.verdict is Verdict.SKIPPED:
        return NOTHING, NOTHING
    if "class" not in result.figures:
        return FAILED, FAILED
    probability = result.figures.get("probability")
    shown = NOTHING if probability is None else f"{probability:.4f}{star}"
    return f"{int(result.figures['class'])}{star}", shown
