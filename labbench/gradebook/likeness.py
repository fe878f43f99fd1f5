"""Hand-ins that are alike, for a human to look at; never a verdict.

A file is read as Python's tokens: names become one token (so renaming hides nothing), comments, strings and layout go.
Every run of `_RUN` tokens is hashed and a few of the hashes are kept by winnowing (Schleimer, Wilkerson and Aiken,
"Winnowing: local algorithms for document fingerprinting", SIGMOD 2003), which keeps at least one of any `_WINDOW` in
a row. What the template has, or more than a few hand-ins share, says nothing and is left out, so that comparing a class
takes as long as it is large, and not as its square.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from labbench.results import Likeness

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    #: Fingerprints: the upper halves of hashes, each once, in order.
    Prints = NDArray[np.uint32]

_RUN, _WINDOW = 20, 8
#: Alike from here on; fewer fingerprints than `_FEWEST` say nothing.
SHARE, _FEWEST = 0.7, 12
#: What more hand-ins than this have in common is what anybody would write; in a class of hundreds, than 1 of 20.
_COMMON, _MOST_COMMON = 8, 64
_MOST_PAIRS = 500
#: Of one hand-in; nobody writes more by hand.
_MOST_BYTES = 1 << 20

#: Layout, comments and strings; or, in the group, a token that counts. Unlike `tokenize` it goes on behind a mistake.
_TOKEN = re.compile(
    r"""
    \s+ | \\\n | \#[^\n]*
    | [rbuf]{0,2} (?: '{3} (?:\\.|[^\\])*? (?:'{3}|\Z) | "{3} (?:\\.|[^\\])*? (?:"{3}|\Z)
                    | ' (?:\\.|[^'\\\n])* '? | " (?:\\.|[^"\\\n])* "? )
    | ( [^\W\d]\w* | \.?\d (?:e[+-]|[\w.])* | \*\*=? | //=? | <<=? | >>=? | -> | \.{3} | [-+*/%@&|^=<>!:]= | . )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
#: Of a run's hash, which is a polynomial of its tokens' hashes modulo 2⁶⁴.
_POWERS = np.array([pow(0x9E3779B97F4A7C15, i, 1 << 64) for i in range(_RUN)], dtype=np.uint64)


def fingerprints(folder: Path) -> Prints:
    """Of all Python files of a package."""
    found, left = [np.empty(0, np.uint32)], _MOST_BYTES
    for file in sorted(folder.rglob("*.py")):
        try:
            content = file.read_bytes()[:left]
        except OSError:
            continue
        left -= len(content)
        found.append(_winnowed(_tokens(content.decode("utf-8", "replace"))))
    return np.unique(np.concatenate(found))


def _tokens(source: str) -> Hashes:
    tokens = [token for token in _TOKEN.findall(source) if token]
    hashes = {token: _hash(token) for token in set(tokens)}
    return np.array([hashes[token] for token in tokens], dtype=np.uint64)


def _hash(token: str) -> int:
    kept = "name" if token.isidentifier() and not keyword.iskeyword(token) else token
    return int.from_bytes(hashlib.blake2b(kept.encode(), digest_size=8).digest(), "big")


def _winnowed(tokens: Hashes) -> Prints:
    if len(tokens) < _RUN:
        return np.empty(0, np.uint32)
    hashes = sliding_window_view(tokens, _RUN) @ _POWERS
    kept = hashes if len(hashes) < _WINDOW else sliding_window_view(hashes, _WINDOW).min(axis=1)
    return (kept >> np.uint64(32)).astype(np.uint32)


def alike(lab: str, prints: Mapping[str, Prints], known: Prints) -> tuple[Likeness, ...]:
    """The pairs of students whose hand-ins share most of what is their own, most alike first.

    Args:
        lab: The lab.
        prints: The fingerprints by student.
        known: Those of what every student was given.
    """
    groups: dict[bytes, list[str]] = {}
    for student, marks in sorted(prints.items()):
        if (own := np.setdiff1d(marks, known, assume_unique=True)).size:
            groups.setdefault(own.tobytes(), []).append(student)
    same = list(groups.values())
    found = [Likeness(lab, *pair, 1.0) for students in same for pair in pairwise(students)]
    for one, other, share in _sharing([np.frombuffer(marks, np.uint32) for marks in groups]):
        found.append(Likeness(lab, same[one][0], same[other][0], round(share, 3)))
    return tuple(sorted(found, key=lambda pair: (-pair.share, pair.first, pair.second))[:_MOST_PAIRS])


def _sharing(kinds: list[Prints]) -> list[tuple[int, int, float]]:
    """Which two share how much of what few have, by their number."""
    if len(kinds) < 2:
        return []
    from scipy import sparse  # not needed to grade one hand-in

    common = min(max(_COMMON, len(kinds) // 20), _MOST_COMMON)
    everything, times = np.unique(np.concatenate(kinds), return_counts=True)
    often, several = everything[times > common], everything[(times > 1) & (times <= common)]
    sizes = np.array([len(marks) - len(_found(marks, often)) for marks in kinds])
    columns = [_found(marks, several) for marks in kinds]
    ends = np.cumsum([0, *map(len, columns)])
    indices = np.concatenate(columns)
    has = sparse.csr_array((np.ones(len(indices), np.int32), indices, ends), shape=(len(kinds), len(several)))
    shared = sparse.triu(has @ has.T, k=1, format="coo")
    least = np.minimum(sizes[shared.row], sizes[shared.col])
    shares = shared.data / np.maximum(least, 1)
    alike = np.flatnonzero((least >= _FEWEST) & (shares >= SHARE))
    return [(int(shared.row[i]), int(shared.col[i]), float(shares[i])) for i in alike]


def _found(marks: Prints, among: Prints) -> NDArray[np.intp]:
    """Where those that are among these lie there."""
    at: NDArray[np.intp] = np.searchsorted(among, marks)
    at = at[at < len(among)]  # the greatest are the last
    found: NDArray[np.intp] = at[among[at] == marks[: len(at)]]
    return found
