"""Known mistakes for tests: whether a scorecard names one."""

from __future__ import annotations

from labbench.catalogue import CloseCheck
from labbench.checks import result_id


def named(task, card, mistake):
    """Whether a scorecard names a mistake where it first gives a wrong value; True if it gives none anywhere."""
    entry = next((m for m in task.pack.manifest.mistakes if m.mistake == mistake.name), None)
    if entry is None or entry.file is None or entry.verdict != "wrong":
        return True
    asking = [c for c in task.spec.checks_of(entry.scenario, entry.case) if entry.observation in c.observe]
    why = {r.check: r.why for r in card.checks}
    said = [why[result_id(c, entry.observation)] for c in asking if isinstance(c, CloseCheck) and c.tier is not None]
    return bool(said) and all((w.key, w.values["zh"]) == ("check.known", mistake.title["zh"]) for w in said)
