"""VGG19 on the DLP through `pycnml`: int8 convolutions and fully connected layers, fp16 between the layers."""

import time

import numpy as np
import pycnml
import scipy.io
from PIL import Image

#: The five blocks of the trunk: how many convolutions, with how many output channels. Each ends with a pooling.
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
FULLY_CONNECTED = (4096, 4096, 1000)
SIDE = 224


class VGG19:
    """The 44 layers of VGG19 as one net on the device."""

    def __init__(self):
        self.net = pycnml.CnmlNet(16)
        self.input_quant_params = []
        self.filter_quant_params = []

    def build_model(
        self,
        param_path='../../imagenet-vgg-verydeep-19.mat',
        quant_param_path='../../vgg19_quant_param_new.npz',
    ):
        """Create every layer, in the order of computation.

        Args:
            param_path: The weights, a MatConvNet file.
            quant_param_path: `input` and `filter`, each position and scale of the 19 quantised layers in turn.
        """
        self.param_path = param_path
        quantisation = np.load(quant_param_path)
        self.input_quant_params = self.read_quant_params(quantisation['input'])
        self.filter_quant_params = self.read_quant_params(quantisation['filter'])
        inputs = iter(self.input_quant_params)

        self.net.setInputShape(1, 3, SIDE, SIDE)
        for block, (convolutions, channel_out) in enumerate(BLOCKS, start=1):
            for number in range(1, convolutions + 1):
                # kernel 3, stride 1, dilation 1, padding 1
                self.net.createConvLayer('conv%d_%d' % (block, number), channel_out, 3, 1, 1, 1, next(inputs))
                self.net.createReLuLayer('relu%d_%d' % (block, number))
            self.net.createPoolingLayer('pool%d' % block, 2, 2)
        self.net.createFlattenLayer('flatten', [1, 512 * 7 * 7, 1, 1])
        for number, outputs in enumerate(FULLY_CONNECTED, start=6):
            self.net.createMlpLayer('fc%d' % number, outputs, next(inputs))
            if number < 8:
                self.net.createReLuLayer('relu%d' % number)
        self.net.createSoftmaxLayer('softmax', 1)

    def read_quant_params(self, values):
        """(2·n,) → n QuantParam."""
        return [pycnml.QuantParam(int(position), float(scale)) for position, scale in values.reshape(-1, 2)]

    def load_model(self):
        """Read the weights, bring them into the device's layouts, load them; remember the mean colour (3,), RGB.

        Convolution: (k, k, C_in, C_out) in the file → (C_out, C_in, k, k); fully connected: (h, w, C, n) → (n, n_in).
        """
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1), dtype=np.float64)
        filters = iter(self.filter_quant_params)
        for index in range(self.net.size()):
            name = self.net.getLayerName(index)
            if name.startswith('conv'):
                weight, bias = params['layers'][0][index][0][0][0][0]
                weight = weight.transpose(3, 2, 0, 1)
            elif name.startswith('fc'):
                # The file has no entry for flatten.
                weight, bias = params['layers'][0][index - 1][0][0][0][0]
                weight = weight.reshape(-1, weight.shape[3]).T
            else:
                continue
            weight, bias = (np.ascontiguousarray(v, dtype=np.float64).reshape(-1) for v in (weight, bias))
            self.net.loadParams(index, weight, bias, next(filters))

    def load_image(self, image_path):
        """Read a picture into the device: RGB, minus the mean, NCHW."""
        with Image.open(image_path) as file:
            image = file.convert('RGB')
        if image.size != (SIDE, SIDE):
            image = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, dtype=np.float64) - self.image_mean
        self.net.setInputData(pixels.transpose(2, 0, 1).reshape(-1))

    def forward(self):
        """Compute all layers."""
        return self.net.forward()

    def get_top5(self, label):
        """How good the last forward was: the true class is the most probable one; it is among the best five."""
        start = time.time()
        self.forward()
        print('inference time: %f s' % (time.time() - start))
        probabilities = np.array(self.net.getOutputData())
        best = np.argsort(-probabilities, kind='stable')[:5]
        print('Classification result: id = %d, prob = %f' % (best[0], probabilities[best[0]]))
        return bool(best[0] == label), bool(label in best)

    def evaluate(self, file_list):
        """Classify every picture of a list, lines of path and class id; print how often it was right."""
        top1 = top5 = total = 0
        with open(file_list) as file:
            for line in filter(None, map(str.strip, file)):
                path, label = line.rsplit(maxsplit=1)
                self.load_image(path)
                first, among = self.get_top5(int(label))
                top1, top5, total = top1 + first, top5 + among, total + 1
        print('Global accuracy: accuracy1 = %f, accuracy5 = %f' % (top1 / total, top5 / total))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.load_model()
    vgg.evaluate('../../file_list')
