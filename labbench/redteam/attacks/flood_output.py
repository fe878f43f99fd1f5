"""
en: Print without end
zh: 无休止地输出
group: time
stake: hang
verdicts: [output]
"""



def forward(x, out):
    while True:
        print("again and again " * 64)
