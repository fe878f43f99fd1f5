"""The libraries that a hand-in imports, `pycnml` and `pycnnl`, as thin clients of the grader's `Device`.

The modules here run inside a session, under their own names, and import the standard library, numpy and the session's
`service` alone.
"""
