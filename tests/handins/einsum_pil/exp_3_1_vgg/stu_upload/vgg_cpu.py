from __future__ import annotations

import numpy as np
import scipy.io
from PIL import Image

from layers_1 import FullyConnectedLayer, ReLULayer, SoftmaxLossLayer
from layers_2 import ConvolutionalLayer, FlattenLayer, MaxPoolingLayer

CONFIG = [64, 64, 'P', 128, 128, 'P', 256, 256, 256, 256, 'P', 512, 512, 512, 512, 'P', 512, 512, 512, 512, 'P']


class VGG19:
    def __init__(self, param_path: str = '../imagenet-vgg-verydeep-19.mat') -> None:
        self.param_path = param_path
        self.param_layer_name = ['conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1', 'conv2_1', 'relu2_1', 'conv2_2',
                                 'relu2_2', 'pool2', 'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3',
                                 'conv3_4', 'relu3_4', 'pool3', 'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3',
                                 'relu4_3', 'conv4_4', 'relu4_4', 'pool4', 'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2',
                                 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5', 'flatten', 'fc6', 'relu6', 'fc7',
                                 'relu7', 'fc8', 'softmax']

    def build_model(self) -> None:
        self.layers = {}
        block, number, channels = 1, 1, 3
        for item in CONFIG:
            if item == 'P':
                self.layers[f'pool{block}'] = MaxPoolingLayer(2, 2)
                block, number = block + 1, 1
            else:
                self.layers[f'conv{block}_{number}'] = ConvolutionalLayer(
                    kernel_size=3, channel_in=channels, channel_out=item, padding=1, stride=1)
                self.layers[f'relu{block}_{number}'] = ReLULayer()
                number, channels = number + 1, item
        self.layers |= {
            'flatten': FlattenLayer((512, 7, 7), (25088,)),
            'fc6': FullyConnectedLayer(25088, 4096), 'relu6': ReLULayer(),
            'fc7': FullyConnectedLayer(4096, 4096), 'relu7': ReLULayer(),
            'fc8': FullyConnectedLayer(4096, 1000), 'softmax': SoftmaxLossLayer(),
        }
        self.update_layer_list = [k for k, v in self.layers.items()
                                  if isinstance(v, (ConvolutionalLayer, FullyConnectedLayer))]

    def init_model(self) -> None:
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self) -> None:
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        stored = [n for n in self.param_layer_name if n != 'flatten']
        for index, name in enumerate(stored):
            match name[:2]:
                case 'co':
                    weight, bias = params['layers'][0, index][0, 0][0][0]
                    self.layers[name].load_param(np.transpose(weight, (2, 0, 1, 3)), bias.squeeze())
                case 'fc':
                    weight, bias = params['layers'][0, index][0, 0][0][0]
                    kh, kw, cin, cout = weight.shape
                    self.layers[name].load_param(weight.reshape(kh * kw * cin, cout), bias)

    def load_image(self, image_path: str) -> None:
        with Image.open(image_path) as im:
            rgb = im.convert('RGB').resize((224, 224), resample=Image.Resampling.LANCZOS)
        image = np.asarray(rgb).astype(np.float32) - self.image_mean
        self.input_image = image.transpose(2, 0, 1)[np.newaxis].astype(np.float32)

    def forward(self):
        current = self.input_image
        for name in self.param_layer_name:
            current = self.layers[name].forward(current)
        return current

    def evaluate(self):
        prob = self.forward().squeeze()
        print(f'Classification result: id = {prob.argmax():d}, prob = {prob.max():f}')


if __name__ == '__main__':
    ...
