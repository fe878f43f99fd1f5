"""Re-deriving a pack: does the reference of today still give its goldens?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labbench.checks.closeness import relative_error
from labbench.packs.build import derive
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from labbench.packs.build import Plan
    from labbench.packs.reading import Pack
    from labbench.vgg.store import Progress


@dataclass(frozen=True, slots=True)
class Difference:
    """One golden and how far (relative, l2) the derived value lies from it; infinite if it is not there."""

    name: str
    error: float
    allowed: float

    @property
    def off(self) -> bool:
        """Whether it lies too far."""
        return not self.error <= self.allowed


def verify(pack: Pack, plan: Plan, progress: Progress | None = None) -> list[Difference]:
    """Observe the reference on the pack's own cases; every golden with its difference, the worst first."""
    with Workers() as workers:
        derived = derive(plan, pack.cases, workers, progress)
    found = []
    for (scenario, case), goldens in pack.goldens.items():
        answers = derived.get((scenario, case), {})
        for observation, stored in goldens.items():
            fresh = answers.get(observation, ())
            pairs = list(zip(fresh, stored * len(fresh) if len(stored) == 1 else stored, strict=False))
            same = len(pairs) >= len(stored) and all(a.shape == b.shape for a, b in pairs)
            error = max(relative_error(a, b, "l2") for a, b in pairs) if same else float("inf")
            allowed = plan.spec.scenarios[scenario].again
            found.append(Difference(f"{scenario}/{case}/{observation}", error, allowed))
    return sorted(found, key=lambda d: -d.error / d.allowed)
