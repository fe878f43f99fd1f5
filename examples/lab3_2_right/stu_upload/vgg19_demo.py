# -*- coding: utf-8 -*-
import time

import numpy as np
import pycnnl
import scipy.io
import scipy.misc


class VGG19(object):
    def __init__(self):
        self.net = pycnnl.CnnlNet()
        self.input_quant_params = []
        self.filter_quant_params = []

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.net.setInputShape(1, 3, 224, 224)

        # 卷积部分：(名字, 输入通道, 输出通道, 输入边长)，只有名字的是池化
        trunk = [
            ('conv1_1', 3, 64, 224), ('conv1_2', 64, 64, 224), ('pool1', 64, 224),
            ('conv2_1', 64, 128, 112), ('conv2_2', 128, 128, 112), ('pool2', 128, 112),
            ('conv3_1', 128, 256, 56), ('conv3_2', 256, 256, 56), ('conv3_3', 256, 256, 56),
            ('conv3_4', 256, 256, 56), ('pool3', 256, 56),
            ('conv4_1', 256, 512, 28), ('conv4_2', 512, 512, 28), ('conv4_3', 512, 512, 28),
            ('conv4_4', 512, 512, 28), ('pool4', 512, 28),
            ('conv5_1', 512, 512, 14), ('conv5_2', 512, 512, 14), ('conv5_3', 512, 512, 14),
            ('conv5_4', 512, 512, 14), ('pool5', 512, 14),
        ]
        for layer in trunk:
            name = layer[0]
            if name[:4] == 'pool':
                _, c, size = layer
                self.net.createPoolingLayer(name, self.shape(1, c, size, size), 2, 2)
            else:
                _, c_in, c_out, size = layer
                self.net.createConvLayer(name, self.shape(1, c_in, size, size), c_out, 3, 1, 1, 1)
                self.net.createReLuLayer(name.replace('conv', 'relu'))

        for name, n_in, n_out in [('fc6', 25088, 4096), ('fc7', 4096, 4096), ('fc8', 4096, 1000)]:
            self.net.createMlpLayer(
                name, self.shape(1, 1, 1, n_in), self.shape(1, 1, n_in, n_out), self.shape(1, 1, 1, n_out)
            )
            if name != 'fc8':
                self.net.createReLuLayer(name.replace('fc', 'relu'))
        self.net.createSoftmaxLayer('softmax', self.shape(1, 1, 1000), 1)

    def shape(self, *dims):
        vector = pycnnl.IntVector(len(dims))
        for i in range(len(dims)):
            vector[i] = dims[i]
        return vector

    def load_model(self):
        print('load parameters from ' + self.param_path)
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for i in range(self.net.size()):
            name = self.net.getLayerName(i)
            if 'conv' in name:
                weight, bias = params['layers'][0][i][0][0][0][0]
                # [h, w, in, out] -> [out, h, w, in]
                weight = np.transpose(weight, [3, 0, 1, 2]).flatten().astype(np.float64)
                self.net.loadParams(i, weight, bias.flatten().astype(np.float64))
            elif 'fc' in name:
                weight, bias = params['layers'][0][i][0][0][0][0]
                weight = weight.reshape([weight.shape[0] * weight.shape[1] * weight.shape[2], weight.shape[3]])
                self.net.loadParams(i, weight.flatten().astype(np.float64), bias.flatten().astype(np.float64))

    def load_image(self, image_dir):
        image = scipy.misc.imread(image_dir, mode='RGB')
        image = scipy.misc.imresize(image, [224, 224, 3])
        image = np.array(image).astype(np.float32) - self.image_mean
        # NHWC，不用转置
        self.net.setInputData(image.flatten().astype(np.float64))

    def forward(self):
        return self.net.forward()

    def get_top5(self, label):
        start = time.time()
        self.forward()
        print('inference time: %f' % (time.time() - start))
        result = self.net.getOutputData()
        order = sorted(range(1000), key=lambda i: result[i], reverse=True)
        print('Classification result: id = %d, prob = %f' % (order[0], result[order[0]]))
        return order[0] == label, label in order[:5]

    def evaluate(self, file_list):
        top1_num, top5_num, total_num = 0, 0, 0
        for line in open(file_list):
            if len(line.split()) != 2:
                continue
            image_dir, label = line.split()
            self.load_image(image_dir)
            top1, top5 = self.get_top5(int(label))
            top1_num += top1
            top5_num += top5
            total_num += 1
        print('Global accuracy: accuracy1 = %f (%d/%d), accuracy5 = %f (%d/%d)' % (
            float(top1_num) / total_num, top1_num, total_num, float(top5_num) / total_num, top5_num, total_num))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.evaluate('../../file_list')
