"""What every command has at hand: the language, and consoles for results (stdout) and for remarks (stderr)."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import click

from labbench.cli.streams import leads_nowhere
from labbench.texts import Lang, Text, joined, keys, preferred_language, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from labbench.texts import Plain


@dataclass
class App:
    """The language may still change while options are parsed; nothing else does."""

    lang: Lang

    @classmethod
    def from_environment(cls, arguments: Sequence[str]) -> App:
        """In the language that `--lang` asks for anywhere on the line, so that `--help` speaks it too."""
        return cls(preferred_language(_asked(arguments)))

    @cached_property
    def console(self) -> Console:
        """For results."""
        from labbench.cli.console import made  # with rich, which `--help` does without

        return made(stderr=False)

    @cached_property
    def remarks(self) -> Console:
        """For progress and complaints."""
        from labbench.cli.console import made

        return made(stderr=True)

    def say(self, key: str, **values: Plain | Text) -> str:
        """A sentence in the user's language."""
        return say(key, self.lang, **values)

    def complain(self, sentence: str) -> None:
        """One line on stderr, whatever the names in it hold."""
        line = "".join(c if c.isprintable() else " " if c.isspace() else repr(c)[1:-1] for c in sentence)
        try:
            print(f"labbench: {line}", file=sys.stderr, flush=True)  # noqa: T201 - works without rich
        except OSError:
            leads_nowhere(sys.stderr)


def _asked(arguments: Sequence[str]) -> str | None:
    for i, argument in enumerate(arguments):
        if argument == "--lang" and i + 1 < len(arguments):
            return arguments[i + 1]
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return None


def say_usage(error: click.ClickException, lang: Lang) -> str:
    """A usage error of click's in the user's language, with where to look."""
    match error:
        case click.NoSuchOption():
            near = ", ".join(error.possibilities or ())
            key = "usage.no_option_near" if near else "usage.no_option"
            sentence = say(key, lang, option=error.option_name, near=near)
        case click.BadOptionUsage():
            sentence = say("usage.no_value", lang, name=error.option_name)
        case click.MissingParameter():
            sentence = say("usage.missing", lang, name=_parameter(error))
        case click.BadParameter():
            sentence = say("usage.bad_value", lang, name=_parameter(error), problem=error.message)
        case _:
            sentence = error.format_message()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "labbench"
    return joined(sentence, say("usage.help", lang, command=path))


def _parameter(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "?")
    return error.param.opts[0] if isinstance(error.param, click.Option) else str(error.param.name).upper()


@contextmanager
def status(app: App) -> Iterator[Callable[[str], None]]:
    """A line at the bottom of a terminal that says what is being done; silent elsewhere."""
    # On the console that lines are printed to meanwhile, so that they do not run into each other.
    console = app.console if app.console.is_terminal else app.remarks
    if not console.is_terminal:
        yield lambda _: None
        return
    from rich.text import Text as Styled

    with console.status("") as line:
        # Not markup: what is shown may hold a name from the hand-in.
        yield lambda said: line.update(Styled(said))


@contextmanager
def progress(app: App) -> Iterator[Callable[[str, float], None]]:
    """`status`, told of (text key, fraction)."""
    with status(app) as show:
        yield fractions(app, show)


def fractions(app: App, show: Callable[[str], None]) -> Callable[[str, float], None]:
    """Say in a status line how far something is: (text key, or a name; fraction)."""

    def tell(key: str, fraction: float) -> None:
        label = app.say(key) if key in keys() else key
        show(f"{label} {fraction:4.0%}")

    return tell


def clock(seconds: float) -> str:
    """A duration as 1:05, or 2:01:05."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def lines(values: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Aligned `name  value` lines."""
    width = max((len(name) for name, _ in values), default=0)
    for name, value in values:
        yield f"{name:<{width}}  {value}"
