"""A tiny assembler for the classic BPF programs that seccomp runs on each system call.

A program is a list of `Op`; a jump counts the instructions it skips. Arguments are 64 bit and the machine loads
32, so a condition names the half it looks at. Little-endian machines only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOW = 0x7FFF0000
KILL = 0x80000000
_ERRNO = 0x00050000

_LOAD, _JUMP_EQUAL, _JUMP_GREATER, _JUMP_SET, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
#: Stands for the pid of the process that installs the program; no pid is as high.
PID = 0xFFFFFFFE

_FORMAT = struct.Struct("=HBBI")


@dataclass(frozen=True, slots=True)
class Op:
    """One instruction: operation, instructions skipped if true and if false, operand."""

    code: int
    if_true: int
    if_false: int
    operand: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of one half of an argument: equal to `operand`, or none (or any) of its bits set."""

    argument: int
    test: str
    operand: int
    high: bool = False


def returns(action: int) -> Op:
    """End with an action: ALLOW, KILL, `fails(errno)`."""
    return Op(_RETURN, 0, 0, action)


def fails(number: int) -> int:
    """The action that makes a call fail with an errno."""
    return _ERRNO | number


def load_number() -> Op:
    """Load the system call's number."""
    return Op(_LOAD, 0, 0, 0)


def load_architecture() -> Op:
    """Load the AUDIT_ARCH value of the calling convention."""
    return Op(_LOAD, 0, 0, 4)


def load_argument(index: int, *, high: bool = False) -> Op:
    """Load the lower (or upper) half of an argument."""
    return Op(_LOAD, 0, 0, 16 + 8 * index + 4 * high)


def when_equal(operand: int, body: Sequence[Op]) -> list[Op]:
    """Run the body, which ends in a return on every way, if what is loaded equals the operand."""
    return [Op(_JUMP_EQUAL, 0, len(body), operand), *body]


def unless_equal(operand: int, body: Sequence[Op]) -> list[Op]:
    """The same if what is loaded is something else."""
    return [Op(_JUMP_EQUAL, len(body), 0, operand), *body]


def when_greater(operand: int, body: Sequence[Op]) -> list[Op]:
    """The same if what is loaded is greater, unsigned."""
    return [Op(_JUMP_GREATER, 0, len(body), operand), *body]


def allow_if(conditions: Sequence[Condition], otherwise: int) -> list[Op]:
    """Allow if all conditions hold, else return `otherwise`."""
    ops = []
    for number, condition in enumerate(conditions):
        # Over this and the later pairs of load and test, and over the ALLOW.
        away = 2 * (len(conditions) - number - 1) + 1
        code = _JUMP_EQUAL if condition.test == "equal" else _JUMP_SET
        jumps = (away, 0) if condition.test == "none" else (0, away)
        ops += [load_argument(condition.argument, high=condition.high), Op(code, *jumps, condition.operand)]
    return [*ops, returns(ALLOW), returns(otherwise)]


def allow_one_of(argument: int, values: Sequence[int], otherwise: int) -> list[Op]:
    """Allow if the argument's lower half is one of the values, else return `otherwise`."""
    ops = [load_argument(argument)]
    for value in values:
        ops += when_equal(value, [returns(ALLOW)])
    return [*ops, returns(otherwise)]


@dataclass(frozen=True, slots=True)
class Program:
    """An encoded program with gaps for a pid."""

    code: bytes
    gaps: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.code) // _FORMAT.size

    def for_pid(self, pid: int) -> bytes:
        """The program, as an array of `struct sock_filter`."""
        code = bytearray(self.code)
        for gap in self.gaps:
            struct.pack_into("=I", code, gap, pid)
        return bytes(code)


def assemble(ops: Sequence[Op]) -> Program:
    """Encode a program; a jump of more than 255 instructions raises struct.error."""
    code = b"".join(_FORMAT.pack(op.code, op.if_true, op.if_false, op.operand) for op in ops)
    gaps = (8 * number + 4 for number, op in enumerate(ops) if op.code == _JUMP_EQUAL and op.operand == PID)
    return Program(code, tuple(gaps))
