"""YAML as a hand writes it: a file's data together with the line of each place in it.

A key that stands twice, an alias that unfolds to more than any catalogue has (the "billion laughs"), and one that
contains itself are refused: YAML would take them, and then the grader's memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from labbench.errors import LabbenchError
from labbench.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labbench.texts import Text

#: Several times what our catalogue has.
_MOST_NODES = 20_000
if TYPE_CHECKING:
    _Safe = yaml.SafeLoader
else:
    _Safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: What libyaml says, and the text that says it better.
_PROBLEMS = {
    "found character that cannot start any token": "yaml.token",
    "mapping values are not allowed in this context": "yaml.colon",
    "did not find expected ',' or ']'": "yaml.bracket",
    "did not find expected ',' or '}'": "yaml.brace",
    "did not find expected key": "yaml.indentation",
    "did not find expected '-' indicator": "yaml.indentation",
    "did not find expected node content": "yaml.content",
    "found unexpected end of stream": "yaml.quote",
    "could not find expected ':'": "yaml.no_colon",
    "found undefined alias": "yaml.alias",
    "but found another document": "yaml.documents",
    "control characters are not allowed": "yaml.control",
    "exceeded maximum nesting depth": "problem.deep",
    "found unhashable key": "yaml.key",
}


@dataclass(frozen=True, slots=True)
class Yaml:
    """A file's content.

    Attributes:
        file: Where it lies.
        data: Mappings, lists, texts, numbers.
        root: The same as nodes that know their lines; None if there is nothing in it.
    """

    file: Path
    data: Any
    root: yaml.Node | None

    def line(self, path: tuple[str, ...]) -> int:
        """The line on which the deepest part of a path stands, from 1."""
        node, line = self.root, 1
        for name in path:
            found = _below(node, name)
            if found is None:
                break
            line, node = found
        return line

    def invalid(self, path: tuple[str, ...], problem: Text | str) -> LabbenchError:
        """A refusal of what stands at a path."""
        return invalid(self.file, self.line(path), path, problem)


def invalid(file: Path, line: int, path: tuple[str, ...], problem: Text | str) -> LabbenchError:
    """A refusal of what stands at a place of a file."""
    return LabbenchError(
        "catalogue.invalid", file=str(file), line=line, path=".".join(path) or "(top)", problem=problem
    )


def parse(content: str, file: Path) -> Yaml:
    """The content of a file.

    Raises:
        LabbenchError: it is no YAML, a key stands twice, or it unfolds to too much.
    """
    loader = _Loader(content)
    try:
        root = loader.get_single_node()
        if root is not None:
            _check(root, file)
        return Yaml(file, None if root is None else loader.construct_document(root), root)
    except yaml.YAMLError as error:
        raise _no_yaml(error, content, file) from error
    except RecursionError as error:
        raise LabbenchError("catalogue.not_yaml", file=str(file), line=1, reason=text("problem.deep")) from error
    finally:
        loader.dispose()


class _Loader(_Safe):
    """Names the line also of what looks like a number or a date and is none."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error


def _no_yaml(error: yaml.YAMLError, content: str, file: Path) -> LabbenchError:
    mark = getattr(error, "problem_mark", None)
    # A character that YAML forbids comes with its position instead of a mark.
    line = mark.line if mark else content[: getattr(error, "position", 0)].count("\n")
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    reason: Text | str = text(_PROBLEMS[problem]) if problem in _PROBLEMS else problem.replace("\n", " ")[:200]
    if "cannot start any token" in problem:
        reason = text("yaml.token")  # the pure Python parser names the character
    return LabbenchError("catalogue.not_yaml", file=str(file), line=line + 1, reason=reason)


def _check(root: yaml.Node, file: Path) -> None:
    for path, line in _repeated(root, (), set()):
        raise invalid(file, line, path, text("catalogue.key_twice"))
    if _size(root, {}) > _MOST_NODES:
        raise invalid(file, 1, (), text("catalogue.too_much", most=_MOST_NODES))


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [one for pair in node.value for one in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many nodes it is with all aliases unfolded; more than the limit if it contains itself."""
    if id(node) not in sizes:
        sizes[id(node)] = _MOST_NODES + 1  # while it is open
        sizes[id(node)] = 1 + sum(_size(one, sizes) for one in _children(node))
    return sizes[id(node)]


def _repeated(node: yaml.Node, path: tuple[str, ...], seen: set[int]) -> Iterator[tuple[tuple[str, ...], int]]:
    """(path, line) of each key that its mapping has already; YAML would silently let the last one win."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)[:100]
            if name in names:
                yield (*path, name), key.start_mark.line + 1
            names.add(name)
            yield from _repeated(value, (*path, name), seen)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from _repeated(item, (*path, str(i)), seen)


def _below(node: yaml.Node | None, name: str) -> tuple[int, yaml.Node] | None:
    """The line of a key or an item, and what stands there."""
    if isinstance(node, yaml.MappingNode):
        return next(((k.start_mark.line + 1, v) for k, v in node.value if k.value == name), None)
    if isinstance(node, yaml.SequenceNode) and name.isdecimal() and int(name) < len(node.value):
        item = node.value[int(name)]
        return item.start_mark.line + 1, item
    return None
