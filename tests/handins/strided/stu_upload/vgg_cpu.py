import os

import numpy as np
import scipy.io as sio
from PIL import Image

from .layers_1 import FullyConnectedLayer, ReLULayer, SoftmaxLossLayer
from .layers_2 import ConvolutionalLayer, FlattenLayer, MaxPoolingLayer

BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
HERE = os.path.dirname(os.path.abspath(__file__))


class VGG19:
    def __init__(self, param_path=os.path.join(HERE, '..', '..', 'imagenet-vgg-verydeep-19.mat')):
        self.param_path = param_path
        names = []
        for i, (n, _) in enumerate(BLOCKS, 1):
            for j in range(1, n + 1):
                names += [f'conv{i}_{j}', f'relu{i}_{j}']
            names.append(f'pool{i}')
        names += ['flatten', 'fc6', 'relu6', 'fc7', 'relu7', 'fc8', 'softmax']
        self.param_layer_name = tuple(names)

    def build_model(self):
        self.layers = {}
        cin = 3
        for i, (n, cout) in enumerate(BLOCKS, 1):
            for j in range(1, n + 1):
                self.layers[f'conv{i}_{j}'] = ConvolutionalLayer(3, cin, cout, 1, 1)
                self.layers[f'relu{i}_{j}'] = ReLULayer()
                cin = cout
            self.layers[f'pool{i}'] = MaxPoolingLayer(2, 2)
        self.layers['flatten'] = FlattenLayer((512, 7, 7), (512 * 7 * 7,))
        for name, shape in {'fc6': (25088, 4096), 'fc7': (4096, 4096), 'fc8': (4096, 1000)}.items():
            self.layers[name] = FullyConnectedLayer(*shape)
        self.layers['relu6'] = ReLULayer()
        self.layers['relu7'] = ReLULayer()
        self.layers['softmax'] = SoftmaxLossLayer()
        self.update_layer_list = [n for n in self.param_layer_name if n[:4] == 'conv' or n[:2] == 'fc']

    def init_model(self):
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        mat = sio.loadmat(self.param_path)
        self.image_mean = mat['normalization'][0][0][0].mean(axis=(0, 1))
        entries = mat['layers'][0]
        idx = 0
        for name in self.param_layer_name:
            if name == 'flatten':
                continue                     # no entry in the file
            if name in self.update_layer_list:
                w, b = entries[idx][0, 0][0][0]
                if name.startswith('conv'):
                    self.layers[name].load_param(w.transpose(2, 0, 1, 3), b.flatten())
                else:
                    self.layers[name].load_param(w.reshape(-1, w.shape[-1]), b.reshape(1, -1))
            idx += 1

    def load_image(self, image_path):
        img = Image.open(image_path).convert('RGB')
        if img.size != (224, 224):
            img = img.resize((224, 224), Image.BILINEAR)
        img = np.asarray(img, dtype=np.float32) - self.image_mean.astype(np.float32)
        self.input_image = img[None].transpose(0, 3, 1, 2)

    def forward(self):
        x = self.input_image
        for name in self.param_layer_name:
            x = self.layers[name].forward(x)
        return x

    def evaluate(self):
        p = self.forward()[0]
        best = int(p.argmax())
        print('Classification result: id = %d, prob = %f' % (best, p[best]))
        return best, p[best]


if __name__ == '__main__':
    net = VGG19()
    net.build_model(); net.init_model(); net.load_model()
    net.load_image('cat1.jpg')
    net.evaluate()
