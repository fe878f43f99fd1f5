"""Experiment 6.3: style transfer, LLM edition."""
import time
import numpy as np
import scipy.io
from PIL import Image

from .layers_1 import ReLULayer
from .layers_2 import ConvolutionalLayer, MaxPoolingLayer
from .layers_3 import ContentLossLayer, StyleLossLayer


class VGG19(object):
    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = (
            'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
            'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
            'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
            'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
            'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5')

    def build_model(self):
        cfg = {'1': (3, 64), '2': (64, 128), '3': (128, 256), '4': (256, 512), '5': (512, 512)}
        self.layers = {}
        for name in self.param_layer_name:
            kind, where = name[:4], name[4:]
            if kind == 'conv':
                cin, cout = cfg[where[0]]
                self.layers[name] = ConvolutionalLayer(3, cin if where.endswith('_1') else cout, cout, 1, 1, 1)
            elif kind == 'relu':
                self.layers[name] = ReLULayer()
            else:
                self.layers[name] = MaxPoolingLayer(kernel_size=2, stride=2, type=1)
        self.update_layer_list = [l for l in self.layers if l.startswith('conv')]

    def init_model(self):
        for l in self.update_layer_list:
            self.layers[l].init_param()

    def load_model(self):
        params = scipy.io.loadmat(self.param_path, squeeze_me=False)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1)).astype(np.float32)
        for idx in range(37):
            name = self.param_layer_name[idx]
            if name[:4] != 'conv':
                continue
            cell = params['layers'][0][idx][0][0][0]
            w, b = cell[0][0], cell[0][1]
            self.layers[name].load_param(np.ascontiguousarray(w.transpose((2, 0, 1, 3))), b.flatten())

    def load_image(self, image_dir, image_height, image_width):
        image = Image.open(image_dir)
        if image.mode != 'RGB':
            image = image.convert('RGB')
        shape = (image.height, image.width, 3)
        image = image.resize((image_width, image_height), resample=Image.Resampling.LANCZOS)
        image = np.asarray(image, dtype=np.float32) - self.image_mean
        image = np.expand_dims(image, 0).transpose((0, 3, 1, 2))
        return image, shape

    def save_image(self, input_image, image_shape, image_dir):
        image = (input_image[0].transpose(1, 2, 0) + self.image_mean).clip(0, 255).astype(np.uint8)
        Image.fromarray(image).resize((image_shape[1], image_shape[0]), Image.Resampling.LANCZOS).save(image_dir)

    def forward(self, input_image, layer_list):
        features, x = {}, input_image
        for name in self.param_layer_name:
            x = self.layers[name].forward(x)
            if name in layer_list:
                features[name] = x.copy()
        return features

    def backward(self, dloss, layer_name):
        found = False
        for name in reversed(self.param_layer_name):
            if name == layer_name:
                found = True
            if found:
                dloss = self.layers[name].backward(dloss)
        return dloss


def get_random_img(content_image, noise):
    rng = np.random.RandomState(0)
    return noise * rng.uniform(-20, 20, size=content_image.shape) + (1 - noise) * content_image


class AdamOptimizer(object):
    def __init__(self, lr, diff_shape):
        self.beta1, self.beta2, self.eps, self.lr = 0.9, 0.999, 1e-8, lr
        self.mt = np.zeros(diff_shape, dtype=np.float32)
        self.vt = np.zeros(diff_shape, dtype=np.float32)
        self.step = 0
        self.beta1_t = self.beta2_t = 1.0

    def update(self, input, grad):
        self.step += 1
        self.mt += (1 - self.beta1) * (grad - self.mt)
        self.vt += (1 - self.beta2) * (grad ** 2 - self.vt)
        self.beta1_t *= self.beta1
        self.beta2_t *= self.beta2
        return input - self.lr * (self.mt / (1 - self.beta1_t)) / (np.sqrt(self.vt / (1 - self.beta2_t)) + self.eps)


def main():
    vgg = VGG19()
    vgg.build_modle()


if __name__ == '__main__':
    main()
