# coding=utf-8
import pycnml
import scipy.io
import numpy as np
import cv2
import time

IMAGE_MEAN = np.array([123.68, 116.779, 103.939])
net = None
LAYERS = []
timer = {}


def tic(name):
    timer[name] = time.time()


def toc(name):
    print(name, 'cost', time.time() - timer[name])


class VGG19(object):
    def __init__(self):
        global net
        net = pycnml.CnmlNet(16)
        self.net = net
        self.input_quant_params = []
        self.filter_quant_params = []

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat', quant_param_path='../../vgg19_quant_param_new.npz'):
        tic('build')
        self.param_path = param_path
        npz = np.load(quant_param_path, allow_pickle=True, encoding='latin1')
        for i in range(19):
            self.input_quant_params += [pycnml.QuantParam(int(npz['input'][2 * i]), float(npz['input'][2 * i + 1]))]
            self.filter_quant_params += [pycnml.QuantParam(int(npz['filter'][2 * i]), float(npz['filter'][2 * i + 1]))]
        net.setInputShape(1, 3, 224, 224)
        k = 0
        for b, (n, c) in enumerate([(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)]):
            for j in range(n):
                net.createConvLayer('C%d-%d' % (b, j), c, 3, 1, 1, 1, self.input_quant_params[k])
                LAYERS.append('conv')
                net.createReLuLayer('R%d-%d' % (b, j))
                LAYERS.append('')
                k += 1
            net.createPoolingLayer('P%d' % b, 2, 2)
            LAYERS.append('')
        net.createFlattenLayer('F', [1, 25088, 1, 1])
        LAYERS.append('')
        for d, n in enumerate([4096, 4096, 1000]):
            net.createMlpLayer('D%d' % d, n, self.input_quant_params[k])
            LAYERS.append('fc')
            if d < 2:
                net.createReLuLayer('RD%d' % d)
                LAYERS.append('')
            k += 1
        net.createSoftmaxLayer('S', 1)
        toc('build')

    def load_model(self):
        tic('load')
        mat = scipy.io.loadmat(self.param_path)
        q = 0
        flat = 0
        for i, kind in enumerate(LAYERS):
            if kind == '':
                continue
            entry = mat['layers'][0][i - (kind == 'fc')]
            w = entry[0][0][0][0][0]
            b = entry[0][0][0][0][1]
            if kind == 'conv':
                buf = np.zeros((w.shape[3], w.shape[2], w.shape[0], w.shape[1]), dtype=np.float64)
                for o in range(w.shape[3]):
                    buf[o] = w[:, :, :, o].transpose(2, 0, 1)
            else:
                buf = w.reshape(-1, w.shape[3]).transpose(1, 0).astype(float)
            net.loadParams(i, buf.flatten(), b.flatten().astype(float), self.filter_quant_params[q])
            q = q + 1
        toc('load')

    def load_image(self, image_dir):
        img = cv2.imread(image_dir)
        img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
        img = cv2.resize(img, (224, 224))
        img = img.astype(np.float64) - IMAGE_MEAN
        self.input_image = img.transpose(2, 0, 1)[None, ...]

    def forward(self):
        self.net.setInputData(self.input_image.flatten())
        return self.net.forward()

    def get_top5(self, label):
        tic('forward')
        self.forward()
        toc('forward')
        out = np.asarray(self.net.getOutputData(), dtype=np.float32)
        best = out.argsort()[::-1]
        print(best[:5], out[best[:5]])
        return best[0] == label, label in best[:5]

    def evaluate(self, file_list):
        a = [l.split() for l in open(file_list)]
        s = np.zeros(2)
        for p, l in a:
            self.load_image(p)
            s += np.array(self.get_top5(int(l)))
        print(s / len(a))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.evaluate('../../file_list')
