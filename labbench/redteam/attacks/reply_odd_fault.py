"""
en: Report an exception whose every field is of another type
zh: 上报字段类型全错的异常
group: protocol
stake: report
disclosure: full
verdicts: [error, forbidden, not_implemented]
scenarios: [conv, pool, fully_connected, softmax]
"""

from told import *


def conv(x, out):
    send(b'{"fault": {"kind": ["x"], "type": 5, "message": {"a": 1}, "line": 1e308, "file": null}}')


def pool(x, out):
    send(b'{"fault": {"kind": "blank", "file": "a.py", "line": -7, "code": "{code} {0} %s"}}')


def dense(x, out):
    send(b'{"fault": true, "handle": 3}')


def softmax(x, out):
    send(b'{"fault": {"kind": "exception", "type": "{message}", "message": "{type}", "file": "{x}", "line": true}}')
