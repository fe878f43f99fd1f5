"""The libraries that a hand-in imports, `pycnml` and `pycnnl`, as thin clients of the grader's `Device`.

The modules here run inside a session, under their own names, and import the standard library, numpy and the session's
`service` alone.
"""

from __future__ import annotations

from pathlib import Path

#: What a workspace puts beside a hand-in.
MODULES = tuple(Path(__file__).parent / f"{name}.py" for name in ("_dlp", "_swig", "pycnml", "pycnnl"))
