"""How well a hand-in must be locked in before it is graded."""

from __future__ import annotations

from labbench.errors import ExitCode, LabbenchError
from labbench.results import Disclosure, Level, PackId
from labbench.worker.zygote import probe


def require(pack: PackId, level: Level | None, *, allow_weak: bool) -> None:
    """Refuse to go on under isolation that is weaker than asked for, or than hidden answers need.

    Args:
        pack: Hidden answers (disclosure `verdict`) need STRONG unless `allow_weak`.
        level: What the user requires in any case, if anything.
        allow_weak: Use hidden answers under LIMITED isolation all the same.

    Raises:
        LabbenchError: it is too weak; exit code 5.
    """
    hidden = pack.disclosure is Disclosure.VERDICT and not allow_weak
    if level is not Level.STRONG and not hidden:
        return
    found = probe()
    if found.level is Level.STRONG:
        return
    values = {"got": found.level.value, "missing": "; ".join(found.inactive)}
    if level is Level.STRONG:
        raise LabbenchError("policy.too_weak", exit_code=ExitCode.WEAK, expected=level.value, **values)
    raise LabbenchError("policy.hidden", exit_code=ExitCode.WEAK, pack=pack.name, **values)
