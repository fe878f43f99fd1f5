"""Every format by name, and what it is for; the modules are imported when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labbench.catalogue import LabSpec
    from labbench.report.view import Report
    from labbench.results import Gradebook
    from labbench.texts import Lang


@dataclass(frozen=True, slots=True)
class Format:
    """One way to report on a scorecard or a gradebook.

    Attributes:
        function: The function that makes it, like "module.function", in this package.
        file: What its file in a gradebook's folder is called; a scorecard's comes after the lab's name and a dot.
    """

    function: str
    file: str

    def of_scorecard(self, report: Report) -> bytes:
        """The scorecard in this format."""
        return self._found()(report)

    def of_gradebook(self, book: Gradebook, specs: Mapping[str, LabSpec], lang: Lang) -> bytes:
        """The gradebook in this format."""
        return self._found()(book, specs, lang)

    def _found(self) -> Callable[..., bytes]:
        module, _, name = self.function.partition(".")
        found: Callable[..., bytes] = getattr(import_module(f"labbench.report.{module}"), name)
        return found


#: What a scorecard can be written as. On a terminal the table is coloured, which is done elsewhere.
SCORECARD = {
    "table": Format("terminal.encode", "table.txt"),
    "json": Format("json.scorecard", "json"),
    "markdown": Format("markdown.encode", "markdown.md"),
    "html": Format("html.scorecard", "html"),
    "junit": Format("junit.encode", "junit.xml"),
    "gradescope": Format("gradescope.encode", "gradescope.json"),
    "github": Format("github.encode", "github.txt"),
    "autolab": Format("autolab.encode", "autolab.txt"),
    "prairielearn": Format("prairielearn.encode", "prairielearn.json"),
}

#: What a gradebook is written as; `gradebook.write` makes the folder with all of them and the students' pages.
GRADEBOOK = {
    "html": Format("html.gradebook", "index.html"),
    "csv": Format("sheets.ours", "gradebook.csv"),
    "json": Format("json.gradebook", "gradebook.json"),
    "moodle": Format("sheets.moodle", "moodle.csv"),
    "canvas": Format("sheets.canvas", "canvas.csv"),
}
