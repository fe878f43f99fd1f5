"""The isolation layers of a session on Linux, from our own few hundred lines of ctypes: see docs/security.md.

Theory of operation. `prepare` runs once in the zygote, after everything is loaded and before anything is forked. It
tries each layer (in a throw-away child where it cannot be undone) and keeps what it can prebuild. `foresee` runs in
the zygote before each fork; `apply` runs in each forked session before it opens the hand-in, and puts the layers on
in the order of `_LAYERS`, in which each leaves the later ones possible: limits, Landlock, other user, no
capabilities, parent-death signal, seccomp. A layer that was seen to work and now fails is an error, and the session
must not go on: isolation never gets weaker in silence. A layer that cannot be had is reported with the reason; how
much is enough is the grader's to decide.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import descriptors, kernel, landlock, namespaces, privileges, rlimits, seccomp
from .layer import Config, Layer, LayerError, Request, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "NAMES",
    "Config",
    "Layer",
    "LayerError",
    "Request",
    "Status",
    "Unavailable",
    "apply",
    "foresee",
    "prepare",
]

#: By name, in the order in which a session puts them on; `namespaces` are entered by the zygote, when prepared.
_LAYERS: tuple[tuple[str, Callable[[Config], Layer]], ...] = (
    ("namespaces", namespaces.prepare),
    ("rlimits", rlimits.prepare),
    ("no_new_privs", privileges.prepare_no_new_privs),
    ("landlock", landlock.prepare),
    ("descriptors", descriptors.prepare),
    ("uid", privileges.prepare_uid),
    ("threads", rlimits.prepare_threads),
    ("capabilities", privileges.prepare_capabilities),
    ("untraceable", privileges.prepare_untraceable),
    ("death_signal", privileges.prepare_death_signal),
    ("seccomp", seccomp.prepare),
)
#: All layers there are.
NAMES = tuple(name for name, _ in _LAYERS)
#: Layers that other systems have, too.
_PORTABLE = ("rlimits", "descriptors")


@dataclass(frozen=True, slots=True)
class Status:
    """What was found.

    Attributes:
        layers: The layers that work, by name, in the order of application.
        inactive: The others, with the reason.
    """

    layers: dict[str, Layer]
    inactive: dict[str, str]

    @property
    def active(self) -> dict[str, str]:
        """The layers that work, with what they hold here."""
        return {name: layer.detail for name, layer in self.layers.items()}

    def plain(self) -> dict[str, dict[str, str]]:
        """As plain data for the grader: {"active": …, "inactive": …}."""
        return {"active": self.active, "inactive": self.inactive}


def prepare(config: Config) -> Status:
    """Find out which layers can be had here, enter namespaces, and make this process untraceable.

    Args:
        config: From the grader; everything may be missing:
            `packages`: {top-level package: the folder it is installed in}, for what sessions may read;
            `read`: existing paths instead of those computed from `packages` and this interpreter;
            `off`: names of layers to leave out;
            `landlock_abi`: use no newer ABI.
    """
    layers: dict[str, Layer] = {}
    inactive: dict[str, str] = {}
    for name, prepare_layer in _LAYERS:
        try:
            if name in config.get("off", ()):
                raise Unavailable("left out")
            if sys.platform != "linux" and name not in _PORTABLE:
                raise Unavailable("needs Linux")
            layers[name] = prepare_layer(config)
        except Unavailable as why:
            inactive[name] = str(why)
    while layers and (failure := _try_on(layers)) is not None:
        name, reason = failure
        layer = layers.pop(name)
        if layer.weaker is None:
            inactive[name] = reason
        else:
            layers = {n: layers.get(n, layer.weaker) for n, _ in _LAYERS if n in layers or n == name}
    return Status(layers, inactive)


def _try_on(layers: dict[str, Layer]) -> tuple[str, str] | None:
    """Put all on in a throw-away child, each checked at once; the first that fails, and why."""
    request = {"limits": {"memory": 1 << 30, "cpu": 10}, "parent": os.getpid()}

    def probe() -> str:
        for name, layer in layers.items():
            try:
                layer.apply(request)
                layer.check()
            except (OSError, LayerError, Unavailable) as error:
                return f"{name}\n{kernel.reason(error)}"
        return ""

    try:
        name, _, reason = kernel.in_child(probe).partition("\n")
    except Unavailable as died:
        # Nobody knows where: the last one is the likeliest, and the others get their turn.
        name, reason = [*layers][-1], str(died)
    return (name, reason) if name else None


def foresee(status: Status, request: Request) -> None:
    """Build in the zygote what the next session, and those like it, need not build for themselves.

    Args:
        status: From `prepare`, in this process.
        request: As for `apply`.

    Raises:
        LayerError: a layer could not be put on; nothing must be forked.
    """
    for name, layer in status.layers.items():
        try:
            layer.foresee(request)
        except OSError as error:
            raise LayerError(f"{name}: {kernel.reason(error)}") from error


def apply(status: Status, request: Request) -> None:
    """Put all active layers on this process, for good.

    Args:
        status: From `prepare`, in the process that this one was forked from.
        request: `limits`: {"memory": bytes beyond what is mapped, "cpu": seconds, "file": bytes, 0 if missing};
            `parent`: the zygote's pid; `read`: existing paths that only this session may read; `keep`:
            descriptors beside 0, 1 and 2 that stay open, all others are closed.

    Raises:
        LayerError: a layer fails; the process must end without running anything of the hand-in.
    """
    for name, layer in status.layers.items():
        try:
            layer.apply(request)
        except (OSError, ValueError, LayerError) as error:
            raise LayerError(f"{name}: {kernel.reason(error)}") from error
