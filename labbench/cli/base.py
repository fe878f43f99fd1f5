"""click with texts by key: help in the user's language, commands imported when they are needed."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labbench.cli.app import App
from labbench.errors import ExitCode, LabbenchError, suggestion
from labbench.texts import Lang, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Commands by name, in the order of the help, and the module that has them as `command`.
COMMANDS = {
    "list": "labbench.cli.list_labs",
    "show": "labbench.cli.show",
    "init": "labbench.cli.init",
    "run": "labbench.cli.run_job",
    "score": "labbench.cli.score",
    "grade": "labbench.cli.grade",
    "schema": "labbench.cli.schema",
    "dist": "labbench.cli.dist",
    "weights": "labbench.cli.weights",
    "goldens": "labbench.cli.goldens",
    "doctor": "labbench.cli.doctor",
    "redteam": "labbench.cli.redteam",
}


def _language(context: click.Context) -> Lang:
    app = context.find_object(App)
    return app.lang if app is not None else Lang.EN


class Named(click.Path):
    """A path that names something: an empty one, as of a variable that is not set, is not the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Click's, unless it is empty or holds a NUL."""
        if isinstance(value, str) and (not value or "\0" in value):
            self.fail(say("usage.no_path", _language(ctx) if ctx else Lang.EN, got=repr(value)), param, ctx)
        return super().convert(value, param, ctx)


#: The type of all paths.
PATH = Named()


class Option(click.Option):
    """An option whose help is a text key."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Click's, with the help in the user's language."""
        lang = _language(ctx)
        key, self.help = self.help, say(self.help, lang) if self.help else None
        try:
            record = super().get_help_record(ctx)
        finally:
            self.help = key
        return record and (record[0], record[1].replace("[required]", f"[{say('cli.required', lang)}]"))

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Click's, with the refusal in the user's language."""
        try:
            return super().type_cast_value(ctx, value)
        except click.BadParameter as error:
            if isinstance(self.type, Named):
                raise  # says what was expected
            got = ", ".join(value) if self.multiple else str(value)
            said = say("usage.got", _language(ctx), got=got, expected=_expected(self.type))
            raise click.BadParameter(said, ctx, self) from error


def _expected(kind: click.ParamType[Any]) -> str:
    match kind:
        case click.Choice():
            return ", ".join(map(str, kind.choices))
        case click.IntRange():
            return f"{kind.min}–{kind.max}"
    return kind.name.replace("|", ", ")


class _Spoken(click.Command):
    """A command whose help is a text key."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first line of the help."""
        context = click.get_current_context(silent=True)
        lang = _language(context) if context is not None else Lang.EN
        return say(self.help, lang).split("\n")[0][:limit] if self.help else ""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Click's, with the help in the user's language."""
        key, self.help = self.help, say(self.help, _language(ctx)) if self.help else None
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = key

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage line."""
        lang = _language(ctx)
        self.options_metavar = say("cli.options_metavar", lang)
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, say("cli.usage", lang) + " ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options; the arguments stand in the usage line."""
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        records = [r for p in options if (r := p.get_help_record(ctx)) is not None]
        with formatter.section(say("cli.options", _language(ctx))):
            formatter.write_dl(records)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """`--help`, described in the user's language."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = say("help.help", _language(ctx))
            option.callback = _show_help
        return option


class Command(_Spoken):
    """One command."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's, with the refusal of what is too much in the user's language."""
        try:
            super().parse_args(ctx, args)
        except click.BadOptionUsage as error:
            error.ctx = error.ctx or ctx  # an option without its value comes without
            raise
        if ctx.args:
            raise click.UsageError(say("usage.extra", _language(ctx), extra=" ".join(ctx.args)), ctx)
        return ctx.args


class Group(_Spoken, click.Group):
    """A group of commands, which may be imported when asked for."""

    def __init__(self, *args: Any, lazy: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imported only now."""
        if cmd_name in self._lazy:
            command: click.Command = import_module(self._lazy[cmd_name]).command
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command with the nearest known ones."""
        if self.get_command(ctx, args[0]) is None:
            known = suggestion(args[0], self.list_commands(ctx))
            raise LabbenchError("usage.no_command", command=args[0], known=known)
        return super().resolve_command(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage line."""
        self.subcommand_metavar = say("cli.command_metavar", _language(ctx))
        _Spoken.format_usage(self, ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, then the commands."""
        _Spoken.format_options(self, ctx, formatter)
        rows = [(n, c.get_short_help_str(90)) for n in self.list_commands(ctx) if (c := self.get_command(ctx, n))]
        with formatter.section(say("cli.commands", _language(ctx))):
            formatter.write_dl(rows)


def _set_language(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    app = context.find_object(App)
    if value is not None and app is not None:
        app.lang = Lang(value)


def lang_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--lang zh|en`, accepted before and after the command's name."""
    return click.option(
        "--lang", cls=Option, type=click.Choice([lang.value for lang in Lang]), expose_value=False,
        is_eager=True, callback=_set_language, help="help.lang",
    )(function)  # fmt: skip


def group(name: str, help_key: str, lazy: dict[str, str] | None = None) -> Group:
    """A group of commands with `--lang`; without a command it shows its help."""

    @click.group(name, cls=Group, lazy=lazy, help=help_key, invoke_without_command=True)
    @lang_option
    @click.pass_context
    def alone(context: click.Context) -> None:
        if context.invoked_subcommand is None:
            print(context.get_help(), file=sys.stderr)  # noqa: T201
            context.exit(ExitCode.USAGE)

    return alone


def command(name: str, help_key: str, params: Sequence[Any] = ()) -> Callable[[Callable[..., Any]], Command]:
    """A command with its options, `--lang` among them, and the App as its function's first argument."""

    def decorate(function: Callable[..., Any]) -> Command:
        wrapped = click.make_pass_decorator(App)(function)
        for parameter in reversed([*params, lang_option]):
            wrapped = parameter(wrapped)
        return click.command(name, cls=Command, help=help_key)(wrapped)

    return decorate


def option(*names: str, help_key: str, **kwargs: Any) -> Callable[..., Any]:
    """An option whose help is a text key."""
    return click.option(*names, cls=Option, help=help_key, **kwargs)


def refuse_others(command: str, given: Mapping[str, object], known: Sequence[str]) -> None:
    """Refuse options that would be ignored.

    Args:
        command: The command with what makes it take fewer of its options than it has.
        given: What came with each of those that it may not take; None: it did not come.
        known: Those that it takes.

    Raises:
        LabbenchError: one came that it does not take.
    """
    for name, value in given.items():
        if value is not None and name not in known:
            raise LabbenchError("usage.other_option", option=name, command=command, known=", ".join(known))


def _show_help(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    # Not click.echo, which writes UTF-8 to terminals that know ASCII only.
    if value and not context.resilient_parsing:
        print(context.get_help())  # noqa: T201
        context.exit()


def _version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        import labbench

        print(f"labbench {labbench.__version__}")  # noqa: T201
        context.exit()


#: The root of all commands.
ROOT = group("labbench", "help.labbench", COMMANDS)
option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help_key="help.version")(ROOT)
