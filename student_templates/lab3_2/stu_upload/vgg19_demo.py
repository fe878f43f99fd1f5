# -*- coding: utf-8 -*-
# 在 DLP 上用 VGG19 做图像分类，pycnml，int8 / Image classification with VGG19 on the DLP by pycnml, int8

import time

import numpy as np
import pycnml
import scipy.io
from PIL import Image

IMAGE_SIZE = 224


class VGG19:
    """依次调用 / Call in this order: build_model, load_model, load_image, forward."""

    def __init__(self):
        self.net = pycnml.CnmlNet(16)  # 16 个核 / 16 cores
        # 各 19 个 QuantParam：16 个卷积层、fc6、fc7、fc8 / 19 of each: 16 convolutions, fc6, fc7, fc8
        self.input_quant_params = []
        self.filter_quant_params = []

    def build_model(
        self,
        param_path='../../imagenet-vgg-verydeep-19.mat',
        quant_param_path='../../vgg19_quant_param_new.npz',
    ):
        self.param_path = param_path
        # 都是 (38,)：19 对 position、scale / (38,) each: 19 pairs of position and scale
        quant_params = np.load(quant_param_path)
        input_values, filter_values = quant_params['input'], quant_params['filter']
        for i in range(19):
            # TODO: 第 i 对 -> QuantParam；position 要是 int，scale 要是 float
            # TODO: from pair i to a QuantParam; position must be an int, scale a float
            self.input_quant_params.append(pycnml.QuantParam(_______________________))
            self.filter_quant_params.append(pycnml.QuantParam(_______________________))

        # NCHW
        self.net.setInputShape(1, 3, IMAGE_SIZE, IMAGE_SIZE)
        # 名字，输出通道数，核大小，步长，膨胀，填充，输入的量化参数
        # name, output channels, kernel size, stride, dilation, padding, how to quantise the input
        self.net.createConvLayer('conv1_1', 64, 3, 1, 1, 1, self.input_quant_params[0])
        self.net.createReLuLayer('relu1_1')
        # TODO: 建立中间的 41 层，到 fc8 为止
        # TODO: make the 41 layers between, up to fc8
        _______________________
        # 名字，轴 / name, axis
        self.net.createSoftmaxLayer('softmax', 1)

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        # 均值 (3,)，RGB / the mean colour, (3,), RGB
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        count = 0  # 已加载的层数 / how many layers are loaded
        for index in range(self.net.size()):
            name = self.net.getLayerName(index)
            if name.startswith('conv'):
                weight, bias = params['layers'][0][index][0][0][0][0]
                # TODO: 权重由 (k, k, channel_in, channel_out) 变为 (channel_out, channel_in, k, k)
                # TODO: bring the weight from (k, k, channel_in, channel_out) to (channel_out, channel_in, k, k)
                weight = _______________________
            elif name.startswith('fc'):
                # TODO: 文件里没有 flatten 这一项，所以 fc6 在第 37 项：填序号
                # TODO: the file has no flatten entry, so fc6 is number 37: fill in the index
                weight, bias = params['layers'][0][_______________________][0][0][0][0]
                # TODO: 权重由 (h, w, channel_in, num_output) 变为 (num_output, h*w*channel_in)
                # TODO: bring the weight from (h, w, channel_in, num_output) to (num_output, h*w*channel_in)
                weight = _______________________
            else:
                continue
            # TODO: 库只接受一维的 float64 数组
            # TODO: the library takes one-dimensional float64 arrays only
            weight = _______________________
            bias = _______________________
            # TODO: 这一层权重的量化参数
            # TODO: how to quantise this layer's weight
            self.net.loadParams(index, weight, bias, _______________________)
            count += 1

    def load_image(self, image_path):
        image = Image.open(image_path).convert('RGB')
        image = image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.BILINEAR)
        image = np.array(image).astype(np.float64)  # (224, 224, 3)
        # TODO: 减去均值
        # TODO: subtract the mean colour
        image = _______________________
        # TODO: 变为 NCHW 的顺序，再展平成一维
        # TODO: bring it to the order NCHW, then flatten it to one dimension
        data = _______________________
        self.net.setInputData(data)

    def forward(self):
        return self.net.forward()

    def get_top5(self, label):
        # 返回：第一名是不是 label，前五名里有没有 label
        # returns: whether the most probable class is the label; whether it is among the five
        start = time.time()
        self.forward()
        print('inference time: %f s' % (time.time() - start))
        prob = np.array(self.net.getOutputData())  # (1000,)
        # TODO: 概率最大的五个类别号，从大到小
        # TODO: the numbers of the five most probable classes, the most probable one first
        top5 = _______________________
        print('Classification result: id = %d, prob = %f' % (top5[0], prob[top5[0]]))
        return top5[0] == label, label in top5

    def evaluate(self, file_list):
        # 每行：图片路径 类别号 / each line: path of a picture, number of its class
        top1, top5, total = 0, 0, 0
        with open(file_list) as lines:
            for line in lines:
                if line.strip():
                    path, label = line.rsplit(None, 1)
                    self.load_image(path)
                    first, among = self.get_top5(int(label))
                    # TODO: 计数
                    # TODO: count
                    _______________________
        # TODO: top-1 和 top-5 准确率
        # TODO: top-1 and top-5 accuracy
        accuracy1 = _______________________
        accuracy5 = _______________________
        print('Global accuracy: accuracy1 = %f, accuracy5 = %f' % (accuracy1, accuracy5))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.load_image('../../cat1.jpg')
    for _ in range(10):
        vgg.get_top5(281)
