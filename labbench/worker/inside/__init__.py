"""What runs inside a session, beside the hand-in: untrusted from the moment the hand-in starts.

Theory of operation. The grader starts `zygote.py` in a clean interpreter that has never seen a golden value. It
loads this package under the name `labbench_inside`, not as part of labbench, so that nothing else of labbench
can be reached from a session. It forks at once; the parent stays as the keeper (`keeper.py`), which ends whatever is
left of a run. The zygote imports numpy once and then forks one session a request; a session puts on its limits
(`layers`), opens the hand-in (`compat`) and answers requests (`serve.py`) over a socket (`wire.py`) until it is killed.
Nothing in here is trusted by the grader: it carries no secret, and its only power is to return bytes. It imports the
standard library, numpy and itself, by relative imports only.
"""
