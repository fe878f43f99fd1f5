# 非实时图像风格迁移 / Style transfer: one picture's content in another's style

import time

import numpy as np
import scipy.io
from PIL import Image

from layers_1 import ReLULayer
from layers_2 import ConvolutionalLayer, MaxPoolingLayer
from layers_3 import ContentLossLayer, StyleLossLayer

CONTENT_LOSS_LAYERS = ['relu4_2']
STYLE_LOSS_LAYERS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']
NOISE = 0.5
ALPHA, BETA = 1, 500
TRAIN_STEP = 100
LEARNING_RATE = 1.0
IMAGE_HEIGHT, IMAGE_WIDTH = 192, 320


class VGG19:
    """VGG19 直到 pool5 / VGG19 up to pool5. 依次调用 / Call in this order: build_model, init_model, load_model."""

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
        self.layers = {}
        # 快速版本写对之前，这里可以先用 type=0 / until the fast version is right, use type=0 here
        self.layers['conv1_1'] = ConvolutionalLayer(3, 3, 64, 1, 1, 1)
        self.layers['relu1_1'] = ReLULayer()
        # TODO: 建立中间的 34 层，名字取自 self.param_layer_name
        # TODO: make the 34 layers between, with the names in self.param_layer_name
        _______________________
        self.layers['pool5'] = MaxPoolingLayer(2, 2, 1)

        # 有参数的层 / the layers with parameters
        self.update_layer_list = [name for name in self.param_layer_name if name.startswith('conv')]

    def init_model(self):
        for name in self.update_layer_list:
            self.layers[name].init_param()

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        # 均值 (3,)，RGB / the mean colour, (3,), RGB
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for index, name in enumerate(self.param_layer_name):
            if name.startswith('conv'):
                # 文件中的权重是 (k, k, channel_in, channel_out) / the file's weight has this shape
                weight, bias = params['layers'][0][index][0][0][0][0]
                # TODO: 权重变为 (channel_in, k, k, channel_out)，偏置变为 (channel_out,)
                # TODO: bring the weight to (channel_in, k, k, channel_out), the bias to (channel_out,)
                weight = _______________________
                bias = _______________________
                self.layers[name].load_param(weight, bias)

    def load_image(self, image_path, image_height, image_width):
        image = Image.open(image_path).convert('RGB')
        image_shape = (image.height, image.width, 3)
        image = image.resize((image_width, image_height), Image.Resampling.BILINEAR)
        image = np.array(image).astype(np.float32)  # (image_height, image_width, 3)
        # TODO: 减去均值
        # TODO: subtract the mean colour
        image = _______________________
        # TODO: 变为 (1, 3, image_height, image_width)
        # TODO: bring it to (1, 3, image_height, image_width)
        image = _______________________
        return image.astype(np.float32), image_shape

    def save_image(self, input_image, image_shape, image_path):
        # TODO: load_image 的逆过程：变为 (H, W, 3)，加上均值，限制在 0 到 255 之间
        # TODO: load_image backwards: bring it to (H, W, 3), add the mean colour, keep it between 0 and 255
        image = _______________________
        image = Image.fromarray(np.rint(image).astype(np.uint8))
        image.resize((image_shape[1], image_shape[0]), Image.Resampling.BILINEAR).save(image_path)

    def forward(self, input_image, layer_list):
        # 返回 layer_list 中各层的输出：{层名: 特征} / the outputs of the layers in layer_list, by name
        features = {}
        current = input_image
        for name in self.param_layer_name:
            # TODO: 计算这一层；名字在 layer_list 中的，记下输出
            # TODO: run this layer; keep its output if its name is in layer_list
            current = _______________________
            _______________________
        return features

    def backward(self, dloss, layer_name):
        # dloss 是损失对 layer_name 那一层输出的梯度，返回损失对图像的梯度 (1, 3, H, W)
        # from the gradient with respect to the output of layer_name to that with respect to the image, (1, 3, H, W)
        # TODO: 从 layer_name 这一层开始，逐层往回，直到 conv1_1
        # TODO: layer by layer, from layer_name back to conv1_1
        for name in _______________________:
            dloss = _______________________
        return dloss


def get_random_img(content_image, noise):
    # TODO: 均匀分布于 [-20, 20) 的噪声图像，形状与 content_image 相同
    # TODO: an image of noise, uniform in [-20, 20), shaped like content_image
    noise_image = _______________________
    # TODO: 噪声占 noise，内容占其余
    # TODO: `noise` parts of the noise, and of the content the rest
    random_image = _______________________
    return random_image


class AdamOptimizer:
    """Adam，更新的是图像 / Adam, which updates the image."""

    def __init__(self, lr, diff_shape):
        self.beta1 = 0.9
        self.beta2 = 0.999
        self.eps = 1e-8
        self.lr = lr
        self.mt = np.zeros(diff_shape)
        self.vt = np.zeros(diff_shape)
        self.step = 0

    def update(self, input, grad):
        # 返回新的图像 / returns the new image
        self.step += 1
        # TODO: 一阶、二阶矩的滑动平均
        # TODO: the moving averages of gradient and squared gradient
        self.mt = _______________________
        self.vt = _______________________
        # TODO: 偏差修正
        # TODO: their bias correction
        mt_hat = _______________________
        vt_hat = _______________________
        # TODO: 更新图像
        # TODO: the new image
        output = _______________________
        return output


if __name__ == '__main__':
    vgg = VGG19()
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    content_loss_layer = ContentLossLayer()
    style_loss_layer = StyleLossLayer()
    adam = AdamOptimizer(LEARNING_RATE, (1, 3, IMAGE_HEIGHT, IMAGE_WIDTH))
    content_image, content_shape = vgg.load_image('../../weinisi.jpg', IMAGE_HEIGHT, IMAGE_WIDTH)
    style_image, _ = vgg.load_image('../../style.jpg', IMAGE_HEIGHT, IMAGE_WIDTH)
    # 目标的特征只需计算一次 / the targets' features are computed once
    content_features = vgg.forward(content_image, CONTENT_LOSS_LAYERS)
    style_features = vgg.forward(style_image, STYLE_LOSS_LAYERS)
    image = get_random_img(content_image, NOISE)

    for step in range(TRAIN_STEP):
        start = time.time()
        # TODO: 当前图像在全部内容层、风格层的特征
        # TODO: the current image's features at all content and style layers
        features = _______________________
        content_losses, style_losses = [], []
        content_diff = np.zeros(image.shape)
        style_diff = np.zeros(image.shape)
        for name in CONTENT_LOSS_LAYERS:
            # TODO: 这一层的损失；它的梯度传回图像，累加到 content_diff
            # TODO: this layer's loss; its gradient, passed back to the image, is added to content_diff
            content_losses.append(_______________________)
            content_diff += _______________________
        for name in STYLE_LOSS_LAYERS:
            # TODO: 与上面相同，换成风格
            # TODO: as above, for the style
            style_losses.append(_______________________)
            style_diff += _______________________
        # TODO: 总损失，以及损失对图像的梯度：层数取平均，按 ALPHA 和 BETA 加权
        # TODO: the loss, and its gradient with respect to the image: averaged over layers, weighted by ALPHA and BETA
        loss = _______________________
        gradient = _______________________
        # TODO: 用 Adam 更新图像
        # TODO: let Adam update the image
        image = _______________________
        print('Step %d, loss = %f, %.1f s' % (step, loss, time.time() - start))
        if step % 20 == 0 or step == TRAIN_STEP - 1:
            vgg.save_image(image, content_shape, 'output/output_%d.jpg' % step)
