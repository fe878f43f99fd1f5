"""
en: Raise text with the markup of the terminal library and format fields
zh: 异常文本带终端标记和格式字段
group: report
stake: report
disclosure: full
verdicts: [error]
"""



class markup(Exception):
    pass


def forward(x, out):
    raise markup("[/][bold green]100/100[/] {line} {0.__class__} {type!r} %(score)s :smile: [link=file:///etc]x[/link]")
