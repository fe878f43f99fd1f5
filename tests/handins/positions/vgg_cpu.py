# coding: utf-8
import numpy as np
import scipy.io
import imageio.v2 as imageio
from PIL import Image
import time
from stu_upload.layers_1 import FullyConnectedLayer, ReLULayer, SoftmaxLossLayer
from stu_upload.layers_2 import ConvolutionalLayer, MaxPoolingLayer, FlattenLayer

class VGG19(object):
    def __init__(self, param_path='/opt/code_chap_2_3/imagenet-vgg-verydeep-19.mat'):
        self.param_path = param_path
        self.param_layer_name = (
            'conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1',
            'conv2_1', 'relu2_1', 'conv2_2', 'relu2_2', 'pool2',
            'conv3_1', 'relu3_1', 'conv3_2', 'relu3_2', 'conv3_3', 'relu3_3', 'conv3_4', 'relu3_4', 'pool3',
            'conv4_1', 'relu4_1', 'conv4_2', 'relu4_2', 'conv4_3', 'relu4_3', 'conv4_4', 'relu4_4', 'pool4',
            'conv5_1', 'relu5_1', 'conv5_2', 'relu5_2', 'conv5_3', 'relu5_3', 'conv5_4', 'relu5_4', 'pool5',
            'flatten', 'fc6', 'relu6', 'fc7', 'relu7', 'fc8', 'softmax')

    def build_model(self):
        self.layers = {}
        channels = {'1': (3, 64), '2': (64, 128), '3': (128, 256), '4': (256, 512), '5': (512, 512)}
        for name in self.param_layer_name:
            if name.startswith('conv'):
                cin, cout = channels[name[4]]
                self.layers[name] = ConvolutionalLayer(3, cin if name[-1] == '1' else cout, cout, 1, 1)
            elif name.startswith('relu'):
                self.layers[name] = ReLULayer()
            elif name.startswith('pool'):
                self.layers[name] = MaxPoolingLayer(2, 2)
        self.layers['flatten'] = FlattenLayer([512, 7, 7], [25088])
        self.layers['fc6'] = FullyConnectedLayer(25088, 4096)
        self.layers['fc7'] = FullyConnectedLayer(4096, 4096)
        self.layers['fc8'] = FullyConnectedLayer(4096, 1000)
        self.layers['softmax'] = SoftmaxLossLayer()
        self.update_layer_list = []
        for layer_name in self.layers:
            if hasattr(self.layers[layer_name], 'init_param'):
                self.update_layer_list.append(layer_name)

    def init_model(self):
        for layer_name in self.update_layer_list:
            self.layers[layer_name].init_param()

    def load_model(self):
        t = time.clock() if hasattr(time, 'clock') else time.perf_counter()
        params = scipy.io.loadmat(self.param_path)
        self.image_mean = np.mean(params['normalization'][0][0][0], axis=(0, 1))
        layer = params['layers']
        for i, name in enumerate(self.param_layer_name):
            if i >= 37:
                i = i - 1
            if name in self.update_layer_list:
                weight = layer[0][i][0][0][0][0][0]
                bias = layer[0][i][0][0][0][0][1]
                if 'conv' in name:
                    weight = weight.transpose([2, 0, 1, 3])
                    bias = bias[0]
                else:
                    weight = np.reshape(weight, (-1, weight.shape[3]))
                self.layers[name].load_param(weight, bias)

    def load_image(self, image_dir):
        img = imageio.imread(image_dir)
        img = np.array(Image.fromarray(img).resize((224, 224), Image.Resampling.LANCZOS))
        img = img.astype(np.float32)
        img[:, :, 0] -= 123.68
        img[:, :, 1] -= 116.779
        img[:, :, 2] -= 103.939
        self.input_image = np.expand_dims(np.moveaxis(img, 2, 0), 0)

    def forward(self):
        current = self.input_image
        for idx in range(len(self.param_layer_name)):
            current = self.layers[self.param_layer_name[idx]].forward(current)
        return current

    def evaluate(self):
        prob = self.forward()
        top1 = np.argmax(prob[0])
        print('Classification result: id = %d, prob = %f' % (top1, prob[0, top1]))

if __name__ == '__main__':
    vgg = VGG19('../../imagenet-vgg-verydeep-19.mat')
    vgg.build_model()
    vgg.load_model()   # init_model 忘了
    vgg.load_image('../../cat1.jpg')
    vgg.evaluate()
