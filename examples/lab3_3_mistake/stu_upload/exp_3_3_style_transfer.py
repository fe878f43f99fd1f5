import os

import numpy as np
import scipy.io
import scipy.misc

from layers_1 import ReLULayer
from layers_2 import ConvolutionalLayer, MaxPoolingLayer
from layers_3 import ContentLossLayer, StyleLossLayer

# output channels of each conv layer, 'M' = max pooling
CONFIG = [64, 64, 'M', 128, 128, 'M', 256, 256, 256, 256, 'M', 512, 512, 512, 512, 'M', 512, 512, 512, 512, 'M']
CONTENT = ['relu4_2']
STYLE = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']
ALPHA, BETA = 1, 500
HEIGHT, WIDTH = 192, 320


class VGG19:
    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = []

    def build_model(self):
        self.layers = {}
        block, idx, c_in = 1, 1, 3
        for c in CONFIG:
            if c == 'M':
                self.layers['pool%d' % block] = MaxPoolingLayer(2, 2, 1)
                block, idx = block + 1, 1
            else:
                self.layers['conv%d_%d' % (block, idx)] = ConvolutionalLayer(3, c_in, c, 1, 1, 1)
                self.layers['relu%d_%d' % (block, idx)] = ReLULayer()
                idx, c_in = idx + 1, c
        self.param_layer_name = list(self.layers)
        self.update_layer_list = [n for n in self.layers if n[:4] == 'conv']

    def init_model(self):
        for n in self.update_layer_list:
            self.layers[n].init_param()

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        self.mean = params['normalization'][0][0][0].mean(axis=(0, 1))
        for n, entry in zip(self.param_layer_name, params['layers'][0]):
            if n in self.update_layer_list:
                weight, bias = entry[0][0][0][0]
                self.layers[n].load_param(weight.transpose(2, 0, 1, 3), bias.flatten())

    def load_image(self, image_dir, height, width):
        image = scipy.misc.imread(image_dir, mode='RGB')
        x = scipy.misc.imresize(image, [height, width]).astype('float32') - self.mean
        return x.transpose(2, 0, 1)[None].astype('float32'), image.shape

    def save_image(self, image, shape, image_dir):
        x = image[0].transpose(1, 2, 0) + self.mean
        x = np.clip(x, 0, 255).astype('uint8')
        scipy.misc.imsave(image_dir, scipy.misc.imresize(x, shape[:2]))

    def forward(self, image, layer_list):
        out, kept = image, {}
        for n in self.param_layer_name:
            out = self.layers[n].forward(out)
            kept[n] = out
        return {n: kept[n] for n in layer_list}

    def backward(self, dloss, layer_name):
        upto = self.param_layer_name.index(layer_name) + 1
        for n in self.param_layer_name[:upto][::-1]:
            dloss = self.layers[n].backward(dloss)
        return dloss


def get_random_img(content_image, noise):
    random = np.random.uniform(-20, 20, content_image.shape)
    return noise * random + (1 - noise) * content_image


class AdamOptimizer:
    def __init__(self, lr, diff_shape):
        self.lr, self.t = lr, 0
        self.m, self.v = np.zeros(diff_shape), np.zeros(diff_shape)

    def update(self, input, grad):
        self.t += 1
        self.m += (1 - 0.9) * (grad - self.m)
        self.v += (1 - 0.999) * (grad * grad - self.v)
        # bias correction of both moments in one step size
        lr = self.lr * np.sqrt(1 - 0.999 ** self.t) / (1 - 0.9 ** self.t)
        eps = 1e-8 * np.sqrt(1 - 0.999 ** self.t)
        return input - lr * self.m / (np.sqrt(self.v) + eps)


if __name__ == '__main__':
    net = VGG19()
    net.build_model()
    net.init_model()
    net.load_model()
    content_image, shape = net.load_image('../../weinisi.jpg', HEIGHT, WIDTH)
    style_image, _ = net.load_image('../../style.jpg', HEIGHT, WIDTH)
    content_target = net.forward(content_image, CONTENT)
    style_target = net.forward(style_image, STYLE)
    content_loss, style_loss = ContentLossLayer(), StyleLossLayer()
    image = get_random_img(content_image, 0.5)
    adam = AdamOptimizer(1.0, image.shape)
    if not os.path.exists('../output'):
        os.mkdir('../output')
    for step in range(100):
        now = net.forward(image, CONTENT + STYLE)
        loss, grad = 0, 0
        for targets, layer, factor in [(content_target, content_loss, ALPHA), (style_target, style_loss, BETA)]:
            for n in targets:
                loss = loss + factor * layer.forward(now[n], targets[n]) / len(targets)
                grad = grad + factor * net.backward(layer.backward(now[n], targets[n]), n) / len(targets)
        image = adam.update(image, grad)
        print('step %d loss %f' % (step, loss))
        if step % 20 == 0:
            net.save_image(image, shape, '../output/output_%d.jpg' % step)
