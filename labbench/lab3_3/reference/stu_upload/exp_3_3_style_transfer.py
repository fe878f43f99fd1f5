"""Style transfer: an image with the content of one picture in the style of another.

The features are VGG19's up to pool5. The image itself is what is trained: the gradient of both losses with respect to
its pixels goes through Adam.
"""

import time

import numpy as np
import scipy.io
from PIL import Image

from layers_1 import ReLULayer
from layers_2 import ConvolutionalLayer, MaxPoolingLayer
from layers_3 import ContentLossLayer, StyleLossLayer

CONTENT_LOSS_LAYERS = ('relu4_2',)
STYLE_LOSS_LAYERS = ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1')
NOISE = 0.5
ALPHA, BETA = 1, 500
TRAIN_STEP = 100
LEARNING_RATE = 1.0
IMAGE_HEIGHT, IMAGE_WIDTH = 192, 320
#: The five blocks of the trunk: how many convolutions, with how many output channels. Each ends with a pooling.
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))


class VGG19:
    """The 37 layers of VGG19's trunk by name, forward, and backward to the image."""

    def __init__(self, param_path='../../imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = (
            'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
            'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
            'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
            'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
            'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5',
        )

    def build_model(self):
        """Make every layer of `param_layer_name`: `self.layers`, by name, in the order of computation."""
        self.layers = {}
        channel_in = 3
        for block, (convolutions, channel_out) in enumerate(BLOCKS, start=1):
            for number in range(1, convolutions + 1):
                self.layers[f'conv{block}_{number}'] = ConvolutionalLayer(3, channel_in, channel_out, 1, 1, 1)
                self.layers[f'relu{block}_{number}'] = ReLULayer()
                channel_in = channel_out
            self.layers[f'pool{block}'] = MaxPoolingLayer(2, 2, 1)
        self.update_layer_list = [name for name in self.param_layer_name if name.startswith('conv')]

    def init_model(self):
        """Give every convolution random parameters."""
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        """Read the parameters, float32, and the mean colour `self.image_mean` (3,), RGB.

        Convolution: (k, k, C_in, C_out) in the file → (C_in, k, k, C_out); bias (1, C_out) → (C_out,).
        """
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1), dtype=np.float64)
        entries = params['layers'][0]
        for index, name in enumerate(self.param_layer_name):
            if name.startswith('conv'):
                weight, bias = entries[index][0][0][0][0]
                weight = np.ascontiguousarray(weight.transpose(2, 0, 1, 3))
                self.layers[name].load_param(weight, bias.reshape(-1))

    def load_image(self, image_path, image_height, image_width):
        """Read a picture: ((1, 3, image_height, image_width) float32, RGB minus the mean; its own shape (H, W, 3))."""
        with Image.open(image_path) as file:
            image = file.convert('RGB')
        original_shape = (image.height, image.width, 3)
        if (image.height, image.width) != (image_height, image_width):
            image = image.resize((image_width, image_height), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, dtype=np.float32) - self.image_mean
        return pixels.transpose(2, 0, 1)[np.newaxis].astype(np.float32, order='C'), original_shape

    def save_image(self, input_image, image_shape, image_path):
        """Write an image (1, 3, H, W), mean-free, as a picture of shape (H, W, 3)."""
        pixels = input_image[0].transpose(1, 2, 0) + self.image_mean
        picture = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
        picture.resize((image_shape[1], image_shape[0]), Image.Resampling.BILINEAR).save(image_path)

    def forward(self, input_image, layer_list):
        """X (1, 3, H, W) → {name: features} of the layers in `layer_list`."""
        current = input_image
        features = {}
        for name in self.param_layer_name:
            current = self.layers[name].forward(current)
            if name in layer_list:
                features[name] = current
        return features

    def backward(self, dloss, layer_name):
        """dL/d(features of `layer_name`) → dL/dX (1, 3, H, W), from what the last `forward` remembers."""
        last = self.param_layer_name.index(layer_name)
        for name in reversed(self.param_layer_name[: last + 1]):
            dloss = self.layers[name].backward(dloss)
        return dloss


def get_random_img(content_image, noise):
    """Where training starts: the content, mixed with uniform noise in [−20, 20)."""
    noise_image = np.random.uniform(-20, 20, content_image.shape)
    return noise_image * noise + content_image * (1 - noise)


class AdamOptimizer:
    """Adam (Kingma and Ba 2015) on the image."""

    def __init__(self, lr, diff_shape):
        self.beta1, self.beta2, self.eps = 0.9, 0.999, 1e-8
        self.lr = lr
        self.mt = np.zeros(diff_shape)
        self.vt = np.zeros(diff_shape)
        self.step = 0

    def update(self, input, grad):
        """The next image, from this one and the gradient with respect to it."""
        self.step += 1
        self.mt = self.beta1 * self.mt + (1 - self.beta1) * grad
        self.vt = self.beta2 * self.vt + (1 - self.beta2) * grad**2
        mt_hat = self.mt / (1 - self.beta1**self.step)
        vt_hat = self.vt / (1 - self.beta2**self.step)
        return input - self.lr * mt_hat / (np.sqrt(vt_hat) + self.eps)


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    content_loss_layer, style_loss_layer = ContentLossLayer(), StyleLossLayer()
    adam = AdamOptimizer(LEARNING_RATE, (1, 3, IMAGE_HEIGHT, IMAGE_WIDTH))
    content_image, content_shape = vgg.load_image('../../weinisi.jpg', IMAGE_HEIGHT, IMAGE_WIDTH)
    style_image, _ = vgg.load_image('../../style.jpg', IMAGE_HEIGHT, IMAGE_WIDTH)
    content_features = vgg.forward(content_image, CONTENT_LOSS_LAYERS)
    style_features = vgg.forward(style_image, STYLE_LOSS_LAYERS)
    image = get_random_img(content_image, NOISE)

    for step in range(TRAIN_STEP):
        start = time.time()
        features = vgg.forward(image, CONTENT_LOSS_LAYERS + STYLE_LOSS_LAYERS)
        content_loss, style_loss = [], []
        gradient = np.zeros(image.shape)
        for name in CONTENT_LOSS_LAYERS:
            content_loss.append(content_loss_layer.forward(features[name], content_features[name]))
            diff = content_loss_layer.backward(features[name], content_features[name])
            gradient += ALPHA * vgg.backward(diff, name) / len(CONTENT_LOSS_LAYERS)
        for name in STYLE_LOSS_LAYERS:
            style_loss.append(style_loss_layer.forward(features[name], style_features[name]))
            diff = style_loss_layer.backward(features[name], style_features[name])
            gradient += BETA * vgg.backward(diff, name) / len(STYLE_LOSS_LAYERS)
        loss = ALPHA * np.mean(content_loss) + BETA * np.mean(style_loss)
        image = adam.update(image, gradient)
        print('Step %d, loss = %f, %.1f s' % (step, loss, time.time() - start))
        if step % 20 == 0 or step == TRAIN_STEP - 1:
            vgg.save_image(image, content_shape, 'output/output_' + str(step) + '.jpg')
