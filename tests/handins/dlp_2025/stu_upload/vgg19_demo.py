from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import imageio.v2 as imageio
import numpy as np
import pycnnl
import scipy.io
from einops import rearrange
from PIL import Image


@dataclass
class Spec:
    kind: str
    name: str
    cin: int = 0
    cout: int = 0
    size: int = 0


def vgg19() -> Iterator[Spec]:
    cin, size = 3, 224
    for block, (times, cout) in enumerate(zip((2, 2, 4, 4, 4), (64, 128, 256, 512, 512)), start=1):
        for i in range(times):
            yield Spec('conv', f'conv{block}_{i + 1}', cin, cout, size)
            yield Spec('relu', f'relu{block}_{i + 1}')
            cin = cout
        yield Spec('pool', f'pool{block}', cin, cin, size)
        size //= 2
    cin *= size * size
    for i, cout in zip((6, 7, 8), (4096, 4096, 1000)):
        yield Spec('fc', f'fc{i}', cin, cout)
        if i < 8:
            yield Spec('relu', f'relu{i}')
        cin = cout
    yield Spec('softmax', 'softmax')


class VGG19:
    def __init__(self) -> None:
        self.net = pycnnl.CnnlNet()
        self.specs: list[Spec] = list(vgg19())

    def build_model(self, param_path: str = '../../imagenet-vgg-verydeep-19.mat') -> None:
        self.param_path = Path(param_path)
        self.net.setInputShape(1, 3, 224, 224)
        for s in self.specs:
            match s.kind:
                case 'conv':
                    self.net.createConvLayer(s.name, pycnnl.IntVector([1, s.cin, s.size, s.size]), s.cout, 3, 1, 1, 1)
                case 'relu':
                    self.net.createReLuLayer(s.name)
                case 'pool':
                    self.net.createPoolingLayer(s.name, pycnnl.IntVector((1, s.cin, s.size, s.size)), 2, 2)
                case 'fc':
                    self.net.createMlpLayer(s.name, (1, 1, 1, s.cin), (1, 1, s.cin, s.cout), (1, 1, 1, s.cout))
                case 'softmax':
                    self.net.createSoftmaxLayer(s.name, (1, 1, 1000), 1)

    def load_model(self) -> None:
        params = scipy.io.loadmat(str(self.param_path))
        self.image_mean = params['normalization'][0][0][0].mean((0, 1))
        for idx, s in enumerate(self.specs):
            if s.kind not in {'conv', 'fc'}:
                continue
            weight, bias = params['layers'][0][idx][0][0][0][0]
            if s.kind == 'conv':
                weight = rearrange(weight, 'h w i o -> o h w i')
            self.net.loadParams(idx, weight.astype(np.float64).reshape(-1), bias.astype(np.float64).reshape(-1))

    def load_image(self, image_dir: str) -> None:
        image = imageio.imread(image_dir)
        image = np.array(Image.fromarray(image).resize((224, 224), Image.Resampling.LANCZOS)).astype(np.float32)
        image = image - self.image_mean
        image = image[np.newaxis, ...]
        self.net.setInputData(image.flatten().astype(np.float64))

    def forward(self):
        return self.net.forward()

    def get_top5(self, label: int) -> tuple[bool, bool]:
        begin = time.perf_counter_ns()
        self.forward()
        print(f'{(time.perf_counter_ns() - begin) / 1e6:.2f} ms')
        ranked = sorted(enumerate(self.net.getOutputData()), key=lambda x: x[1], reverse=True)[:5]
        print(*ranked, sep='\n')
        ids = [i for i, _ in ranked]
        return ids[0] == label, label in ids

    def evaluate(self, file_list: str) -> None:
        lines = Path(file_list).read_text().splitlines()
        results = []
        for line in lines:
            path, label = line.split()
            self.load_image(path)
            results.append(self.get_top5(int(label)))
        print(f'{sum(a for a, _ in results) / len(results)=}, {sum(b for _, b in results) / len(results)=}')


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.evaluate('../../file_list')
