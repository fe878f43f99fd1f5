"""`labbench grade FOLDER --lab LAB … --out GRADEBOOK`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from labbench.cli.app import clock, fractions, status
from labbench.cli.base import PATH, option
from labbench.cli.base import command as define
from labbench.cli.strictness import STRICTNESS
from labbench.errors import ExitCode, LabbenchError
from labbench.report.formats import GRADEBOOK, SCORECARD
from labbench.report.view import state
from labbench.results import Level, Profile
from labbench.texts import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from labbench.cli.app import App
    from labbench.gradebook.executors import Executor
    from labbench.gradebook.job import Event
    from labbench.gradebook.reading import Only
    from labbench.gradebook.running import Tally, Watcher
    from labbench.results import Gradebook
    from labbench.texts import Plain

#: Every format of a scorecard or a gradebook.
FORMS = tuple(dict.fromkeys((*GRADEBOOK, *SCORECARD)))
#: Minutes that one hand-in may take for one lab unless told otherwise, by profile.
_MINUTES = {Profile.QUICK: 15, Profile.FULL: 120}


@define(
    "grade",
    "help.grade",
    [
        click.argument("folder", type=PATH),
        option("--lab", "labs", required=True, multiple=True, help_key="help.grade_lab"),
        option("--out", required=True, type=PATH, help_key="help.grade_out"),
        option("--quick/--full", "quick", default=True, help_key="help.quick"),
        option("--format", "forms", multiple=True, type=click.Choice(FORMS), help_key="help.grade_format"),
        option("--pack", "packs", multiple=True, type=PATH, help_key="help.grade_pack"),
        option("--roster", type=PATH, help_key="help.roster"),
        option("--executor", "place", default="local", metavar="local|dask://HOST:PORT", help_key="help.executor"),
        option("--jobs", type=click.IntRange(1, 256), metavar="N", help_key="help.jobs"),
        option("--resume/--restart", "resume", default=True, help_key="help.resume"),
        option("--only", multiple=True, metavar="failed|changed|ID", help_key="help.only"),
        option("--limit-minutes", type=click.IntRange(1, 1440), metavar="M", help_key="help.limit_minutes"),
        *STRICTNESS,
    ],
)
def command(
    app: App,
    folder: Path,
    labs: tuple[str, ...],
    out: Path,
    forms: tuple[str, ...],
    packs: tuple[Path, ...],
    roster: Path | None,
    place: str,
    jobs: int | None,
    only: tuple[str, ...],
    limit_minutes: int | None,
    required: str | None,
    *,
    quick: bool,
    resume: bool,
    allow_weak: bool,
) -> int:
    """Grade a class."""
    from labbench import catalogue, resources
    from labbench.gradebook import discovery, output, reading, rosters, running
    from labbench.gradebook.journal import Journal
    from labbench.gradebook.packs import Packs
    from labbench.policy import require
    from labbench.worker.zygote import probe

    profile = Profile.QUICK if quick else Profile.FULL
    entries = catalogue.load()
    specs = {name: entries.labs[name] for name in dict.fromkeys(catalogue.name_of(entries, lab) for lab in labs)}
    roll = rosters.Roll(discovery.find(folder))
    if roster is not None:
        roll = rosters.merged(rosters.read(roster), roll.found)
    chosen = _only(only, [one.student.id for one in roll.found])
    output.prepare(out, folder)
    with (
        Journal(out / output.JOURNAL, restart=not resume) as journal,
        Packs(tuple(specs), profile, packs, journal) as goldens,
    ):
        for identity in goldens.identities.values():
            require(identity, Level(required) if required else None, allow_weak=allow_weak)
        task = reading.Class(
            folder=folder,
            found=roll.found,
            missing=roll.missing,
            unclear=roll.unclear,
            specs=specs,
            profile=profile,
            level=probe().level,
            seconds=60.0 * (limit_minutes or _MINUTES[profile]),
            templates={name: resources.template(spec.folder) for name, spec in specs.items()},
            only=chosen,
        )
        with _executor(place, jobs) as executor, status(app) as show:
            book = running.grade(task, journal, goldens, executor, _watcher(app, show))
        # While the journal is open: no other run may write, and the rows are read from it.
        output.write(book, specs, out, app.lang, forms)
        return _summary(app, book, out)


def _executor(place: str, jobs: int | None) -> Executor:
    from labbench.gradebook import cluster
    from labbench.gradebook.executors import Local, default_jobs

    if place == "local":
        return Local(jobs or default_jobs())
    if place.startswith(cluster.SCHEME):
        return cluster.Cluster(place, jobs)
    raise LabbenchError("grade.no_executor", got=place)


def _only(words: Sequence[str], known: Sequence[str]) -> Only | None:
    from labbench.errors import suggestion
    from labbench.gradebook.reading import Only

    if not words:
        return None
    students = frozenset(words) - {"failed", "changed"}
    for unknown in sorted(students - set(known)):
        near = ", ".join(suggestion(unknown, known).split(", ")[:3])
        raise LabbenchError("grade.no_student", student=unknown, near=near)
    return Only("failed" in words, "changed" in words, students)


def _watcher(app: App, show: Callable[[str], None]) -> Watcher:
    """A line at the bottom of a terminal; one quiet line for each hand-in elsewhere."""
    from labbench.gradebook.running import Watcher

    def tell(tally: Tally, student: str, event: Event | None) -> None:
        left = "" if tally.seconds_left is None else clock(tally.seconds_left)
        said = app.say(
            "grade.progress",
            done=tally.done,
            total=tally.total,
            running=tally.running,
            failing=tally.failing,
            undecided=tally.undecided,
            left=left or "…",
        )
        show(said)
        if event is not None and not app.remarks.is_terminal:
            failed = render(event.why, app.lang) if event.why is not None else ""
            result = str(event.card.score) if event.card is not None else failed
            app.remarks.print(f"{tally.done}/{tally.total} {student}: {result}", soft_wrap=True)

    return Watcher(tell, fractions(app, show))


def _summary(app: App, book: Gradebook, out: Path) -> int:
    # One walk: each row's scorecard is read for it.
    seen = Counter((state(row), bool(row.handin)) for row in book.rows)
    states = Counter(name for name, _ in seen.elements())
    undecided, unclear = states["undecided"] + states["failed"], seen["undecided", False]

    def told(key: str, **values: Plain) -> None:
        app.console.print(app.say(key, **values), soft_wrap=True)

    told(
        "grade.summary",
        graded=len(book.rows) - undecided,
        rows=len(book.rows),
        missing=states["missing"],
        unreadable=states["unread"],
        path=str(out / "index.html"),
    )
    if undecided > unclear:
        told("grade.undecided", undecided=states["undecided"] - unclear, ours=states["failed"], out=str(out))
    if unclear:
        told("grade.unclear", unclear=unclear, out=str(out))
    return ExitCode.NOT_FINAL if undecided else ExitCode.DONE
