# -*- coding: utf-8 -*-
from __future__ import division, print_function
import numpy as np
import scipy.io
import scipy.misc
import time
from pycnml import CnmlNet, QuantParam, QuantTool


class VGG19(object):
    def __init__(self):
        self.net = CnmlNet(16)
        self.tool = QuantTool()
        self.input_quant_params = []
        self.filter_quant_params = []

    def read_quant(self, path):
        data = np.load(path)
        inp = data['input']
        i = 0
        while i < len(inp):
            self.input_quant_params.append(QuantParam(int(inp[i]), float(inp[i + 1])))
            i += 2

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat',
                    quant_param_path='../../vgg19_quant_param_new.npz'):
        self.param_path = param_path
        self.read_quant(quant_param_path)
        net = self.net
        quant = (q for q in self.input_quant_params)
        net.setInputShape(1, 3, 224, 224)

        def conv_relu(block, i, channel):
            net.createConvLayer('conv%d_%d' % (block, i), channel, 3, 1, 1, 1, next(quant))
            net.createReLuLayer('relu%d_%d' % (block, i))

        for block, channel, times in ((1, 64, 2), (2, 128, 2), (3, 256, 4), (4, 512, 4), (5, 512, 4)):
            for i in xrange(1, times + 1):
                conv_relu(block, i, channel)
            net.createPoolingLayer('pool%d' % block, 2, 2)
        net.createFlattenLayer('flatten', [1, 512 * 7 * 7, 1, 1])
        net.createMlpLayer('fc6', 4096, next(quant))
        net.createReLuLayer('relu6')
        net.createMlpLayer('fc7', 4096, next(quant))
        net.createReLuLayer('relu7')
        net.createMlpLayer('fc8', 1000, next(quant))
        net.createSoftmaxLayer('softmax', 1)

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for idx in xrange(self.net.size()):
            name = self.net.getLayerName(idx)
            if not ('conv' in name or 'fc' in name):
                continue
            shift = 1 if 'fc' in name else 0
            weight, bias = params['layers'][0][idx - shift][0][0][0][0]
            weight = weight.transpose(3, 2, 0, 1) if shift == 0 else weight.reshape(-1, weight.shape[-1]).T
            weight = weight.flatten().astype(np.float64)
            quant = self.tool.getQuantParam(weight, name)
            self.filter_quant_params.append(quant)
            print(name, quant.position, quant.scale)
            self.net.loadParams(idx, weight, bias[0].astype(np.float64), quant)

    def load_image(self, image_dir):
        self.input_image = scipy.misc.imresize(scipy.misc.imread(image_dir), (224, 224), interp='bilinear')
        self.input_image = self.input_image.astype(np.float64) - self.image_mean
        self.net.setInputData(np.concatenate([self.input_image[..., c].reshape(-1) for c in range(3)]))

    def forward(self):
        return self.net.forward()

    def get_top5(self, label):
        start = time.time()
        self.forward()
        print('inference time %f' % (time.time() - start))
        scores = np.array(self.net.getOutputData())
        top = np.argsort(scores)[::-1][:5]
        names = [line.strip() for line in open('../../synset_words.txt')]
        for t in top:
            print(names[t], scores[t])
        return top[0] == label, label in top

    def evaluate(self, file_list):
        hit1 = hit5 = total = 0
        for line in open(file_list):
            image, label = line.split()
            self.load_image(image)
            t1, t5 = self.get_top5(int(label))
            hit1 += t1
            hit5 += t5
            total += 1
        print('Global accuracy: accuracy1 %f accuracy5 %f' % (hit1 / total, hit5 / total))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.evaluate('../../file_list')
