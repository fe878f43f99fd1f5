import cv2
import numpy as np
import scipy.io
from layers_1 import *
from layers_2 import *


class VGG19:
    def __init__(self, param_path='imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = """conv1_1 relu1_1 conv1_2 relu1_2 pool1
            conv2_1 relu2_1 conv2_2 relu2_2 pool2
            conv3_1 relu3_1 conv3_2 relu3_2 conv3_3 relu3_3 conv3_4 relu3_4 pool3
            conv4_1 relu4_1 conv4_2 relu4_2 conv4_3 relu4_3 conv4_4 relu4_4 pool4
            conv5_1 relu5_1 conv5_2 relu5_2 conv5_3 relu5_3 conv5_4 relu5_4 pool5
            flatten fc6 relu6 fc7 relu7 fc8 softmax""".split()

    def build_model(self):
        sizes = [3, 64, 64, 128, 128, 256, 256, 256, 256] + [512] * 8
        convs = iter(zip(sizes, sizes[1:]))
        dense = iter([(512 * 49, 4096), (4096, 4096), (4096, 1000)])
        make = {
            'conv': lambda: ConvolutionalLayer(3, *next(convs), 1, 1),
            'relu': ReLULayer,
            'pool': lambda: MaxPoolingLayer(2, 2),
            'flat': lambda: FlattenLayer([512, 7, 7], [512 * 7 * 7]),
            'fc': lambda: FullyConnectedLayer(*next(dense)),
            'soft': SoftmaxLossLayer,
        }
        self.layers = {}
        for name in self.param_layer_name:
            for prefix in make:
                if name.startswith(prefix):
                    self.layers[name] = make[prefix]()
        self.update_layer_list = [n for n in self.layers if hasattr(self.layers[n], 'load_param')]

    def init_model(self):
        for n in self.update_layer_list:
            self.layers[n].init_param()

    def load_model(self):
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        for i, name in enumerate(self.param_layer_name):
            if name.startswith('conv'):
                w, b = params['layers'][0][i][0][0][0][0]
                self.layers[name].load_param(rearrange(w, 'h w i o -> i h w o'), rearrange(b, '1 o -> o'))
            elif name.startswith('fc'):
                w, b = params['layers'][0][i - 1][0][0][0][0]
                self.layers[name].load_param(rearrange(w, 'h w i o -> (h w i) o'), b)

    def load_image(self, image_path):
        image = cv2.imread(image_path)
        image = cv2.resize(image, (224, 224))
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.float32)
        image -= self.image_mean
        self.input_image = rearrange(image, 'h w c -> 1 c h w')

    def forward(self):
        x = self.input_image
        for n in self.param_layer_name:
            x = self.layers[n].forward(x)
        return x

    def evaluate(self):
        prob = self.forward()
        print('Classification result: id = %d, prob = %f' % (np.argmax(prob), np.max(prob)))


if __name__ == '__main__':
    vgg = VGG19('../imagenet-vgg-verydeep-19.mat')
    for step in (vgg.build_model, vgg.init_model, vgg.load_model):
        step()
    vgg.load_image('../cat1.jpg')
    vgg.evaluate()
