"""Scorecards and gradebooks for tests of reports: right, wrong, undecided, ours, and hostile in every word."""

from __future__ import annotations

from labbench import catalogue
from labbench.labs import Column, Table
from labbench.report.view import Report
from labbench.results import (
    CheckResult,
    Disclosure,
    Duel,
    Gradebook,
    Isolation,
    Level,
    Likeness,
    PackId,
    Profile,
    Row,
    Scorecard,
    Student,
    Timing,
    Verdict,
    text,
)
from labbench.texts import Lang

SPECS = catalogue.load().labs
#: What no format may take for anything but words.
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "]]></failure><error/>&amp;&#0;",
    "::error::forged",
    "\n::error::forged %0A::set-output name=x::y",
    "##[add-mask]x ##[error]forged",
    '=HYPERLINK("http://evil","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\x1b[31mred\x1b]0;title\x07\x00",
    "\u202egnp.exe\u2066",
    "| a | b |\n|---|---|\n[x](javascript:alert(1)) ![i](http://evil/p.png) `code` **bold** @everyone",
    "{{ 7*7 }} {% raw %} {0.__class__} ${x}",
    "\ud800 half",
    "../../../etc/passwd",
)


def bare(*checks, **more):
    """A scorecard of lab 3-1 with these results alone."""
    given = {
        "lab": "3-1",
        "profile": Profile.QUICK,
        "handin": "0" * 64,
        "levels": (60, 80, 100),
        "isolation": Isolation(Level.LIMITED, ("process",)),
        "pack": PackId("practice", "1" * 64, Disclosure.FULL, "2" * 64),
    }
    return Scorecard(checks=checks, **{**given, **more})


def result(check, tier, verdict=Verdict.PASS, error=2e-7, why=None, seconds=0.01):
    figures = {} if verdict is Verdict.SKIPPED else {"error": error, "tolerance": 1e-4}
    return CheckResult(check, tier, verdict, figures, why, seconds)


def faster(check, ratio, required, verdict=Verdict.PASS):
    figures = {"ratio": ratio, "low": 0.8 * ratio, "high": 1.3 * ratio, "required": required, "restarts": 3.0,
               "pairs": 5.0, "baseline_seconds": 0.05, "candidate_seconds": 0.05 / ratio}  # fmt: skip
    said = {"ratio": f"{ratio:.3g}", "low": f"{0.8 * ratio:.3g}", "high": f"{1.3 * ratio:.3g}", "design": "3×5",
            "required": f"{required:g}"}  # fmt: skip
    why = {Verdict.WRONG: "duel.slow", Verdict.INCONCLUSIVE: "duel.unclear"}.get(verdict)
    return CheckResult(check, 100, verdict, figures, text(why, **said) if why else None)


def scorecard(verdicts=None, lab="3-3", ratio=30.0, hostile="", level=Level.STRONG, **more):
    """All observations of a lab's quick checks; a verdict other than PASS for those named "check" or "check.name"."""
    verdicts = verdicts or {}
    checks = []
    spec = SPECS[lab]
    for check in sorted(spec.checks, key=lambda c: c.tier or 1000):
        if spec.scenarios[check.scenario].profile is Profile.FULL:
            continue
        if hasattr(check, "required"):
            checks.append(faster(check.id, ratio, check.required, verdicts.get(check.id, Verdict.PASS)))
            continue
        for name in check.observe:
            full = f"{check.id}.{name}" if len(check.observe) > 1 else check.id
            verdict = verdicts.get(full, verdicts.get(check.id, Verdict.PASS))
            checks.append(result(full, check.tier, verdict, why=_why(verdict, hostile)))
    return Scorecard(
        lab=lab,
        profile=Profile.QUICK,
        handin="a1" * 32,
        checks=tuple(checks),
        levels=tuple(sorted(spec.tiers)),
        isolation=Isolation(level, ("landlock ABI 4", "seccomp"), () if level is Level.STRONG else ("no namespaces",)),
        pack=PackId("practice", "b2" * 32, Disclosure.FULL, "c3" * 32),
        timings=(Timing("conv1", 1.25, 0.5), Timing("fc", 0.0, 0.0)),
        duels=(Duel("conv_duel", "forward", ratio, 0.8 * ratio, 1.3 * ratio, 3, 5, 0.05, 0.05 / ratio),),
        measures={"loss": (1.0, 0.5)},
        notes=(text("note.quick"), text("note.missing", file=hostile or "layers_9.py")),
        environment={"labbench": "0.1.0", "python": "3.11"},
        seconds=12.5,
        **more,
    )


def _why(verdict, hostile):
    if verdict is Verdict.PASS:
        return None
    if verdict is Verdict.SKIPPED:
        return text("check.skipped", en="conv (output)", zh="卷积 (output)")
    if verdict is Verdict.INTERNAL:
        return text("duel.broken")
    if verdict is Verdict.ERROR:
        return text("fault.exception", type="ValueError", file=hostile or "layers_1.py", line=7,
                    message=hostile or "bad shape", code=hostile or "y = x @ w")  # fmt: skip
    return text("check.wrong", error="0.5", tolerance="0.0001")


def table(words="1.0e-07"):
    return Table((Column("实验内容", "content"), Column("结果", "result")), (("conv1", words), ("two\nlines", "x")))


def report(card, lang=Lang.EN, words="1.0e-07"):
    return Report(card, SPECS[card.lab], (table(words),), lang)


RIGHT = scorecard()
#: 60: style loss wrong, the rest of tier 80 goes on.
WRONG = scorecard({"style.loss": Verdict.WRONG, "style.diff": Verdict.SKIPPED, "adam": Verdict.SHAPE})
NOTHING = scorecard({"conv.output": Verdict.ERROR, "pool": Verdict.NOT_IMPLEMENTED})
#: 80, or 100 if the machine had been quieter.
UNCLEAR = scorecard({"speedup_conv": Verdict.INCONCLUSIVE})
#: 60, or 100 if we had not failed.
OURS = scorecard({"style": Verdict.INTERNAL})
NOTED = scorecard({"resized": Verdict.WRONG})
CARDS = {"right": RIGHT, "wrong": WRONG, "nothing": NOTHING, "unclear": UNCLEAR, "ours": OURS, "noted": NOTED}


def hostile(words):
    return scorecard({"conv.output": Verdict.ERROR}, hostile=words)


def gradebook(labs=("3-3",)):
    """One of each kind, and every hostile word as a student and in their hand-in."""
    rows = []
    for i, card in enumerate(CARDS.values()):
        who = Student(f"s{i}", f"张 {i}", f"s{i}@example.org", {"SIS Login ID": f"login{i}", "ID number": f"2024{i}"})
        rows += [Row(who, lab, f"s{i}.zip", card, others=("old.zip",) if i == 0 else ()) for lab in labs]
    rows += [Row(Student("late", "Li, Lei"), lab, "") for lab in labs]
    rows += [Row(Student("torn", "Torn"), lab, "torn.zip", why=text("handin.empty", path="torn.zip")) for lab in labs]
    lost = text("fault.zygote_lost")
    rows += [Row(Student("lost", "Lost"), lab, "lost.zip", why=lost, blameless=True) for lab in labs]
    for words in HOSTILE:
        who = Student(words, words, words, {"SIS User ID": words})
        rows += [Row(who, lab, words, hostile(words), others=(words,)) for lab in labs]
    alike = (Likeness(labs[0], "s0", "s1", 0.973), Likeness(labs[0], HOSTILE[0], "unknown.zip", 0.91))
    return Gradebook(labs, tuple(rows), alike, "2026-03-01T08:00:00+08:00", 754.0)
