# -*- coding: utf-8 -*-
# 非实时风格迁移，2024 秋
import numpy as np
import scipy.io
import imageio.v2 as imageio
from PIL import Image
import time
from stu_upload.layers_1 import ReLULayer
from stu_upload.layers_2 import ConvolutionalLayer, MaxPoolingLayer
from stu_upload.layers_3 import ContentLossLayer, StyleLossLayer

结构 = [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)]


class VGG19(object):
    def __init__(self, param_path):
        self.param_path = param_path
        self.param_layer_name = []
        for i, (个数, _) in enumerate(结构):
            for j in range(个数):
                self.param_layer_name += ['conv%d_%d' % (i + 1, j + 1), 'relu%d_%d' % (i + 1, j + 1)]
            self.param_layer_name.append('pool%d' % (i + 1))

    def build_model(self):
        self.layers = dict()
        self.update_layer_list = list()
        last = 3
        for i, (个数, 通道) in enumerate(结构):
            for j in range(个数):
                name = 'conv%d_%d' % (i + 1, j + 1)
                self.layers[name] = ConvolutionalLayer(3, last, 通道, 1, 1)
                self.update_layer_list.append(name)
                self.layers[name.replace('conv', 'relu')] = ReLULayer()
                last = 通道
            self.layers['pool%d' % (i + 1)] = MaxPoolingLayer(2, 2)

    def init_model(self):
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        mean = params['normalization'][0][0][0]
        self.image_mean = np.mean(mean, axis=(0, 1))
        for idx, name in enumerate(self.param_layer_name):
            if name in self.update_layer_list:
                weight, bias = params['layers'][0][idx][0][0][0][0]
                self.layers[name].load_param(weight.transpose(2, 0, 1, 3), bias.squeeze())

    def load_image(self, image_path, image_height, image_width):
        img = imageio.imread(image_path)
        image_shape = list(img.shape)
        img = np.array(Image.fromarray(img).resize((image_width, image_height)))
        img = (img - self.image_mean)[np.newaxis].transpose(0, 3, 1, 2)
        return img.astype('float32'), image_shape

    def save_image(self, input_image, image_shape, image_path):
        img = input_image.transpose(0, 2, 3, 1)[0] + self.image_mean
        img = np.clip(img, 0, 255).astype(np.uint8)
        imageio.imwrite(image_path, np.array(Image.fromarray(img).resize((image_shape[1], image_shape[0]))))

    def forward(self, input_image, layer_list):
        out = {}
        x = input_image
        for name in self.param_layer_name:
            x = self.layers[name].forward(x)
            out[name] = x          # 全部都存
        return out

    def backward(self, dloss, layer_name):
        i = self.param_layer_name.index(layer_name)
        while i >= 0:
            dloss = self.layers[self.param_layer_name[i]].backward(dloss)
            i -= 1
        return dloss


def get_random_img(content_image, noise):
    return np.random.uniform(-20, 20, content_image.shape) * noise + content_image * (1 - noise)


class AdamOptimizer(object):
    def __init__(self, lr, diff_shape):
        self.lr, self.b1, self.b2, self.eps, self.t = lr, 0.9, 0.999, 1e-8, 0
        self.m = self.v = np.zeros(diff_shape)

    def update(self, input, grad):
        self.t = self.t + 1
        self.m = self.m * self.b1 + grad * (1 - self.b1)
        self.v = self.v * self.b2 + grad ** 2 * (1 - self.b2)
        lr = self.lr * np.sqrt(1 - self.b2 ** self.t) / (1 - self.b1 ** self.t)
        input -= lr * self.m / (np.sqrt(self.v) + self.eps)
        return input
