"""Making strangers' words harmless where they are shown. Pure.

Theory of operation. Names of files, people and exceptions come from hand-ins and platforms. Each format has its own
way to be misled: terminals by control characters, readers by characters that turn the direction of writing,
spreadsheets by formulas, GitHub's log by lines that are commands. Nothing is dropped: it is shown as what it is.
HTML and XML are not here: jinja2 and ElementTree escape by themselves, once `visible` has been there.
"""

from __future__ import annotations

import hashlib
import re

#: C0 without tab and line feed, DEL, C1, marks and overrides of direction, line separators, halves of pairs, and what
#: no text may hold.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_MARKDOWN = re.compile(r"([\\`*_\[\]|~$])")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_WORKFLOW_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_WORKFLOW_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
#: So that a name in Chinese with what is added stays below 255 bytes.
_LONGEST = 60
#: Names that are devices on Windows.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))})
#: What makes a spreadsheet compute a cell, in Chinese and Japanese ones their wide forms too: at its start, and after a
#: semicolon, where Excel ends cells in half of the world's locales, whatever is quoted.
_FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@＝＋－＠])")


def visible(words: str) -> str:
    r"""The words with every control character, mark of direction and half character written out, like \x1b."""
    return _INVISIBLE.sub(lambda found: _written_out(found[0]), words)


def _written_out(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def line(words: str) -> str:
    """The visible words on one line."""
    return " ".join(visible(words).split())


def markdown(words: str) -> str:
    """The words on one line of GitHub's Markdown, as text: no markup, no HTML, no link, nobody mentioned.

    To be put after a word of ours, since the start of a line has marks of its own.
    """
    plain = _MARKDOWN.sub(r"\\\1", line(words).translate(_HTML))
    return plain.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "@&#8203;")


def cell(words: str) -> str:
    """The words as a cell of one line that no spreadsheet takes for a formula; not for numbers."""
    return _FORMULA.sub(r"\1\2'", line(words))


def workflow_data(words: str) -> str:
    """The words as what a GitHub workflow command says."""
    return visible(words).translate(_WORKFLOW_DATA)


def workflow_property(words: str) -> str:
    """The words as a property of a GitHub workflow command."""
    return visible(words).translate(_WORKFLOW_PROPERTY)


def file_name(words: str) -> str:
    """The words as the name of a file or folder; different words never share one where case counts."""
    plain = re.sub(r"[^\w.@+-]|^\.|\.$", "_", words)[:_LONGEST]
    if plain == words and plain and plain.partition(".")[0].lower() not in _DEVICES:
        return plain
    return f"{plain.replace('.', '_')}-{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
