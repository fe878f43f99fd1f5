# -*- coding: utf-8 -*-
import time

import numpy as np
import scipy.io
from PIL import Image

from layers_1 import FullyConnectedLayer, ReLULayer, SoftmaxLossLayer
from layers_2 import ConvolutionalLayer, FlattenLayer, MaxPoolingLayer


class VGG19(object):
    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = [
            'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
            'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
            'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
            'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
            'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5',
            'flatten', 'fc6', 'relu6', 'fc7', 'relu7', 'fc8', 'softmax',
        ]

    def build_model(self):
        self.layers = {}
        # 每个卷积层的输入、输出通道数
        channels = {
            'conv1_1': (3, 64), 'conv1_2': (64, 64),
            'conv2_1': (64, 128), 'conv2_2': (128, 128),
            'conv3_1': (128, 256), 'conv3_2': (256, 256), 'conv3_3': (256, 256), 'conv3_4': (256, 256),
            'conv4_1': (256, 512), 'conv4_2': (512, 512), 'conv4_3': (512, 512), 'conv4_4': (512, 512),
            'conv5_1': (512, 512), 'conv5_2': (512, 512), 'conv5_3': (512, 512), 'conv5_4': (512, 512),
        }
        for name in self.param_layer_name:
            if 'conv' in name:
                c_in, c_out = channels[name]
                self.layers[name] = ConvolutionalLayer(3, c_in, c_out, 1, 1)
            elif 'relu' in name:
                self.layers[name] = ReLULayer()
            elif 'pool' in name:
                self.layers[name] = MaxPoolingLayer(2, 2)
        self.layers['flatten'] = FlattenLayer([512, 7, 7], [25088])
        self.layers['fc6'] = FullyConnectedLayer(25088, 4096)
        self.layers['fc7'] = FullyConnectedLayer(4096, 4096)
        self.layers['fc8'] = FullyConnectedLayer(4096, 1000)
        self.layers['softmax'] = SoftmaxLossLayer()

        self.update_layer_list = []
        for name in self.param_layer_name:
            if 'conv' in name or 'fc' in name:
                self.update_layer_list.append(name)

    def init_model(self):
        print('init parameters ...')
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        print('load parameters from ' + self.param_path)
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for i in range(44):
            name = self.param_layer_name[i]
            if 'conv' in name:
                w, b = params['layers'][0][i][0][0][0][0]
                # [k, k, c_in, c_out] -> [c_in, k, k, c_out]
                self.layers[name].load_param(np.transpose(w, [2, 0, 1, 3]), b.reshape(-1))
            if 'fc' in name:
                # mat 文件里没有 flatten
                w, b = params['layers'][0][i - 1][0][0][0][0]
                w = w.reshape([w.shape[0] * w.shape[1] * w.shape[2], w.shape[3]])
                self.layers[name].load_param(w, b)

    def load_image(self, image_dir):
        img = Image.open(image_dir).convert('RGB').resize((224, 224), Image.BILINEAR)
        img = np.array(img, dtype=np.float32)
        img = img - self.image_mean
        img = img.reshape([1, 224, 224, 3])
        self.input_image = np.transpose(img, [0, 3, 1, 2]).astype(np.float32)

    def forward(self):
        start = time.time()
        x = self.input_image
        for name in self.param_layer_name:
            x = self.layers[name].forward(x)
        print('forward time: %f s' % (time.time() - start))
        return x

    def evaluate(self):
        prob = self.forward()
        top1 = np.argmax(prob[0])
        print('Classification result: id = %d, prob = %f' % (top1, prob[0, top1]))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    vgg.load_image('../../cat1.jpg')
    vgg.evaluate()
