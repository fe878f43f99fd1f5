"""The folder that a gradebook is: its tables, its index, and the reports on each student. Pure, one file at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.report import formats, html, json, view

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from labbench.catalogue import LabSpec
    from labbench.labs import Table
    from labbench.results import Gradebook, Scorecard
    from labbench.texts import Lang

#: How the files with the reports on a student end, after the lab's name.
ENDINGS = frozenset(f".{form.file}" for form in formats.SCORECARD.values())


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
        forms: Formats of a scorecard that each student gets too, beside JSON and the page.
    """
    for form in formats.GRADEBOOK.values():
        yield form.file, form.of_gradebook(book, specs, lang)
    more = [formats.SCORECARD[form] for form in dict.fromkeys(forms) if form not in formats.GRADEBOOK]
    for row in book.rows:
        if row.card is not None:
            report = view.Report(row.card, specs[row.lab], tables(row.card), lang)
            yield f"{view.place(row)}.json", json.encode(row.card, specs[row.lab], lang)
            yield f"{view.place(row)}.html", html.scorecard(report, row.student, index="../../index.html")
            for form in more:
                yield f"{view.place(row)}.{form.file}", form.of_scorecard(report)
