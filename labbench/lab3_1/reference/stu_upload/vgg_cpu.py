"""VGG19 on the CPU: what is in a photograph, one of the 1000 ImageNet classes.

The parameters come from MatConvNet's imagenet-vgg-verydeep-19.mat. Its entry number i holds layer number i of
`param_layer_name`, except that the file knows no flatten layer: from fc6 on, entries lie one lower.
"""

import numpy as np
import scipy.io
from PIL import Image

from layers_1 import FullyConnectedLayer, ReLULayer, SoftmaxLossLayer
from layers_2 import ConvolutionalLayer, FlattenLayer, MaxPoolingLayer

#: The five blocks of the trunk: how many convolutions, with how many output channels. Each ends with a pooling.
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))


class VGG19:
    """The 44 layers by name, their parameters, and one image to classify.

    Call build_model, init_model, load_model and load_image, in this order, then forward or evaluate.
    """

    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = (
            'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
            'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
            'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
            'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
            'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5',
            'flatten', 'fc6', 'relu6', 'fc7', 'relu7', 'fc8', 'softmax',
        )

    def build_model(self):
        """Make every layer of `param_layer_name`: `self.layers`, by name, in the order of computation."""
        self.layers = {}
        channel_in = 3
        for block, (convolutions, channel_out) in enumerate(BLOCKS, start=1):
            for number in range(1, convolutions + 1):
                self.layers[f'conv{block}_{number}'] = ConvolutionalLayer(3, channel_in, channel_out, 1, 1)
                self.layers[f'relu{block}_{number}'] = ReLULayer()
                channel_in = channel_out
            self.layers[f'pool{block}'] = MaxPoolingLayer(2, 2)

        self.layers['flatten'] = FlattenLayer((512, 7, 7), (512 * 7 * 7,))
        self.layers['fc6'] = FullyConnectedLayer(512 * 7 * 7, 4096)
        self.layers['relu6'] = ReLULayer()
        self.layers['fc7'] = FullyConnectedLayer(4096, 4096)
        self.layers['relu7'] = ReLULayer()
        self.layers['fc8'] = FullyConnectedLayer(4096, 1000)
        self.layers['softmax'] = SoftmaxLossLayer()
        self.update_layer_list = [name for name in self.param_layer_name if name.startswith(('conv', 'fc'))]

    def init_model(self):
        """Give every layer of `update_layer_list` random parameters."""
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        """Read the parameters, float32, and the mean colour `self.image_mean` (3,), RGB, float64.

        Convolution: (k, k, C_in, C_out) in the file → (C_in, k, k, C_out); bias (1, C_out) → (C_out,).
        Fully connected: (H, W, C, num_output) in the file → (H·W·C, num_output); bias (1, num_output).
        """
        for name in self.update_layer_list:
            self.layers[name].weight = None  # 0.6 GB that need not lie in memory beside the file's 0.6 GB
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1), dtype=np.float64)
        entries = params['layers'][0]
        for index, name in enumerate(self.param_layer_name):
            if name.startswith('conv'):
                weight, bias = entries[index][0][0][0][0]
                weight = weight.transpose(2, 0, 1, 3)
                self.layers[name].load_param(np.ascontiguousarray(weight), bias.reshape(-1))
            elif name.startswith('fc'):
                weight, bias = entries[index - 1][0][0][0][0]
                weight = weight.reshape(-1, weight.shape[3])
                self.layers[name].load_param(weight, bias)

    def load_image(self, image_path):
        """Read a photograph: `self.input_image` (1, 3, 224, 224), float32, RGB from 0 to 255 minus the mean."""
        with Image.open(image_path) as file:
            image = file.convert('RGB')
        if image.size != (224, 224):
            image = image.resize((224, 224), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, dtype=np.float32)  # (224, 224, 3)
        pixels = pixels - self.image_mean
        pixels = pixels.transpose(2, 0, 1)  # (3, 224, 224)
        self.input_image = pixels[np.newaxis].astype(np.float32, order='C')

    def forward(self):
        """`self.input_image` (N, 3, 224, 224) → class probabilities (N, 1000)."""
        current = self.input_image
        for name in self.param_layer_name:
            current = self.layers[name].forward(current)
        return current

    def evaluate(self):
        """Print the most probable class of the image, and its probability."""
        prob = self.forward()[0]
        top1 = np.argmax(prob)
        print('Classification result: id = %d, prob = %f' % (top1, prob[top1]))


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    vgg.load_image('../../cat1.jpg')
    vgg.evaluate()
