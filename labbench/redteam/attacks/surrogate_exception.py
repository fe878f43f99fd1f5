"""
en: Raise text that no encoding can write
zh: 异常文本包含无法编码的字符
group: report
stake: report
disclosure: full
verdicts: [error]
"""



def forward(x, out):
    raise ValueError("\ud800\udfff \x00 " + "é" * 600)
