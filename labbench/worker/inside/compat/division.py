"""Integer division as sizes need it: `(h - k) / s + 1` is an integer again.

Under Python 2 `/` floored two integers, and hand-ins of that time compute sizes and indices with it. Flooring
everywhere would turn `1 / (2 * n)` into 0, so an integer is returned only where the division is exact; every
other division is the true one. `a / b` in the source becomes a call of one helper, `a /= b` of another, at
the very same place in the file, so that a traceback still points to the student's line.
"""

from __future__ import annotations

import ast
import builtins
import operator
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: The helpers' names, kept in builtins. Two trailing underscores keep a class body from mangling them.
DIVIDE = "__labbench_divide__"
DIVIDE_IN_PLACE = "__labbench_divide_in_place__"
_ONE_SLASH = re.compile(r"(?<!/)/(?!/)")


def may_divide(text: str) -> bool:
    """Whether a source holds a `/` that is not part of `//`; it may stand in a comment."""
    return _ONE_SLASH.search(text) is not None


def divider(used: set[str], otherwise: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The function behind `/` or `/=`.

    Args:
        used: "division" is noted here when an exact integer was returned.
        otherwise: The true division, `operator.truediv` or `operator.itruediv`.

    Returns:
        A function of two operands. If the division is exact, two Python ints give an int, and a NumPy integer
        with an integer gives a NumPy integer of their common type. Everything else, bools included, is
        `otherwise`.
    """
    import numpy as np

    kinds = {np.dtype(code).type for code in np.typecodes["AllInteger"]}
    limits = {kind: (int(np.iinfo(kind).min), int(np.iinfo(kind).max)) for kind in kinds}
    integers = frozenset({int, *kinds})

    def divide(a: Any, b: Any) -> Any:
        left, right = type(a), type(b)
        # One look-up of a type tells arrays and floats, the common operands, from integers.
        if left in integers and right in integers and b:
            if left is right is int:
                if a % b == 0:
                    used.add("division")
                    return a // b
            elif int(a) % int(b) == 0:
                quotient = int(a) // int(b)
                common = _common_type(a, b)
                low, high = limits.get(common, (1, 0))
                if low <= quotient <= high:
                    used.add("division")
                    return common(quotient)
        return otherwise(a, b)

    return divide


def _common_type(a: Any, b: Any) -> Any:
    import numpy as np

    if type(b) in (type(a), int):
        return type(a)
    return type(b) if type(a) is int else np.result_type(a, b).type


def install(used: set[str]) -> None:
    """Put the two helpers where every rewritten module finds them."""
    setattr(builtins, DIVIDE, divider(used, operator.truediv))
    setattr(builtins, DIVIDE_IN_PLACE, divider(used, operator.itruediv))


class Rewriter(ast.NodeTransformer):
    """Replaces the divisions of a module by calls of the helpers, in place."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """`a / b`, unless a literal shows that it is no division of integers."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div) or not (_may_be_integer(node.left) and _may_be_integer(node.right)):
            return node
        return _call(DIVIDE, node.left, node.right, node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        """`x /= b` and `self.x /= b`; any other target could have effects when read twice."""
        self.generic_visit(node)
        target = node.target
        simple = isinstance(target, ast.Name) or (
            isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
        )
        if not isinstance(node.op, ast.Div) or not simple:
            return node
        value = _call(DIVIDE_IN_PLACE, _as_load(target), node.value, node)
        return ast.copy_location(ast.Assign([target], value), node)


def _may_be_integer(node: ast.expr) -> bool:
    return not isinstance(node, ast.Constant) or type(node.value) is int


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    assert isinstance(target, ast.Name)  # noqa: S101 - for the type checker
    return ast.copy_location(ast.Name(target.id, ast.Load()), target)


def _call(helper: str, left: ast.expr, right: ast.expr, place: ast.AST) -> ast.expr:
    name = ast.copy_location(ast.Name(helper, ast.Load()), place)
    return ast.copy_location(ast.Call(name, [left, right], []), place)
