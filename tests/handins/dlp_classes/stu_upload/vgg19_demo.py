"""VGG19 on MLU370.

The code of last year began with
import pycnml
and took quantisation parameters, which are no longer needed.
"""
import argparse
import os
import time

import numpy as np
import scipy.io
import skimage_free as _  # local helper, see skimage_free.py

import pycnnl as cnnl


class Layer:
    params = False

    def __init__(self, name):
        self.name = name

    def create(self, net, shape):
        raise NotImplementedError


class Conv(Layer):
    params = True

    def __init__(self, name, out):
        super().__init__(name)
        self.out = out

    def create(self, net, shape):
        n, c, h, w = shape
        net.createConvLayer(self.name, cnnl.IntVector(list(shape)), self.out, 3, 1, 1, 1)
        return n, self.out, h, w

    def arrange(self, w):
        return np.moveaxis(w, -1, 0)


class ReLU(Layer):
    def create(self, net, shape):
        net.createReLuLayer(self.name)
        return shape


class Pool(Layer):
    def create(self, net, shape):
        n, c, h, w = shape
        net.createPoolingLayer(self.name, cnnl.IntVector(list(shape)), 2, 2)
        return n, c, h // 2, w // 2


class FC(Layer):
    params = True

    def __init__(self, name, out):
        super().__init__(name)
        self.out = out

    def create(self, net, shape):
        n_in = int(np.prod(shape))
        net.createMlpLayer(self.name, [1, 1, 1, n_in], [1, 1, n_in, self.out], [1, 1, 1, self.out])
        return 1, 1, 1, self.out

    def arrange(self, w):
        return w


class Softmax(Layer):
    def create(self, net, shape):
        net.createSoftmaxLayer(self.name, list(shape[1:]), 1)
        return shape


class VGG19:
    def __init__(self):
        self.net = cnnl.CnnlNet()
        self.layers = []
        for b, (c, n) in enumerate(((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)), 1):
            for i in range(1, n + 1):
                self.layers += [Conv('conv%d_%d' % (b, i), c), ReLU('relu%d_%d' % (b, i))]
            self.layers.append(Pool('pool%d' % b))
        self.layers += [FC('fc6', 4096), ReLU('relu6'), FC('fc7', 4096), ReLU('relu7'), FC('fc8', 1000), Softmax('softmax')]

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        assert os.path.exists(param_path), param_path
        self.param_path = param_path
        shape = (1, 3, 224, 224)
        for layer in self.layers:
            shape = layer.create(self.net, shape)

    def load_model(self):
        mat = scipy.io.loadmat(self.param_path, variable_names=['layers', 'normalization'])
        self.image_mean = np.mean(mat['normalization'][0][0][0], axis=(0, 1))
        for i, layer in enumerate(self.layers):
            if layer.params:
                w, b = mat['layers'][0][i][0][0][0][0]
                w = layer.arrange(w).flatten()
                self.net.loadParams(i, w.astype(np.float64), b.flatten().astype(np.float64))

    def load_image(self, path):
        self.net.setInputData(_.read(path, 224, self.image_mean))

    def forward(self):
        return self.net.forward()

    def get_top5(self, label):
        self.forward()
        p = np.array(self.net.getOutputData())
        top = np.flip(np.argsort(p))[:5]
        print(top, p[top])
        return bool(top[0] == label), bool(np.isin(label, top))

    def evaluate(self, file_list):
        start = time.time()
        ok = np.zeros(2, int)
        total = 0
        for line in open(file_list):
            name, label = line.strip().rsplit(' ', 1)
            self.load_image(name)
            ok += self.get_top5(int(label))
            total += 1
        print(ok / total, time.time() - start, 's')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--list', default='../../file_list')
    args = parser.parse_args()
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.evaluate(args.list)
