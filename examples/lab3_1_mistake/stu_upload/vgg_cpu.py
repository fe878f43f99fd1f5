import numpy as np
from PIL import Image
from scipy.io import loadmat

from layers_1 import FullyConnectedLayer, ReLULayer, SoftmaxLossLayer
from layers_2 import ConvolutionalLayer, FlattenLayer, MaxPoolingLayer

# output channels of each conv layer, 'M' = max pooling
CONFIG = [64, 64, 'M', 128, 128, 'M', 256, 256, 256, 256, 'M', 512, 512, 512, 512, 'M', 512, 512, 512, 512, 'M']


class VGG19:
    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = []

    def build_model(self):
        self.layers = {}
        block, idx, c_in = 1, 1, 3
        for c in CONFIG:
            if c == 'M':
                self.layers['pool%d' % block] = MaxPoolingLayer(2, 2)
                block, idx = block + 1, 1
            else:
                self.layers['conv%d_%d' % (block, idx)] = ConvolutionalLayer(3, c_in, c, 1, 1)
                self.layers['relu%d_%d' % (block, idx)] = ReLULayer()
                idx, c_in = idx + 1, c
        self.layers['flatten'] = FlattenLayer((512, 7, 7), (512 * 7 * 7,))
        self.layers['fc6'] = FullyConnectedLayer(512 * 7 * 7, 4096)
        self.layers['relu6'] = ReLULayer()
        self.layers['fc7'] = FullyConnectedLayer(4096, 4096)
        self.layers['relu7'] = ReLULayer()
        self.layers['fc8'] = FullyConnectedLayer(4096, 1000)
        self.layers['softmax'] = SoftmaxLossLayer()
        self.param_layer_name = list(self.layers)
        self.update_layer_list = [n for n in self.layers if n[:4] == 'conv' or n[:2] == 'fc']

    def init_model(self):
        for n in self.update_layer_list:
            self.layers[n].init_param()

    def load_model(self):
        params = loadmat(self.param_path)
        self.mean = params['normalization'][0][0][0].mean(axis=(0, 1))
        entries = list(params['layers'][0])
        entries.insert(37, None)      # so that flatten has an entry too
        for n, entry in zip(self.param_layer_name, entries):
            if n not in self.update_layer_list:
                continue
            weight, bias = entry[0][0][0][0]
            if n.startswith('conv'):
                self.layers[n].load_param(weight.transpose(2, 0, 1, 3), bias.flatten())
            else:
                self.layers[n].load_param(weight.reshape(-1, weight.shape[-1]), bias)

    def load_image(self, path):
        img = Image.open(path).convert('RGB')
        img = img.resize((224, 224), Image.BILINEAR)
        x = np.asarray(img, dtype='float32') - self.mean
        self.input_image = x.transpose(2, 0, 1)[None].astype('float32')

    def forward(self):
        out = self.input_image
        for n in self.param_layer_name:
            out = self.layers[n].forward(out)
        return out

    def evaluate(self):
        prob = self.forward()[0]
        print('Classification result: id = %d, prob = %f' % (prob.argmax(), prob.max()))


if __name__ == '__main__':
    net = VGG19()
    net.build_model()
    net.init_model()
    net.load_model()
    net.load_image('../../cat1.jpg')
    net.evaluate()
