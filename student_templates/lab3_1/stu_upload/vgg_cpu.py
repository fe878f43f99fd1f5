# 在 CPU 上用 VGG19 做图像分类 / Image classification with VGG19 on the CPU

import numpy as np
import scipy.io
from PIL import Image

from layers_1 import FullyConnectedLayer, ReLULayer, SoftmaxLossLayer
from layers_2 import ConvolutionalLayer, FlattenLayer, MaxPoolingLayer


class VGG19:
    """依次调用 / Call in this order: build_model, init_model, load_model, load_image, evaluate."""

    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = (
            'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
            'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
            'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
            'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
            'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5',
            'flatten', 'fc6', 'relu6', 'fc7', 'relu7', 'fc8', 'softmax',
        )

    def build_model(self):
        self.layers = {}
        self.layers['conv1_1'] = ConvolutionalLayer(3, 3, 64, 1, 1)
        self.layers['relu1_1'] = ReLULayer()
        # TODO: 建立中间的 41 层，名字取自 self.param_layer_name
        # TODO: make the 41 layers between, with the names in self.param_layer_name
        _______________________
        self.layers['softmax'] = SoftmaxLossLayer()

        # 有参数的层 / the layers with parameters
        self.update_layer_list = [name for name in self.param_layer_name if name.startswith(('conv', 'fc'))]

    def init_model(self):
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        # 均值 (3,)，RGB / the mean colour, (3,), RGB
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for index, name in enumerate(self.param_layer_name):
            if name.startswith('conv'):
                # 文件中的权重是 (k, k, channel_in, channel_out) / the file's weight has this shape
                weight, bias = params['layers'][0][index][0][0][0][0]
                # TODO: 权重变为 (channel_in, k, k, channel_out)，偏置变为 (channel_out,)
                # TODO: bring the weight to (channel_in, k, k, channel_out), the bias to (channel_out,)
                weight = _______________________
                bias = _______________________
                self.layers[name].load_param(weight, bias)
            elif name.startswith('fc'):
                # TODO: 文件里没有 flatten 这一项，所以 fc6 在第 37 项：填序号
                # TODO: the file has no flatten entry, so fc6 is number 37: fill in the index
                weight, bias = params['layers'][0][_______________________][0][0][0][0]
                # TODO: 权重由 (h, w, channel_in, num_output) 变为 (h*w*channel_in, num_output)
                # TODO: bring the weight from (h, w, channel_in, num_output) to (h*w*channel_in, num_output)
                weight = _______________________
                self.layers[name].load_param(weight, bias)

    def load_image(self, image_path):
        image = Image.open(image_path).convert('RGB')
        image = image.resize((224, 224), Image.Resampling.BILINEAR)
        image = np.array(image).astype(np.float32)  # (224, 224, 3)
        # TODO: 减去均值
        # TODO: subtract the mean colour
        image = _______________________
        # TODO: 变为 (1, 3, 224, 224)
        # TODO: bring it to (1, 3, 224, 224)
        image = _______________________
        self.input_image = image.astype(np.float32)

    def forward(self):
        current = self.input_image
        for name in self.param_layer_name:
            # TODO: 计算这一层
            # TODO: run this layer
            current = _______________________
        return current

    def evaluate(self):
        prob = self.forward()
        # TODO: 概率最大的类别号
        # TODO: the number of the most probable class
        top1 = _______________________
        print('Classification result: id = %d, prob = %f' % (top1, prob[0, top1]))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    vgg.load_image('../../cat1.jpg')
    vgg.evaluate()
