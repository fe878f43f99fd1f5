"""What a session may ask the grader while it answers a request: for the client modules of a lab (a device's library).

A client module lies beside the hand-in and is imported like any other; it asks by `ask`. The hand-in can call that,
too: whatever is behind it trusts nothing that it is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Arrays = Sequence[NDArray[Any]]
    Ask = Callable[[str, Sequence[Any], Arrays], tuple[Any, Arrays]]

_connected: list[Ask] = []


def connect(ask: Ask) -> None:
    """Let `ask` speak through the session's own connection; called once in each session."""
    _connected[:] = [ask]


def ask(op: str, *args: Any, arrays: Arrays = ()) -> tuple[Any, Arrays]:
    """Ask the grader's side, and wait for its answer.

    Args:
        op: What is asked.
        args: Plain values: None, bool, int, float, str, and lists of such.
        arrays: C-contiguous arrays that go with it.

    Returns:
        A plain value and the arrays that came with it, writable.
    """
    return _connected[0](op, args, arrays)
