"""
en: Raise text of a hundred megabytes, from a __str__ that lies
zh: 抛出超长异常文本
group: report
stake: report
disclosure: full
verdicts: [error, memory, output, forbidden]
"""



class Long(Exception):
    def __str__(self):
        return "x" * 100_000_000


def forward(x, out):
    raise Long
