# -*- coding: utf-8 -*-
# 在 DLP 上用 VGG19 做图像分类，pycnnl，float32 / Image classification with VGG19 on the DLP by pycnnl, float32

import time

import numpy as np
import pycnnl
import scipy.io
from PIL import Image

IMAGE_SIZE = 224


class VGG19:
    """依次调用 / Call in this order: build_model, load_model, load_image, forward."""

    def __init__(self):
        self.net = pycnnl.CnnlNet()

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        # 形状都按 NCHW 写，数据都按 NHWC 放 / shapes are written as NCHW, data lies as NHWC
        self.net.setInputShape(1, 3, IMAGE_SIZE, IMAGE_SIZE)
        # 名字，输入形状，输出通道数，核大小，步长，膨胀，填充
        # name, input shape, output channels, kernel size, stride, dilation, padding
        input_shape = pycnnl.IntVector([1, 3, IMAGE_SIZE, IMAGE_SIZE])
        self.net.createConvLayer('conv1_1', input_shape, 64, 3, 1, 1, 1)
        self.net.createReLuLayer('relu1_1')
        # TODO: 建立中间的 40 层，到 fc8 为止；没有 flatten 层
        # TODO: make the 40 layers between, up to fc8; there is no flatten layer
        _______________________
        # 名字，输入形状，轴 / name, input shape, axis
        self.net.createSoftmaxLayer('softmax', pycnnl.IntVector([1, 1, 1000]), 1)

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        # 均值 (3,)，RGB / the mean colour, (3,), RGB
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for index in range(self.net.size()):
            name = self.net.getLayerName(index)
            if name.startswith('conv'):
                weight, bias = params['layers'][0][index][0][0][0][0]
                # TODO: 权重由 (k, k, channel_in, channel_out) 变为 (channel_out, k, k, channel_in)
                # TODO: bring the weight from (k, k, channel_in, channel_out) to (channel_out, k, k, channel_in)
                weight = _______________________
            elif name.startswith('fc'):
                # 没有 flatten 层，层号就是文件中的序号 / without a flatten layer, ids are the file's numbers
                weight, bias = params['layers'][0][index][0][0][0][0]
                # TODO: 权重由 (h, w, channel_in, num_output) 变为 (h*w*channel_in, num_output)
                # TODO: bring the weight from (h, w, channel_in, num_output) to (h*w*channel_in, num_output)
                weight = _______________________
            else:
                continue
            # TODO: 库只接受一维的 float64 数组
            # TODO: the library takes one-dimensional float64 arrays only
            weight = _______________________
            bias = _______________________
            self.net.loadParams(index, weight, bias)

    def load_image(self, image_path):
        image = Image.open(image_path).convert('RGB')
        image = image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.BILINEAR)
        image = np.array(image).astype(np.float64)  # (224, 224, 3)
        # TODO: 减去均值
        # TODO: subtract the mean colour
        image = _______________________
        # TODO: 保持 NHWC 的顺序，展平成一维
        # TODO: keep the order NHWC, flatten it to one dimension
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
