"""All words a person reads, by key, in Chinese and English.

A result or an error carries a `Text`: a key and values, never a sentence. The sentences lie in the YAML files
of this folder, one file an area, each key with an `en` and a `zh` form in `str.format` syntax. `render` is the
one place where they meet.
"""

from __future__ import annotations

import os
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

Plain = None | bool | int | float | str


class Lang(StrEnum):
    """The languages labbench speaks."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence to be: its key in the catalogue and the values to fill in, which may be such texts themselves."""

    key: str
    values: Mapping[str, Plain | Text] = field(default_factory=dict)


def text(key: str, **values: Plain | Text) -> Text:
    """A `Text` from keyword values."""
    return Text(key, values)


@lru_cache(maxsize=1)
def _sentences() -> dict[str, dict[str, str]]:
    import yaml  # only when something is said

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    merged: dict[str, dict[str, str]] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or {}  # noqa: S506 - a safe loader
        merged.update(entries)
    return merged


def keys() -> frozenset[str]:
    """Every key of the catalogue."""
    return frozenset(_sentences())


def render(sentence: Text, lang: Lang) -> str:
    """The sentence in one language.

    Raises:
        KeyError: the catalogue lacks the key or a value is missing; a test keeps both from happening.
    """
    values = {k: render(v, lang) if isinstance(v, Text) else v for k, v in sentence.values.items()}
    return _sentences()[sentence.key][lang].format(**values)


def say(key: str, lang: Lang, **values: Plain | Text) -> str:
    """`render` for a sentence that nobody carries around."""
    return render(Text(key, values), lang)


def joined(*sentences: str) -> str:
    """Sentences in a row: a space between them, but none after full-width punctuation, which has its own."""
    row = ""
    for sentence in filter(None, sentences):
        row += sentence if not row or row.endswith(("。", "：")) else f" {sentence}"
    return row


def preferred_language(asked: str | None = None) -> Lang:
    """`--lang`, else `LABBENCH_LANG`, else the locale, else English."""
    for name in (asked, os.environ.get("LABBENCH_LANG")):
        if name and name.lower()[:2] in tuple(Lang):
            return Lang(name.lower()[:2])
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = os.environ.get(variable)
        if locale:
            return Lang.ZH if locale.lower().startswith("zh") else Lang.EN
    return Lang.EN
