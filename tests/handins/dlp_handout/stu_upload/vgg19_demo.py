# -*- coding: utf-8 -*-
import time
import numpy as np
import scipy.io
import scipy.misc
import pycnml


class VGG19(object):
    def __init__(self):
        self.net = pycnml.CnmlNet(16)
        self.input_quant_params = []
        self.filter_quant_params = []
        self.layers = [
            # name, kernel, in, out, pad, stride
            ['conv1_1', 3, 3, 64, 1, 1], ['conv1_2', 3, 64, 64, 1, 1], ['pool1'],
            ['conv2_1', 3, 64, 128, 1, 1], ['conv2_2', 3, 128, 128, 1, 1], ['pool2'],
            ['conv3_1', 3, 128, 256, 1, 1], ['conv3_2', 3, 256, 256, 1, 1],
            ['conv3_3', 3, 256, 256, 1, 1], ['conv3_4', 3, 256, 256, 1, 1], ['pool3'],
            ['conv4_1', 3, 256, 512, 1, 1], ['conv4_2', 3, 512, 512, 1, 1],
            ['conv4_3', 3, 512, 512, 1, 1], ['conv4_4', 3, 512, 512, 1, 1], ['pool4'],
            ['conv5_1', 3, 512, 512, 1, 1], ['conv5_2', 3, 512, 512, 1, 1],
            ['conv5_3', 3, 512, 512, 1, 1], ['conv5_4', 3, 512, 512, 1, 1], ['pool5'],
        ]

    def build_model(self, param_path, quant_param_path):
        self.param_path = param_path
        quant = np.load(quant_param_path)
        for p, s in quant['input'].reshape(-1, 2):
            self.input_quant_params.append(pycnml.QuantParam(int(p), float(s)))
        for p, s in quant['filter'].reshape(-1, 2):
            self.filter_quant_params.append(pycnml.QuantParam(int(p), float(s)))
        self.net.setInputShape(1, 3, 224, 224)
        n = 0
        for layer in self.layers:
            if layer[0].startswith('pool'):
                self.net.createPoolingLayer(layer[0], 2, 2)
                continue
            name, k, cin, cout, pad, stride = layer
            self.net.createConvLayer(name, k, cin, cout, pad, stride, self.input_quant_params[n])
            self.net.createReLuLayer('relu' + name[4:])
            n += 1
        self.net.createFlattenLayer('flatten', [512, 7, 7], [512 * 7 * 7])
        self.net.createMlpLayer('fc6', 4096, self.input_quant_params[16])
        self.net.createReLuLayer('relu6')
        self.net.createMlpLayer('fc7', 4096, self.input_quant_params[17])
        self.net.createReLuLayer('relu7')
        self.net.createMlpLayer('fc8', 1000, self.input_quant_params[18])
        self.net.createSoftmaxLayer('softmax', 1)

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        count = 0
        idx = 0
        while idx < self.net.size():
            name = self.net.getLayerName(idx)
            if self.net.needToBeQuantized(idx):
                w, b = params['layers'][0][idx if 'conv' in name else idx - 1][0][0][0][0]
                if 'conv' in name:
                    w = np.einsum('hwio->oihw', w)
                else:
                    w = np.transpose(w.reshape(-1, w.shape[3]))
                self.net.loadParams(idx, np.float64(w).flatten(), np.float64(b).flatten(), self.filter_quant_params[count])
                count += 1
            idx += 1

    def load_image(self, image_dir):
        image = scipy.misc.imread(image_dir)
        image = scipy.misc.imresize(image, [224, 224, 3])
        image = image - self.image_mean
        self.net.setInputData(np.transpose(image, (2, 0, 1)).flatten())

    def forward(self):
        return self.net.forward()

    def get_top5(self, label):
        self.net.forward()
        out = self.net.getOutputData()
        order = sorted(enumerate(out), key=lambda t: -t[1])[:5]
        for k, p in order:
            print('%d %f' % (k, p))
        return order[0][0] == label, label in [k for k, _ in order]

    def evaluate(self, file_list):
        n1 = n5 = n = 0
        for line in open(file_list).readlines():
            a, b = line.split()
            self.load_image(a)
            t1, t5 = self.get_top5(int(b))
            n1 += t1; n5 += t5; n += 1
        print('Global accuracy : accuracy1 %f accuracy5 %f' % (1.0 * n1 / n, 1.0 * n5 / n))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model('../../imagenet-vgg-verydeep-19.mat', '../../vgg19_quant_param_new.npz')
    vgg.load_model()
    vgg.evaluate('../../file_list')
