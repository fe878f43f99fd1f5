"""A scorecard as one JSON object, and back; a gradebook as one.

`checks` holds what counts; `notes` what only teaches: checks without a tier, and remarks (which have no verdict).
Every entry has its text as key and values (`why`) and as a sentence in the chosen language (`message`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from labbench.report import view
from labbench.report.escape import visible
from labbench.results import CheckResult, Scorecard, Text
from labbench.texts import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labbench.catalogue import LabSpec
    from labbench.results import Gradebook, Row
    from labbench.texts import Lang

#: Raised whenever a reader of before would misread the object.
VERSION = 1


def to_dict(card: Scorecard, spec: LabSpec, lang: Lang) -> dict[str, Any]:
    """The object that `--format json` prints."""
    data = {"version": VERSION, **msgspec.to_builtins(card)}
    titles = {c.id: c.title[lang] for c in spec.checks}
    entries = [_entry(c, titles, lang) for c in card.checks]
    remarks = [{"id": t.key, "verdict": None, "message": render(t, lang), "why": _why(t)} for t in card.notes]
    return {
        **data,
        "title": spec.title[lang],
        "score": card.score,
        "ceiling": card.ceiling,
        "final": card.final,
        "tiers": [
            {
                "tier": t.tier,
                "title": spec.tiers[t.tier][lang],
                "reached": t.reached,
                "reachable": t.reachable,
            }
            for t in card.tiers
        ],
        "checks": [e for e in entries if e["tier"] is not None],
        "notes": [e for e in entries if e["tier"] is None] + remarks,
    }


def encode(card: Scorecard, spec: LabSpec, lang: Lang) -> bytes:
    """`to_dict` as indented UTF-8 with a final newline."""
    return written(to_dict(card, spec, lang))


def gradebook(book: Gradebook, specs: Mapping[str, LabSpec], lang: Lang) -> bytes:
    """A gradebook as one object: who got what and where the scorecards lie, which it does not repeat."""
    return written({
        "version": VERSION,
        "started": book.started,
        "seconds": book.seconds,
        "labs": [{"lab": lab, "title": specs[lab].title[lang], "top": max(specs[lab].tiers)} for lab in book.labs],
        "rows": [_row(row, lang) for row in book.rows],
        "alike": msgspec.to_builtins(book.alike),
    })  # fmt: skip


def _row(row: Row, lang: Lang) -> dict[str, Any]:
    card = row.card
    return {
        "student": msgspec.to_builtins(row.student),
        "lab": row.lab,
        "state": view.state(row),
        "grade": row.grade,
        "score": card.score if card is not None else None,
        "ceiling": card.ceiling if card is not None else None,
        "handin": row.handin,
        "digest": card.handin if card is not None else None,
        "others": list(row.others),
        "message": render(row.why, lang) if row.why is not None else None,
        "why": _why(row.why) if row.why is not None else None,
        "scorecard": f"{view.place(row)}.json" if card is not None else None,
    }


def written(data: dict[str, Any]) -> bytes:
    """Any object of ours, as indented UTF-8 with a final newline, whatever strangers' words are in it."""
    try:
        content = msgspec.json.encode(data)
    except UnicodeEncodeError:
        # A file name that is not UTF-8 comes with halves of pairs, which no JSON may hold.
        content = msgspec.json.encode(_whole(msgspec.to_builtins(data)))
    # Anywhere in a line of its log, GitHub takes this for a command.
    return msgspec.json.format(content.replace(b"##[", b"#\\u0023["), indent=2) + b"\n"


def _whole(value: Any) -> Any:
    match value:
        case str():
            return visible(value)
        case dict():
            return {_whole(k): _whole(v) for k, v in value.items()}
        case list() | tuple():
            return [_whole(v) for v in value]
    return value


def scorecard(report: view.Report) -> bytes:
    """`encode` of a report."""
    return encode(report.card, report.spec, report.lang)


def decode(content: bytes) -> Scorecard:
    """The scorecard that `encode` was given.

    Raises:
        msgspec.ValidationError: it is none.
    """
    data = msgspec.json.decode(content)
    notes = data["notes"]
    merged = {
        **data,
        "checks": data["checks"] + [n for n in notes if n["verdict"] is not None],
        "notes": [n["why"] for n in notes if n["verdict"] is None],
    }
    for check in merged["checks"]:
        check["check"] = check["id"]
        check["figures"] = {k: float("nan") if v is None else v for k, v in check["figures"].items()}
    return msgspec.convert(merged, Scorecard)


def _entry(result: CheckResult, titles: Mapping[str, str], lang: Lang) -> dict[str, Any]:
    return {
        "id": result.check,
        "title": titles[result.check.partition(".")[0]],
        "tier": result.tier,
        "verdict": result.verdict.value,
        "figures": dict(result.figures),
        "message": render(result.why, lang) if result.why is not None else None,
        "why": _why(result.why) if result.why is not None else None,
        "seconds": round(result.seconds, 6),
    }


def _why(why: Text) -> dict[str, Any]:
    whole: dict[str, Any] = msgspec.to_builtins(why)
    return whole


def schema(kind: str) -> bytes:
    """The JSON Schema of a "scorecard" or a "gradebook", of this version."""
    return (Path(__file__).resolve().parent / "schemas" / f"{kind}-{VERSION}.json").read_bytes()
