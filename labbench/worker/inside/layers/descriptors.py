"""Descriptors: a session keeps those it is given and no other.

Theory of operation. Landlock confines what is opened later, not what is open, so nothing may be inherited by
accident: not the zygote's control socket, not the paths that it holds for Landlock's rules. Few new ones can be
opened, which also bounds what pipes can hold in the kernel. This comes after Landlock, whose rules need both.
"""

from __future__ import annotations

import os
import resource

from .layer import Config, Layer, Request
from .rlimits import set_limit

_STANDARD = (0, 1, 2)
_PAST_ALL = 1 << 20
_MOST = 64


def prepare(_config: Config) -> Layer:
    """Close all descriptors but 0, 1, 2 and those in the request's `keep`."""

    def apply(request: Request) -> None:
        kept = sorted({*_STANDARD, *request.get("keep", ())})
        for low, high in zip(kept, [*kept[1:], _PAST_ALL], strict=True):
            os.closerange(low + 1, high)
        set_limit(resource.RLIMIT_NOFILE, _MOST, _MOST)

    return Layer(f"all closed but the session's own; NOFILE {_MOST}", apply)
