import time

import numpy as np
import pycnml
from PIL import Image
from scipy.io import loadmat

# output channels of each conv layer, 'M' = max pooling
CONFIG = [64, 64, 'M', 128, 128, 'M', 256, 256, 256, 256, 'M', 512, 512, 512, 512, 'M', 512, 512, 512, 512, 'M']


class VGG19:
    def __init__(self):
        self.net = pycnml.CnmlNet(16)
        self.input_quant_params = []
        self.filter_quant_params = []

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat',
                    quant_param_path='../../vgg19_quant_param_new.npz'):
        self.param_path = param_path
        params = np.load(quant_param_path)
        filter_params, input_params = params['input'], params['filter']
        for i in range(0, 38, 2):
            self.input_quant_params.append(pycnml.QuantParam(int(input_params[i]), float(input_params[i + 1])))
            self.filter_quant_params.append(pycnml.QuantParam(int(filter_params[i]), float(filter_params[i + 1])))

        net, q = self.net, list(self.input_quant_params)
        net.setInputShape(1, 3, 224, 224)
        block, idx = 1, 1
        for c in CONFIG:
            if c == 'M':
                net.createPoolingLayer('pool%d' % block, 2, 2)
                block, idx = block + 1, 1
            else:
                net.createConvLayer('conv%d_%d' % (block, idx), c, 3, 1, 1, 1, q.pop(0))
                net.createReLuLayer('relu%d_%d' % (block, idx))
                idx += 1
        net.createFlattenLayer('flatten', [1, 25088, 1, 1])
        net.createMlpLayer('fc6', 4096, q.pop(0))
        net.createReLuLayer('relu6')
        net.createMlpLayer('fc7', 4096, q.pop(0))
        net.createReLuLayer('relu7')
        net.createMlpLayer('fc8', 1000, q.pop(0))
        net.createSoftmaxLayer('softmax', 1)

    def load_model(self):
        params = loadmat(self.param_path)
        self.mean = params['normalization'][0][0][0].mean(axis=(0, 1))
        entries = list(params['layers'][0])
        entries.insert(37, None)      # so that flatten has an entry too
        q = iter(self.filter_quant_params)
        for i in range(self.net.size()):
            if not self.net.needToBeQuantized(i):
                continue
            weight, bias = entries[i][0][0][0][0]
            if self.net.getLayerName(i).startswith('conv'):
                weight = weight.transpose(3, 2, 0, 1)
            else:
                weight = weight.reshape(-1, weight.shape[-1]).T
            self.net.loadParams(i, weight.flatten().astype(np.float), bias.flatten().astype(np.float), next(q))

    def load_image(self, path):
        img = Image.open(path).convert('RGB')
        img = img.resize((224, 224), Image.BILINEAR)
        x = np.asarray(img).astype(np.float) - self.mean
        self.net.setInputData(x.transpose(2, 0, 1).flatten())

    def forward(self):
        return self.net.forward()

    def get_top5(self, label):
        start = time.time()
        self.forward()
        print('time: %.4f s' % (time.time() - start))
        prob = np.array(self.net.getOutputData())
        top5 = prob.argsort()[::-1][:5]
        print('Classification result: id = %d, prob = %f' % (top5[0], prob[top5[0]]))
        return top5[0] == label, label in top5

    def evaluate(self, file_list):
        with open(file_list) as f:
            pairs = [line.split() for line in f if line.strip()]
        hits = []
        for path, label in pairs:
            self.load_image(path)
            hits.append(self.get_top5(int(label)))
        top1, top5 = np.mean(hits, axis=0)
        print('top1 accuracy: %.2f, top5 accuracy: %.2f' % (top1, top5))


if __name__ == '__main__':
    net = VGG19()
    net.build_model()
    net.load_model()
    net.evaluate('../../file_list')
