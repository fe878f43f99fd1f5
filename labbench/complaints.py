"""What msgspec finds wrong with data that somebody wrote, in our words: what is there, and what should be.

The expected type is walked along a path, so that a wrong key or value comes with those there
are, the nearest first.
"""

from __future__ import annotations

import ast
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from labbench.errors import suggestion
from labbench.texts import Text, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What texts have to look like, for `msgspec.Meta(pattern=…)`: parts of paths and of the ids of results,
NAME = r"^[\w-]+\Z"
#: names of labs,
LAB = r"^[a-z0-9]+(-[a-z0-9]+)*\Z"
#: names of files to hand in,
FILE = r"^\w[\w.-]*\.py\Z"
#: texts for one line of a terminal,
LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z"
#: SHA-256 in hexadecimal.
DIGEST = r"^[0-9a-f]{64}\Z"
_PATTERNS = {NAME: "pattern.name", LAB: "pattern.lab", FILE: "pattern.file", LINE: "pattern.line",
             DIGEST: "pattern.digest"}  # fmt: skip
#: How msgspec names a type, and the text that does.
_KINDS = {
    "int": "kind.int", "float": "kind.float", "str": "kind.str", "bool": "kind.bool", "array": "kind.array",
    "object": "kind.object", "null": "kind.null",
}  # fmt: skip
#: A value in a sentence is no longer than this.
_SHOWN = 60


def explain(error: msgspec.ValidationError, kind: Any, data: Any) -> tuple[tuple[str, ...], Text | str]:
    """Where in the data a complaint of msgspec's is about, and what it is, in its own words where we have none."""
    said = str(error)
    path = _path(said, kind, data)
    names = _known(kind, path, data)
    there = data
    for name in path:
        there = _child(there, name)
    if " - at `key` in `" in said:
        there = path[-1]  # the key itself
    field = re.search(r"unknown field `(.*?)`", said)
    return (*path, field[1]) if field else path, _words(said.partition(" - at `")[0], _Place(names, there))


def _words(said: str, place: _Place) -> Text | str:
    for pattern, made in _FORMS:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return made(found, place)
    return said


def _path(complaint: str, kind: Any, data: Any) -> tuple[str, ...]:
    """The path in a complaint, with each `[...]` (some key of a mapping) made definite."""
    where = complaint.rpartition("$")[2].rstrip("`") if "$" in complaint else ""
    path: list[str] = []
    for part in re.findall(r"[^.\[\]]+|\.\.\.", where):
        path.append(_culprit(complaint, kind, data, path) if part == "..." else part)
    if " - at `key` in `" in complaint:
        path.append(_culprit(complaint, kind, data, path))
    return tuple(path)


def _culprit(complaint: str, kind: Any, data: Any, path: Sequence[str]) -> str:
    """The key of the mapping at `path` that draws the complaint when it stands there alone."""
    mapping = data
    for name in path:
        mapping = _child(mapping, name)
    for key, value in mapping.items():
        try:
            msgspec.convert(_replaced(data, path, {key: value}), kind)
        except msgspec.ValidationError as error:
            if str(error) == complaint:
                return str(key)
    return "..."


def _replaced(data: Any, path: Sequence[str], value: Any) -> Any:
    """The data with another value at a path; what lies beside the path is shared."""
    if not path:
        return value
    fresh = _replaced(_child(data, path[0]), path[1:], value)
    if isinstance(data, list):
        return [fresh if str(i) == path[0] else item for i, item in enumerate(data)]
    return {k: fresh if str(k) == path[0] else v for k, v in data.items()}


def _known(kind: Any, path: Sequence[str], data: Any) -> tuple[str, ...]:
    """The keys or values that may stand at a path; none if any may."""
    info = inspect.type_info(kind)
    for name in path:
        info = _below(_chosen(info, data), name)
        data = _child(data, name)
    match _chosen(info, data):
        case inspect.StructType(fields=fields):
            return tuple(f.encode_name for f in fields)
        case inspect.LiteralType(values=values):
            return tuple(map(str, values))
        case inspect.EnumType(cls=cls):
            return tuple(str(member.value) for member in cls if isinstance(member, enum.Enum))
    return ()


def _child(data: Any, name: str) -> Any:
    """What stands under a name in a mapping, or under an index in a list; None if nothing does."""
    if isinstance(data, dict):
        return next((v for k, v in data.items() if str(k) == name), None)
    if isinstance(data, list) and name.isdecimal() and int(name) < len(data):
        return data[int(name)]
    return None


def _chosen(info: inspect.Type, data: Any) -> inspect.Type:
    """The type without its wrapping, and of several the one that the data claims to be."""
    while isinstance(info, inspect.Metadata):
        info = info.type
    if not isinstance(info, inspect.UnionType):
        return info
    for one in info.types:
        if isinstance(one, inspect.StructType) and isinstance(data, dict) and data.get(one.tag_field) == one.tag:
            return one
    return info


def _below(info: inspect.Type, name: str) -> inspect.Type:
    match info:
        case inspect.StructType(fields=fields):
            return next((f.type for f in fields if f.encode_name == name), inspect.AnyType())
        case inspect.DictType(value_type=value):
            return value
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return item
        case inspect.UnionType(types=types):  # several structs: only their tag is known to be there
            tags = [t.tag for t in types if isinstance(t, inspect.StructType) and t.tag_field == name]
            return inspect.LiteralType(values=tuple(tag for tag in tags if tag is not None))
    return inspect.AnyType()


@dataclass(frozen=True, slots=True)
class _Place:
    """What may stand where a complaint is about, and what does (None if that is not known)."""

    known: tuple[str, ...]
    got: Any


def _kind(name: str) -> Text | str:
    """`int`, or `int | null` of which the first counts."""
    first = name.split(" | ")[0]
    return Text(_KINDS[first]) if first in _KINDS else first


def _short(value: object) -> str:
    said = str(value)
    return said if len(said) <= _SHOWN else said[: _SHOWN - 1] + "…"


def _unknown(found: re.Match[str], place: _Place) -> Text:
    return text("problem.unknown", got=_short(found[1]), known=suggestion(found[1], place.known) or "–")


def _value(found: re.Match[str], place: _Place) -> Text:
    got = found[1].strip("'")
    return text("problem.value", got=_short(got), known=suggestion(got, place.known) or "–")


def _type(found: re.Match[str], place: _Place) -> Text:
    got = text("kind.this_text", value=_short(place.got)) if found[2] == "str" and place.got else _kind(found[2])
    # YAML 1.1 takes 1e-4 for a text.
    number = found[1].startswith("float") and found[2] == "str"
    return text("problem.type", got=got, expected=text("kind.float_like") if number else _kind(found[1]))


def _bound(found: re.Match[str], place: _Place) -> Text:
    got = "?" if place.got is None else _short(place.got)
    return text("problem.bound", got=got, bound=f"{found[1]} {found[2].removesuffix('.0')}")


def _pattern(found: re.Match[str], place: _Place) -> Text:
    # The pattern comes as Python writes it.
    pattern = ast.literal_eval(found[1])
    expected = text(_PATTERNS[pattern]) if pattern in _PATTERNS else pattern
    got = "?" if place.got is None else repr(_short(place.got))
    return text("problem.pattern", got=got, expected=expected)


#: msgspec's messages, and what we say instead.
_FORMS: tuple[tuple[str, Callable[[re.Match[str], _Place], Text]], ...] = (
    (r"Object contains unknown field `(.*)`", _unknown),
    (r"Object missing required field `(.*)`", lambda m, _: text("problem.missing", name=m[1])),
    (r"Invalid (?:enum )?value (.*)", _value),
    (r"Expected `(.*)`, got `(.*)`", _type),
    (r"Expected `(?:int|float)` (>=?|<=?) (\S+)", _bound),
    (r"Expected `str` of length >= (\d+)", lambda *_: text("problem.no_text")),
    (r"Expected `str` of length <= (\d+)", lambda m, _: text("problem.long_text", most=m[1])),
    (r"Expected `\w+` of length >= (\d+)", lambda m, _: text("problem.few", least=m[1])),
    (r"Expected `\w+` of length <= (\d+)", lambda m, _: text("problem.many", most=m[1])),
    (r"Expected `str` matching regex (.*)", _pattern),
    (r"Integer value out of range", lambda *_: text("problem.range")),
)
