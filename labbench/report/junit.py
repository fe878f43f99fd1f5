"""A scorecard as JUnit XML in pytest's dialect (xunit2), which CI systems show as test results. Pure.

A hand-in's fault is a failure, ours an error; what did not run or could not be decided is skipped, and so is a note
that does not hold, since it costs nothing. Score and tiers are properties of the suite: the schema has none for a case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from labbench.report import view
from labbench.report.escape import visible
from labbench.report.view import Outcome
from labbench.texts import say

if TYPE_CHECKING:
    from labbench.report.view import Group, Report
    from labbench.results import CheckResult

#: What XML 1.0 allows; `visible` has most of the rest written out already.
_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encode(report: Report) -> bytes:
    """One suite, one case for each result."""
    groups = (*report.all_groups, *report.groups(None))
    suite = ET.Element("testsuite", name=_xml(f"labbench {report.card.lab}"))
    _properties(suite, report)
    for group in groups:
        for member in group.members:
            _case(suite, report, group, member)
    _count(suite, report.card.seconds)
    root = ET.Element("testsuites", name="labbench")
    root.append(suite)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _properties(suite: ET.Element, report: Report) -> None:
    card = report.card
    values = {
        "score": card.score,
        "ceiling": card.ceiling,
        "top": report.top,
        "final": str(card.final).lower(),
        "profile": card.profile.value,
        "isolation": card.isolation.level.value,
        "pack": f"{card.pack.name} {card.pack.digest}",
        "handin": card.handin,
        **{f"tier{t.tier}": "reached" if t.reached else "not reached" for t in card.tiers},
        **card.environment,
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", name=_xml(name), value=_xml(str(value)))


def _case(suite: ET.Element, report: Report, group: Group, member: CheckResult) -> None:
    tier = "note" if group.tier is None else f"tier{group.tier}"
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_xml(f"labbench.{report.card.lab}.{tier}.{group.id}"),
        name=_xml(f"{group.title} {view.label(member)}".strip()),
        time=f"{member.seconds:.3f}",
    )
    word = say(f"verdict.{member.verdict.value}", report.lang)
    said = _xml(view.reason(member, report.lang) or word)
    outcome = view.outcome(member.verdict)
    if outcome is Outcome.PASSED:
        return
    if outcome is Outcome.SKIPPED or group.tier is None:
        # With the text a second time: GitLab shows no attributes.
        ET.SubElement(case, "skipped", type=f"labbench.{member.verdict.value}", message=said).text = said
    elif outcome is Outcome.OURS:
        ET.SubElement(case, "error", message=said, type=member.verdict.value).text = said
    else:
        ET.SubElement(case, "failure", message=said, type=member.verdict.value).text = said


def _count(suite: ET.Element, seconds: float) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for name, kind in (("errors", "error"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(kind) is not None for case in cases)))
    suite.set("time", f"{seconds:.3f}")


def _xml(words: str) -> str:
    return _ILLEGAL.sub(lambda found: f"#x{ord(found[0]):02X}", visible(words))
