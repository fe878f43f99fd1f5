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
        media: Its media type.
        ending: How its files end.
    """

    function: str
    media: str
    ending: str

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
    "table": Format("terminal.encode", "text/plain", ".txt"),
    "json": Format("json.scorecard", "application/json", ".json"),
    "markdown": Format("markdown.encode", "text/markdown", ".md"),
    "html": Format("html.scorecard", "text/html", ".html"),
    "junit": Format("junit.encode", "application/xml", ".xml"),
    "gradescope": Format("gradescope.encode", "application/json", ".json"),
    "github": Format("github.encode", "text/plain", ".txt"),
    "autolab": Format("autolab.encode", "text/plain", ".txt"),
    "prairielearn": Format("prairielearn.encode", "application/json", ".json"),
}

#: What a gradebook can be written as; `gradebook.write` makes the folder with all of them and the students' pages.
GRADEBOOK = {
    "html": Format("html.gradebook", "text/html", ".html"),
    "csv": Format("sheets.ours", "text/csv", ".csv"),
    "json": Format("json.gradebook", "application/json", ".json"),
    "moodle": Format("sheets.moodle", "text/csv", ".csv"),
    "canvas": Format("sheets.canvas", "text/csv", ".csv"),
}
