# -*- coding: gbk -*-
# 智能计算系统 实验三 第一题
import numpy as np


class FullyConnectedLayer(object):
	"""全连接层"""

	def __init__(self, num_input, num_output):
		self.输入数 = num_input
		self.输出数 = num_output

	def init_param(self, std=0.01):
		self.weight = np.random.normal(0, std, (self.输入数, self.输出数))
		self.bias = np.zeros((1, self.输出数))

	def forward(self, 输入):
		self.输入 = 输入
		return 输入.dot(self.weight) + self.bias

	def backward(self, 上层梯度):
		self.d_weight = self.输入.T.dot(上层梯度)
		self.d_bias = 上层梯度.sum(axis=0).reshape(1, -1)
		return 上层梯度.dot(self.weight.T)

	def update_param(self, 学习率):
		self.weight = self.weight - 学习率 * self.d_weight
		self.bias = self.bias - 学习率 * self.d_bias

	def load_param(self, weight, bias):
		assert self.weight.shape == weight.shape, '权重形状不对'
		assert self.bias.shape == bias.shape, '偏置形状不对'
		self.weight, self.bias = weight, bias

	def save_param(self):
		return self.weight, self.bias


class ReLULayer(object):
	def forward(self, 输入):
		self.正 = 输入 > 0
		return np.clip(输入, 0, None)

	def backward(self, 上层梯度):
		return 上层梯度 * self.正


class SoftmaxLossLayer(object):
	def forward(self, 输入):
		输入 = 输入 - 输入.max(axis=1, keepdims=True)   # 减最大值，防止溢出
		指数 = np.exp(输入)
		self.prob = 指数 / 指数.sum(axis=1, keepdims=True)
		return self.prob

	def get_loss(self, label):
		self.标签 = label
		return -np.mean(np.log(self.prob[range(len(label)), label]))

	def backward(self):
		梯度 = np.array(self.prob)
		梯度[range(len(self.标签)), self.标签] -= 1
		return 梯度 / len(self.标签)
