"""From a file to a catalogue, and what types cannot say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from labbench import complaints, inputs, resources
from labbench.catalogue import yamlfile
from labbench.catalogue.entries import Catalogue, SpeedupCheck, spellings
from labbench.errors import LabbenchError, reason, suggestion
from labbench.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labbench.catalogue.entries import Check, LabSpec
    from labbench.catalogue.yamlfile import Yaml
    from labbench.texts import Text

    #: A place below a lab, and what is wrong there.
    Finding = tuple[tuple[str, ...], Text]

_MOST_BYTES = 1 << 20


def load(path: Path | None = None) -> Catalogue:
    """Read and validate a catalogue file; the one that comes with labbench by default.

    Raises:
        LabbenchError: the file is missing, is not YAML, or says something that is not allowed.
    """
    file = path or resources.catalogue_file()
    try:
        raw = inputs.content(file, _MOST_BYTES)
        content = raw.decode("utf-8-sig")
    except OSError as error:
        raise LabbenchError("catalogue.unreadable", file=str(file), reason=reason(error)) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = text("problem.not_utf8")
        raise LabbenchError("catalogue.not_yaml", file=str(file), line=line, reason=problem) from error
    parsed = yamlfile.parse(content, file)
    catalogue = _convert(parsed)
    for name, lab in catalogue.labs.items():
        for place, problem in _findings(lab):
            raise parsed.invalid(("labs", name, *place), problem)
    return catalogue


def _convert(parsed: Yaml) -> Catalogue:
    try:
        return msgspec.convert(parsed.data, Catalogue)
    except msgspec.ValidationError as error:
        raise parsed.invalid(*complaints.explain(error, Catalogue, parsed.data)) from error


def _findings(lab: LabSpec) -> Iterator[Finding]:
    """What types cannot say: names that must be known, checks that could not fail, tiers without one."""
    if lab.main not in (known := [spellings(file)[0] for file in lab.files]):
        yield ("main",), _one_of(lab.main, known)
    seen: set[str] = set()
    for i, check in enumerate(lab.checks):
        for key, problem in _of_check(lab, check):
            yield ("checks", str(i), key), problem
        if check.id in seen:
            yield ("checks", str(i), "id"), text("problem.twice", name=check.id)
        seen.add(check.id)
    for tier in lab.tiers:
        if tier not in {check.tier for check in lab.checks}:
            yield ("tiers", str(tier)), text("catalogue.empty_tier")


def _of_check(lab: LabSpec, check: Check) -> Iterator[tuple[str, Text]]:
    if check.tier is not None and check.tier not in lab.tiers:
        yield "tier", text("problem.value", got=check.tier, known=", ".join(map(str, lab.tiers)))
    if check.scenario not in lab.scenarios:
        yield "scenario", _one_of(check.scenario, list(lab.scenarios))
        return
    if isinstance(check, SpeedupCheck) and check.case is not None:
        yield "case", text("catalogue.own_cases")
    scenario = lab.scenarios[check.scenario]
    for name in check.observe:
        if name in (*scenario.lead, *scenario.measured):
            yield "observe", text("catalogue.not_judged", name=name, scenario=check.scenario)
        elif scenario.golden is not None and name not in scenario.golden:
            yield "observe", _one_of(name, scenario.golden)


def _one_of(got: str, known: Sequence[str]) -> Text:
    return text("problem.value", got=got, known=suggestion(got, known))
