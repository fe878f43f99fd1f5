# -*- coding: utf-8 -*-
# 智能计算系统 实验3-2  组员：甲、乙
import time
import numpy as np
from scipy.io import loadmat
from PIL import Image
import pycnml


class DlpNet(object):
    """通用网络：按配置逐层建立"""
    核数 = 16

    def __init__(self):
        self.net = pycnml.CnmlNet(self.核数)
        self.ids = {}

    def add(self, kind, name, *args):
        self.ids[name] = len(self.ids)
        getattr(self.net, 'create%sLayer' % kind)(name, *args)
        return self


class VGG19(DlpNet):
    def __init__(self):
        super(VGG19, self).__init__()
        self.input_quant_params = []
        self.filter_quant_params = []

    @staticmethod
    def _quant(arr):
        return [pycnml.QuantParam(int(round(arr[2 * i])), float(arr[2 * i + 1])) for i in range(len(arr) // 2)]

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat',
                    quant_param_path='../../vgg19_quant_param_new.npz'):
        self.param_path = param_path
        f = np.load(quant_param_path)
        self.input_quant_params = self._quant(f['input'])
        self.filter_quant_params = self._quant(f['filter'])
        q = self.input_quant_params[::-1]
        self.net.setInputShape(1, 3, 224, 224)
        cfg = '64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M'
        block, i = 1, 1
        for c in cfg.split():
            if c == 'M':
                self.add('Pooling', 'pool%d' % block, 2, 2)
                block += 1
                i = 1
            else:
                self.add('Conv', 'conv%d_%d' % (block, i), int(c), 3, 1, 1, 1, q.pop())
                self.add('ReLu', 'relu%d_%d' % (block, i))
                i += 1
        self.add('Flatten', 'flatten', [1, 25088, 1, 1])
        self.add('Mlp', 'fc6', 4096, q.pop()).add('ReLu', 'relu6')
        self.add('Mlp', 'fc7', 4096, q.pop()).add('ReLu', 'relu7')
        self.add('Mlp', 'fc8', 1000, q.pop()).add('Softmax', 'softmax', 1)

    def load_model(self):
        print('加载参数 ...')
        params = loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        learned = [n for n in sorted(self.ids, key=self.ids.get) if n[:4] == 'conv' or n[:2] == 'fc']
        for n, quant in zip(learned, self.filter_quant_params):
            self._load(n, params, quant)

    def _load(self, n, params, quant):
        i = self.ids[n]
        if n[:2] == 'fc':
            w, b = params['layers'][0][i - 1][0][0][0][0]
            w = np.ascontiguousarray(w.reshape(-1, b.size).T)
        else:
            w, b = params['layers'][0][i][0][0][0][0]
            w = np.moveaxis(w, [3, 2], [0, 1])
        data = pycnml.DoubleVector(w.flatten().astype(np.float64))
        self.net.loadParams(i, data, pycnml.FloatVector(b.reshape(-1).astype(np.float64)), quant)

    def load_image(self, path):
        im = Image.open(path)
        im = im.resize((224, 224), Image.BILINEAR)
        x = np.array(im, dtype=np.float32) - self.image_mean.astype(np.float32)
        x = x[np.newaxis].transpose(0, 3, 1, 2)
        self.net.setInputData(x.astype(np.float64).reshape(-1))

    def forward(self):
        return self.net.forward()

    def get_top5(self, label):
        开始 = time.time()
        self.forward()
        print('耗时：%.4f 秒' % (time.time() - 开始))
        p = np.array(self.net.getOutputData())
        top = np.argpartition(p, -5)[-5:]
        top = top[np.argsort(-p[top])]
        print('前五：', [(int(t), float(p[t])) for t in top])
        return bool(top[0] == label), bool(label in top)

    def evaluate(self, file_list):
        结果 = []
        with open(file_list) as f:
            for line in f:
                path, label = line.split()
                self.load_image(path)
                结果.append(self.get_top5(int(label)))
        print('准确率 top1 %.2f top5 %.2f' % tuple(np.mean(结果, axis=0)))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.evaluate('../../file_list')
