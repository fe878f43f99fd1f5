"""Hand-ins that are alike, for a human to look at; never a verdict.

A file is read as Python's own tokens: names become one token (so renaming hides nothing), comments, strings and layout
go. Every run of `_RUN` tokens is hashed and a few of the hashes are kept by winnowing (Schleimer, Wilkerson and Aiken,
"Winnowing: local algorithms for document fingerprinting", SIGMOD 2003), which keeps at least one of any `_WINDOW` in
a row. What the template has, or more than a few hand-ins share, says nothing and is left out.
"""

from __future__ import annotations

import hashlib
import io
import keyword
import tokenize
from collections import Counter, defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from labbench.results import Likeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_RUN, _WINDOW = 20, 8
#: Alike from here on; fewer fingerprints than `_FEWEST` say nothing.
SHARE, _FEWEST = 0.7, 12
#: What more hand-ins than this have in common is what anybody would write.
_COMMON = 8
_MOST_PAIRS = 500
_MOST_BYTES = 1 << 20


def fingerprints(folder: Path) -> frozenset[int]:
    """Of all Python files of a package."""
    found: set[int] = set()
    for file in sorted(folder.rglob("*.py")):
        try:
            content = file.read_bytes()[:_MOST_BYTES]
        except OSError:
            continue
        found |= _winnowed(_tokens(content))
    return frozenset(found)


def _tokens(content: bytes) -> list[str]:
    kept = []
    skipped = {tokenize.COMMENT, tokenize.STRING, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    text = content.decode("utf-8", "replace")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                kept.append(token.string if keyword.iskeyword(token.string) else "name")
            elif token.type not in skipped:
                kept.append(token.string)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # what comes before the mistake still counts
    return kept


def _winnowed(tokens: list[str]) -> set[int]:
    hashes = [
        int.from_bytes(hashlib.blake2b(" ".join(tokens[i : i + _RUN]).encode(), digest_size=8).digest(), "big")
        for i in range(len(tokens) - _RUN + 1)
    ]
    if len(hashes) <= _WINDOW:
        return set(hashes)
    return {min(hashes[i : i + _WINDOW]) for i in range(len(hashes) - _WINDOW + 1)}


def alike(lab: str, prints: Mapping[str, frozenset[int]], known: frozenset[int]) -> tuple[Likeness, ...]:
    """The pairs of students whose hand-ins share most of what is their own, most alike first.

    Args:
        lab: The lab.
        prints: The fingerprints by student.
        known: Those of what every student was given.
    """
    same = _identical(prints)
    kinds = {kind: prints[students[0]] for kind, students in same.items()}
    common = max(_COMMON, len(kinds) // 20)
    of_kinds = Counter(mark for marks in kinds.values() for mark in marks)
    own = {k: {m for m in marks if m not in known and of_kinds[m] <= common} for k, marks in kinds.items()}
    shared: Counter[tuple[int, int]] = Counter()
    where: defaultdict[int, list[int]] = defaultdict(list)
    for kind, marks in own.items():
        for mark in marks:
            where[mark].append(kind)
    for those in where.values():
        shared.update(combinations(sorted(those), 2))
    found = [Likeness(lab, a, b, 1.0) for students in same.values() for a, b in _chain(students)
             if any(m not in known for m in prints[a])]  # fmt: skip
    for (one, other), count in shared.items():
        least = min(len(own[one]), len(own[other]))
        if least >= _FEWEST and count / least >= SHARE:
            found.append(Likeness(lab, same[one][0], same[other][0], round(count / least, 3)))
    return tuple(sorted(found, key=lambda pair: (-pair.share, pair.first, pair.second))[:_MOST_PAIRS])


def _identical(prints: Mapping[str, frozenset[int]]) -> dict[int, list[str]]:
    """Students by their fingerprints; equal ones stand together under one number."""
    groups: dict[frozenset[int], list[str]] = {}
    for student, marks in sorted(prints.items()):
        if marks:
            groups.setdefault(marks, []).append(student)
    return dict(enumerate(groups.values()))


def _chain(students: list[str]) -> Iterable[tuple[str, str]]:
    return pairwise(students)
