"""
en: Answer "pass", None, True or a list instead of an array
zh: 用 "pass" 等代替数组作答
group: lies
stake: golden
verdicts: [type]
scenarios: [conv, pool, fully_connected, softmax]
"""



def conv(x, out):
    return "pass"


def pool(x, out):
    return None


def dense(x, out):
    return True


def softmax(x, out):
    return [[1.0]]
