# -*- coding: utf-8 -*-
import time

import numpy as np
import scipy.io
from PIL import Image

from layers_1 import ReLULayer
from layers_2 import ConvolutionalLayer, MaxPoolingLayer
from layers_3 import ContentLossLayer, StyleLossLayer

CONTENT_LOSS_LAYERS = ['relu4_2']
STYLE_LOSS_LAYERS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']
NOISE = 0.5
ALPHA, BETA = 1, 500
TRAIN_STEP = 100
LEARNING_RATE = 1.0
IMAGE_HEIGHT, IMAGE_WIDTH = 192, 320


class VGG19(object):
    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = [
            'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
            'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
            'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
            'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
            'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5',
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
                self.layers[name] = ConvolutionalLayer(3, c_in, c_out, 1, 1, type=1)
            elif 'relu' in name:
                self.layers[name] = ReLULayer()
            else:
                self.layers[name] = MaxPoolingLayer(2, 2, type=1)
        self.update_layer_list = sorted(channels)

    def init_model(self):
        print('init parameters ...')
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        print('load parameters from ' + self.param_path)
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for i in range(37):
            name = self.param_layer_name[i]
            if 'conv' in name:
                w, b = params['layers'][0][i][0][0][0][0]
                # [k, k, c_in, c_out] -> [c_in, k, k, c_out]
                self.layers[name].load_param(np.transpose(w, [2, 0, 1, 3]), b.reshape(-1))

    def load_image(self, image_dir, image_height, image_width):
        img = Image.open(image_dir).convert('RGB')
        image_shape = np.array(img).shape
        img = np.array(img.resize((image_width, image_height), Image.BILINEAR), dtype=np.float32)
        img = img - self.image_mean
        img = img.reshape([1, image_height, image_width, 3])
        return np.transpose(img, [0, 3, 1, 2]).astype(np.float32), image_shape

    def save_image(self, input_image, image_shape, image_dir):
        img = np.transpose(input_image[0], [1, 2, 0]) + self.image_mean
        img = np.clip(img, 0, 255).astype(np.uint8)
        img = Image.fromarray(img).resize((image_shape[1], image_shape[0]), Image.BILINEAR)
        img.save(image_dir)

    def forward(self, input_image, layer_list):
        x = input_image
        layer_forward = {}
        for name in self.param_layer_name:
            x = self.layers[name].forward(x)
            if name in layer_list:
                layer_forward[name] = x
        return layer_forward

    def backward(self, dloss, layer_name):
        index = list.index(self.param_layer_name, layer_name)
        while index >= 0:
            dloss = self.layers[self.param_layer_name[index]].backward(dloss)
            index -= 1
        return dloss


def get_random_img(content_image, noise):
    noise_image = np.random.uniform(-20, 20, content_image.shape)
    return noise * noise_image + (1 - noise) * content_image


class AdamOptimizer(object):
    def __init__(self, lr, diff_shape):
        self.beta1 = 0.9
        self.beta2 = 0.999
        self.eps = 1e-8
        self.lr = lr
        self.mt = np.zeros(diff_shape)
        self.vt = np.zeros(diff_shape)
        self.step = 0

    def update(self, input, grad):
        self.step += 1
        self.mt = self.beta1 * self.mt + (1 - self.beta1) * grad
        self.vt = self.beta2 * self.vt + (1 - self.beta2) * np.square(grad)
        mt_hat = self.mt / (1 - np.power(self.beta1, self.step))
        vt_hat = self.vt / (1 - np.power(self.beta2, self.step))
        return input - self.lr * mt_hat / (np.sqrt(vt_hat) + self.eps)


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    content_loss_layer = ContentLossLayer()
    style_loss_layer = StyleLossLayer()
    adam_optimizer = AdamOptimizer(LEARNING_RATE, [1, 3, IMAGE_HEIGHT, IMAGE_WIDTH])
    content_image, content_shape = vgg.load_image('../../weinisi.jpg', IMAGE_HEIGHT, IMAGE_WIDTH)
    style_image, _ = vgg.load_image('../../style.jpg', IMAGE_HEIGHT, IMAGE_WIDTH)
    content_layers = vgg.forward(content_image, CONTENT_LOSS_LAYERS)
    style_layers = vgg.forward(style_image, STYLE_LOSS_LAYERS)
    transfer_image = get_random_img(content_image, NOISE)
    for step in range(TRAIN_STEP):
        start = time.time()
        transfer_layers = vgg.forward(transfer_image, CONTENT_LOSS_LAYERS + STYLE_LOSS_LAYERS)
        content_loss = []
        content_diff = 0
        for layer in CONTENT_LOSS_LAYERS:
            content_loss.append(content_loss_layer.forward(transfer_layers[layer], content_layers[layer]))
            dloss = content_loss_layer.backward(transfer_layers[layer], content_layers[layer])
            content_diff = content_diff + vgg.backward(dloss, layer)
        style_loss = []
        style_diff = 0
        for layer in STYLE_LOSS_LAYERS:
            style_loss.append(style_loss_layer.forward(transfer_layers[layer], style_layers[layer]))
            dloss = style_loss_layer.backward(transfer_layers[layer], style_layers[layer])
            style_diff = style_diff + vgg.backward(dloss, layer)
        total_loss = ALPHA * np.mean(content_loss) + BETA * np.mean(style_loss)
        image_diff = ALPHA * content_diff / len(CONTENT_LOSS_LAYERS) + BETA * style_diff / len(STYLE_LOSS_LAYERS)
        transfer_image = adam_optimizer.update(transfer_image, image_diff)
        print('Step %d, loss = %f, content_loss = %f, style_loss = %f, time: %.1f s'
              % (step, total_loss, np.mean(content_loss), np.mean(style_loss), time.time() - start))
        if step % 20 == 0 or step == TRAIN_STEP - 1:
            vgg.save_image(transfer_image, content_shape, '../output/output_' + str(step) + '.jpg')
