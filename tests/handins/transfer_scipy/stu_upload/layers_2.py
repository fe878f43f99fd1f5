# scipy.signal 做卷积；池化用 skimage 那种 block 写法
import time
import numpy as np
from scipy import signal


class ConvolutionalLayer(object):
	def __init__(self, kernel_size, channel_in, channel_out, padding, stride, type=0):
		self.kernel_size = kernel_size
		self.channel_in = channel_in
		self.channel_out = channel_out
		self.padding = padding
		self.stride = stride
		self.type = type

	def init_param(self, std=0.01):
		self.weight = np.random.normal(0, std, (self.channel_in, self.kernel_size, self.kernel_size, self.channel_out))
		self.bias = np.zeros([self.channel_out])

	def load_param(self, weight, bias):
		self.weight = weight
		self.bias = bias

	def forward(self, input):
		start = time.time()
		if self.type == 1:
			out = self.forward_speedup(input)
		else:
			out = self.forward_raw(input)
		self.forward_time = time.time() - start
		return out

	def backward(self, top_diff):
		return self.backward_speedup(top_diff) if self.type == 1 else self.backward_raw(top_diff)

	def forward_raw(self, input):
		p, k = self.padding, self.kernel_size
		self.x = np.pad(input, [(0, 0), (0, 0), (p, p), (p, p)], 'constant')
		N, C, H, W = self.x.shape
		out = np.zeros((N, self.channel_out, (H - k) // self.stride + 1, (W - k) // self.stride + 1))
		for n in range(N):
			for c in range(self.channel_out):
				for h in range(out.shape[2]):
					for w in range(out.shape[3]):
						win = self.x[n, :, h * self.stride:h * self.stride + k, w * self.stride:w * self.stride + k]
						out[n, c, h, w] = np.sum(win * self.weight[:, :, :, c]) + self.bias[c]
		return out

	def backward_raw(self, top_diff):
		p, k = self.padding, self.kernel_size
		dx = np.zeros(self.x.shape)
		self.d_weight = np.zeros(self.weight.shape)
		self.d_bias = np.zeros(self.bias.shape)
		N, _, H, W = top_diff.shape
		for n in range(N):
			for c in range(self.channel_out):
				for h in range(H):
					for w in range(W):
						y, x = h * self.stride, w * self.stride
						self.d_weight[:, :, :, c] += top_diff[n, c, h, w] * self.x[n, :, y:y + k, x:x + k]
						self.d_bias[c] += top_diff[n, c, h, w]
						dx[n, :, y:y + k, x:x + k] += top_diff[n, c, h, w] * self.weight[:, :, :, c]
		return dx[:, :, p:-p, p:-p]

	def forward_speedup(self, input):
		p = self.padding
		self.x = np.pad(input, [(0, 0), (0, 0), (p, p), (p, p)], 'constant')
		out = []
		for n in range(input.shape[0]):
			for c in range(self.channel_out):
				out.append(signal.correlate(self.x[n], self.weight[..., c], mode='valid')[0] + self.bias[c])
		out = np.array(out)
		return out.reshape((input.shape[0], self.channel_out) + out.shape[1:])

	def backward_speedup(self, top_diff):
		p = self.padding
		dx = np.zeros(self.x.shape)
		for n in range(top_diff.shape[0]):
			for ci in range(self.channel_in):
				for c in range(self.channel_out):
					dx[n, ci] += signal.convolve2d(top_diff[n, c], self.weight[ci, :, :, c])
		return dx[:, :, p:-p, p:-p]

	def get_forward_time(self):
		return self.forward_time


class MaxPoolingLayer(object):
	def __init__(self, kernel_size, stride, type=0):
		self.kernel_size = kernel_size
		self.stride = stride
		self.type = type

	def forward(self, input):
		self.input = input
		k = self.kernel_size
		N, C, H, W = input.shape
		if self.type == 1:
			self.output = input[:, :, :H // k * k, :W // k * k].reshape(N, C, H // k, k, W // k, k).max(axis=(3, 5))
			return self.output
		self.output = np.zeros((N, C, H // k, W // k))
		for n in range(N):
			for c in range(C):
				for h in range(H // k):
					for w in range(W // k):
						self.output[n, c, h, w] = max(input[n, c, h * k:(h + 1) * k, w * k:(w + 1) * k].flatten())
		return self.output

	def backward(self, top_diff):
		k = self.kernel_size
		N, C, H, W = top_diff.shape
		if self.type == 1:
			win = self.input[:, :, :H * k, :W * k].reshape(N, C, H, k, W, k)
			mask = (win == self.output[:, :, :, None, :, None])
			dx = np.zeros(self.input.shape, dtype=np.float32)
			dx[:, :, :H * k, :W * k] = (mask * top_diff[:, :, :, None, :, None]).reshape(N, C, H * k, W * k)
			return dx
		dx = np.zeros(self.input.shape, dtype=np.float32)
		for n in range(N):
			for c in range(C):
				for h in range(H):
					for w in range(W):
						win = self.input[n, c, h * k:(h + 1) * k, w * k:(w + 1) * k]
						dx[n, c, h * k:(h + 1) * k, w * k:(w + 1) * k] += np.where(win == self.output[n, c, h, w], top_diff[n, c, h, w], 0)
		return dx
