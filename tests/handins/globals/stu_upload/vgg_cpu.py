# coding=utf-8
from __future__ import division, print_function
import sys, os
import warnings
import logging
import random
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
sys.path.append('..')
from time import time as now
from numpy import *
import numpy as np
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt
import scipy.io
from layers_1 import *
from layers_2 import *

warnings.filterwarnings('ignore')
np.set_printoptions(threshold=sys.maxsize, precision=4)
np.random.seed(2021)
random.seed(2021)
logging.basicConfig(level=logging.DEBUG)
DEBUG = True
layers = {}
params = None
input_image = None
print('python', sys.version, 'numpy', np.__version__)
start = now()


def log(*args):
    if DEBUG:
        print('[%8.3f]' % (now() - start), *args)


class VGG19(object):
    param_layer_name = (
        'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
        'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
        'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
        'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
        'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5',
        'flatten', 'fc6', 'relu6', 'fc7', 'relu7', 'fc8', 'softmax')

    def __init__(self, param_path='imagenet-vgg-verydeep-19.mat'):
        global params
        self.param_path = param_path
        # 在构造函数里就读入
        params = scipy.io.loadmat(param_path)

    def build_model(self):
        global layers
        last = 3
        for name in self.param_layer_name:
            kind = name[:4]
            if kind == 'conv':
                width = [64, 128, 256, 512, 512][int(name[4]) - 1]
                layers[name] = ConvolutionalLayer(3, last, width, 1, 1)
                last = width
            elif kind == 'relu':
                layers[name] = ReLULayer()
            elif kind == 'pool':
                layers[name] = MaxPoolingLayer(2, 2)
            elif name == 'flatten':
                layers[name] = FlattenLayer([512, 7, 7], [512 * 7 * 7])
            elif name == 'softmax':
                layers[name] = SoftmaxLossLayer()
            else:
                layers[name] = FullyConnectedLayer(*{'fc6': (25088, 4096), 'fc7': (4096, 4096), 'fc8': (4096, 1000)}[name])
            log('built', name)
        self.layers = layers
        self.update_layer_list = filter(lambda n: n.startswith('conv') or n.startswith('fc'), layers.keys())

    def init_model(self):
        for layer_name in self.update_layer_list:
            layers[layer_name].init_param()

    def load_model(self):
        global image_mean
        image_mean = params['normalization'][0][0][0].reshape(-1, 3).mean(axis=0)
        for idx in range(len(self.param_layer_name)):
            name = self.param_layer_name[idx]
            try:
                weight, bias = params['layers'][0][idx if idx < 37 else idx - 1][0][0][0][0]
            except ValueError:
                log('no parameters:', name)
                continue
            if name == 'flatten' or name == 'softmax':
                continue
            if weight.ndim == 4 and name.startswith('conv'):
                layers[name].load_param(transpose(weight, (2, 0, 1, 3)), bias.ravel())
            else:
                layers[name].load_param(weight.reshape([-1, weight.shape[-1]]), bias)
        log('loaded')

    def load_image(self, image_dir):
        global input_image
        input_image = plt.imread(image_dir)
        if input_image.shape[:2] != (224, 224):
            from PIL import Image
            input_image = np.array(Image.fromarray(input_image).resize((224, 224), Image.ANTIALIAS))
        input_image = (input_image.astype(np.float) - image_mean).astype(np.float32)
        input_image = input_image.transpose(2, 0, 1).reshape(1, 3, 224, 224)
        self.input_image = input_image
        plt.figure(); plt.imshow(input_image[0, 0]); plt.close()

    def forward(self):
        x = self.input_image
        for layer_name in self.param_layer_name:
            x = layers[layer_name].forward(x)
            log(layer_name, x.shape)
        return x

    def evaluate(self):
        prob = self.forward()
        top1 = prob[0].argsort()[-1]
        print('Classification result: id = %d, prob = %f' % (top1, prob[0][top1]))
