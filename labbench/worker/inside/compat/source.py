"""The hand-in's files as modules: any encoding, `/` rewritten, no `.pyc` read or written."""

from __future__ import annotations

import ast
import codecs
import io
import linecache
import os
import pkgutil
import sys
import tokenize
import types
from functools import partial
from importlib.machinery import FileFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any

from . import division, names

if TYPE_CHECKING:
    from collections.abc import Callable

#: Tried in this order when a file is not in the encoding it declares. GB18030 includes GBK and GB2312.
_FALLBACKS = ("utf-8-sig", "gb18030")
#: For names of hosts: to decode them takes the square of their length, and no source is written in them.
_NO_SOURCE = ("punycode", "idna")


def decode(data: bytes) -> tuple[str, bool]:
    r"""A source file's text, and whether Python's own rules (PEP 263) would have failed to read it.

    Args:
        data: The file's bytes.

    Returns:
        The text with `\n` as the only line end, and True if a fallback was needed.
    """
    readers: list[Callable[[], str]] = [lambda: _declared(data)]
    readers += [partial(data.decode, name) for name in _FALLBACKS]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # Notepad calls it Unicode
        readers.append(partial(data.decode, "utf-16"))
    for number, read in enumerate(readers):
        try:
            text = read()
        except (SyntaxError, UnicodeError, LookupError):
            continue
        return _plain_lines(text), number > 0
    return _plain_lines(data.decode("utf-8", "replace")), True


def _declared(data: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    if codecs.lookup(encoding).name in _NO_SOURCE:
        raise LookupError(encoding)
    return data.decode(encoding)


def _plain_lines(text: str) -> str:
    return io.IncrementalNewlineDecoder(None, translate=True).decode(text)


def compile_source(data: bytes, path: str, used: set[str]) -> types.CodeType:
    """A source file's code.

    Args:
        data: The file's bytes.
        path: The file, for tracebacks.
        used: "encoding" and "tabs" are noted here, and builtins of Python 2 that the file reads.

    Raises:
        SyntaxError: As Python's compiler does.
    """
    text, helped = decode(data)
    if helped:
        used.add("encoding")
        # A traceback could not read the file again.
        linecache.cache[path] = (len(text), None, [line + "\n" for line in text.split("\n")], path)
    try:
        return _compiled(text, path, used)
    except TabError:
        # Python 2 took a tab to the next multiple of eight, and so do the editors that made such files.
        code = _compiled("\n".join(map(_untabbed, text.split("\n"))), path, used)
        used.add("tabs")
        return code


def _compiled(text: str, path: str, used: set[str]) -> types.CodeType:
    program: str | ast.Module = text
    # Walking the tree takes three times as long as compiling the text, and most files need no help.
    if division.may_divide(text) or names.may_read_old_builtins(text):
        tree = ast.parse(text, path)
        used |= names.old_builtins(tree)
        program = division.Rewriter().visit(tree)
    code: types.CodeType = compile(program, path, "exec", dont_inherit=True)
    return code


def _untabbed(line: str) -> str:
    body = line.lstrip(" \t")
    return line[: len(line) - len(body)].expandtabs(8) + body


class HandinLoader(SourceFileLoader):
    """Loads one module of the hand-in, always from its source."""

    def __init__(self, used: set[str], fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._used = used

    def get_code(self, fullname: str) -> types.CodeType:
        """The module's code; the bytecode cache of the base class is left out."""
        path = self.get_filename(fullname)
        return compile_source(self.get_data(path), path, self._used)

    def get_source(self, fullname: str) -> str:
        """The module's text, for tracebacks and `inspect`."""
        return decode(self.get_data(self.get_filename(fullname)))[0]


def path_hook(handin: str, used: set[str]) -> Callable[[str], FileFinder]:
    """An entry of `sys.path_hooks` for the hand-in's folder, those inside it, and its parent folder itself.

    Args:
        handin: The hand-in's folder, absolute.
        used: See `compile_source`.
    """
    parent = os.path.dirname(handin)  # noqa: PTH120 - pathlib costs start-up

    def hook(path: str) -> FileFinder:
        folder = os.path.abspath(path)  # noqa: PTH100 - a hand-in may add ".." to sys.path
        if folder not in (handin, parent) and not folder.startswith(handin + os.sep):
            raise ImportError(path)
        loader: Any = partial(HandinLoader, used)  # any callable of name and path will do
        return FileFinder(folder, (loader, [".py"]))

    return hook


def run_main(path: str) -> None:
    """See `compat.run_main`."""
    path = os.path.abspath(path)  # noqa: PTH100
    folder, file = os.path.split(path)
    finder = pkgutil.get_importer(folder)
    assert isinstance(finder, FileFinder)  # noqa: S101 - our hook's, since the file lies in the hand-in
    spec = finder.find_spec(os.path.splitext(file)[0])  # noqa: PTH122
    if spec is None or not isinstance(spec.loader, HandinLoader):
        raise FileNotFoundError(path)
    module = types.ModuleType("__main__")
    module.__file__, module.__loader__ = path, spec.loader
    vars(module)["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    sys.argv = [path]
    exec(spec.loader.get_code(spec.name), vars(module))  # noqa: S102 - it is what a session is for
