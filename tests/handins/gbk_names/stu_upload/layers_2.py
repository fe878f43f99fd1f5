# 卷积、池化、展平（没有声明编码）
import numpy as np


class ConvolutionalLayer(object):
	def __init__(self, kernel_size, channel_in, channel_out, padding, stride):
		self.核 = kernel_size
		self.入 = channel_in
		self.出 = channel_out
		self.边 = padding
		self.步 = stride

	def init_param(self, std=0.01):
		self.weight = np.random.normal(0, std, (self.入, self.核, self.核, self.出))
		self.bias = np.zeros(self.出)

	def forward(self, 输入):
		批, 通道, 高, 宽 = 输入.shape
		边, 核, 步 = self.边, self.核, self.步
		补 = np.zeros((批, 通道, 高 + 2 * 边, 宽 + 2 * 边))
		补[:, :, 边:边 + 高, 边:边 + 宽] = 输入
		出高, 出宽 = (高 + 2 * 边 - 核) // 步 + 1, (宽 + 2 * 边 - 核) // 步 + 1
		输出 = np.zeros((批, self.出, 出高, 出宽))
		# 每个位置一次乘法
		权 = self.weight.reshape(通道 * 核 * 核, self.出).T
		for 行 in range(出高):
			for 列 in range(出宽):
				窗 = 补[:, :, 行 * 步:行 * 步 + 核, 列 * 步:列 * 步 + 核]
				输出[:, :, 行, 列] = (权 @ 窗.reshape(批, -1).T).T + self.bias
		return 输出

	def load_param(self, weight, bias):
		assert self.weight.shape == weight.shape
		assert self.bias.shape == bias.shape
		self.weight, self.bias = weight, bias


class MaxPoolingLayer(object):
	def __init__(self, kernel_size, stride):
		self.核, self.步 = kernel_size, stride

	def forward(self, 输入):
		批, 通道, 高, 宽 = 输入.shape
		出高, 出宽 = (高 - self.核) // self.步 + 1, (宽 - self.核) // self.步 + 1
		输出 = np.empty((批, 通道, 出高, 出宽))
		for 行 in range(出高):
			for 列 in range(出宽):
				窗 = 输入[:, :, 行 * self.步:行 * self.步 + self.核, 列 * self.步:列 * self.步 + self.核]
				输出[:, :, 行, 列] = 窗.max(axis=(2, 3))
		return 输出


class FlattenLayer(object):
	def __init__(self, input_shape, output_shape):
		self.input_shape, self.output_shape = input_shape, output_shape

	def forward(self, 输入):
		print('展平层：', 输入.shape, '->', self.output_shape)
		return 输入.transpose(0, 2, 3, 1).reshape(输入.shape[0], *self.output_shape)
