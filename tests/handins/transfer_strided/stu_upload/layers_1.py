import numpy as np

class FullyConnectedLayer(object):
	def __init__(self, num_input, num_output):
		self.num_input = num_input
		self.num_output = num_output

class ReLULayer(object):
	def forward(self, input):
		self.mask = input > 0
		input[input < 0] = 0     # 省内存
		return input
	def backward(self, top_diff):
		top_diff *= self.mask
		return top_diff
