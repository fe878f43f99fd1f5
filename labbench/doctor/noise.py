"""How much times differ on this machine: the same work against itself, in two sessions, in turn (A/A)."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labbench.catalogue import Limits
from labbench.worker.remote import root
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.worker.session import Session

#: Pairs of calls, after one warm-up each.
PAIRS = 11
_PROBE = Path(__file__).parent / "probe"


@dataclass(frozen=True, slots=True)
class Noise:
    """What the pairs showed: the median ratio (1 in truth), and the largest deviation of a pair from 1."""

    median: float
    worst: float


def measure(isolation: Mapping[str, Any] | None = None) -> Noise:
    """Time the same work in two sessions, pair by pair; `isolation` weakens them, as for `Zygote`."""
    with (
        Workers(isolation) as workers,
        Workspace(_PROBE, {}) as workspace,
        workers.session(workspace.code, Limits()) as one,
        workers.session(workspace.code, Limits()) as other,
    ):
        _cpu(one), _cpu(other)
        ratios = [_cpu(one) / _cpu(other) for _ in range(PAIRS)]
    return Noise(statistics.median(ratios), max(abs(r - 1) for r in ratios))


def _cpu(session: Session) -> int:
    root(session).work.work()
    return session.ledger[-1].cpu_ns
