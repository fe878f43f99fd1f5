"""The folder that a gradebook is: its tables, its index, and the reports on each student. Pure, one file at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.report import formats, html, json, sheets, view

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from labbench.catalogue import LabSpec
    from labbench.labs import Table
    from labbench.results import Gradebook, Scorecard
    from labbench.texts import Lang

#: How the files with the reports on a student end, after the lab's name.
ENDINGS = frozenset({".json", ".html"} | {f".{form}{kind.ending}" for form, kind in formats.SCORECARD.items()})


def write(
    book: Gradebook,
    specs: Mapping[str, LabSpec],
    tables: Callable[[Scorecard], tuple[Table, ...]],
    lang: Lang,
    forms: Collection[str] = (),
) -> Iterator[tuple[str, bytes]]:
    """The relative paths and contents of the whole folder.

    Args:
        book: What was graded.
        specs: The catalogue's entries of its labs.
        tables: A lab's own tables of a scorecard.
        lang: The language of all words.
        forms: Formats of a scorecard that each student gets too, beside JSON and the page: students/ID/LAB.FORM.ENDING.
    """
    more = {form: formats.SCORECARD[form] for form in forms if form not in formats.GRADEBOOK}
    yield "index.html", html.gradebook(book, specs, lang)
    yield "gradebook.csv", sheets.ours(book, specs, lang)
    yield "gradebook.json", json.gradebook(book, specs, lang)
    yield "moodle.csv", sheets.moodle(book, specs, lang)
    yield "canvas.csv", sheets.canvas(book, specs, lang)
    for row in book.rows:
        if row.card is not None:
            report = view.Report(row.card, specs[row.lab], tables(row.card), lang)
            yield f"{view.place(row)}.json", json.encode(row.card, specs[row.lab], lang)
            yield f"{view.place(row)}.html", html.scorecard(report, row.student, index="../../index.html")
            for form, kind in more.items():
                yield f"{view.place(row)}.{form}{kind.ending}", kind.of_scorecard(report)
