"""VGG19 on the DLP through `pycnnl`: float32, NHWC."""

import time

import numpy as np
import pycnnl
import scipy.io
from PIL import Image

#: The five blocks of the trunk: how many convolutions, with how many output channels. Each ends with a pooling.
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))
FULLY_CONNECTED = (4096, 4096, 1000)
SIDE = 224


class VGG19:
    """The 44 layers of VGG19 as one net on the device."""

    def __init__(self):
        self.net = pycnnl.CnnlNet()

    def build_model(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        """Create every layer, in the order of computation. Shapes are NCHW, data is NHWC."""
        self.param_path = param_path
        channels, side = 3, SIDE
        self.net.setInputShape(1, channels, side, side)
        for block, (convolutions, channel_out) in enumerate(BLOCKS, start=1):
            for number in range(1, convolutions + 1):
                shape = pycnnl.IntVector(4)
                shape[0], shape[1], shape[2], shape[3] = 1, channels, side, side
                # kernel 3, stride 1, dilation 1, padding 1
                self.net.createConvLayer('conv%d_%d' % (block, number), shape, channel_out, 3, 1, 1, 1)
                self.net.createReLuLayer('relu%d_%d' % (block, number))
                channels = channel_out
            self.net.createPoolingLayer('pool%d' % block, [1, channels, side, side], 2, 2)
            side //= 2
        features = channels * side * side
        for number, outputs in enumerate(FULLY_CONNECTED, start=6):
            shapes = [1, 1, 1, features], [1, 1, features, outputs], [1, 1, 1, outputs]
            self.net.createMlpLayer('fc%d' % number, *shapes)
            if number < 8:
                self.net.createReLuLayer('relu%d' % number)
            features = outputs
        self.net.createSoftmaxLayer('softmax', [1, 1, features], 1)

    def load_model(self):
        """Read the weights, bring them into the device's layouts, load them; remember the mean colour (3,), RGB.

        Convolution: (k, k, C_in, C_out) in the file → (C_out, k, k, C_in); fully connected: (h, w, C, n) → (n_in, n).
        """
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1), dtype=np.float64)
        for index in range(self.net.size()):
            name = self.net.getLayerName(index)
            if not name.startswith(('conv', 'fc')):
                continue
            # Without a flatten layer, ids are the positions in the file.
            weight, bias = params['layers'][0][index][0][0][0][0]
            if name.startswith('conv'):
                weight = weight.transpose(3, 0, 1, 2)
            weight, bias = (np.ascontiguousarray(v, dtype=np.float64).reshape(-1) for v in (weight, bias))
            self.net.loadParams(index, weight, bias)

    def load_image(self, image_path):
        """Read a picture into the device: RGB, minus the mean, NHWC."""
        with Image.open(image_path) as file:
            image = file.convert('RGB')
        if image.size != (SIDE, SIDE):
            image = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, dtype=np.float64) - self.image_mean
        self.net.setInputData(pixels.reshape(-1))

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
