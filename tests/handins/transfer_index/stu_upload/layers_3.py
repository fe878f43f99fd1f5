# 纯 Python 循环的 Gram 矩阵
import numpy as np
class ContentLossLayer(object):
    def forward(self, input_layer, content_layer):
        n,c,h,w = np.shape(input_layer)
        return ((input_layer - content_layer)**2).sum()/2/n/c/h/w
    def backward(self, input_layer, content_layer):
        n,c,h,w = np.shape(input_layer)
        return (input_layer - content_layer)/n/c/h/w
class StyleLossLayer(object):
    def forward(self, input_layer, style_layer):
        n,c,h,w = np.shape(input_layer)
        self.A = np.zeros((n,c,c)); self.G = np.zeros((n,c,c))
        for i in range(n):
            for j in range(c):
                for k in range(c):
                    self.G[i,j,k] = np.sum(input_layer[i,j]*input_layer[i,k])
                    self.A[i,j,k] = np.sum(style_layer[i,j]*style_layer[i,k])
        loss = 0
        for i in range(n):
            loss += np.sum(np.power(self.G[i]-self.A[i],2))
        return loss/(4*n*c**2*(h*w)**2)
    def backward(self, input_layer, style_layer):
        n,c,h,w = np.shape(input_layer)
        res = np.zeros_like(input_layer)
        for i in range(n):
            res[i] = np.tensordot(self.G[i]-self.A[i], input_layer[i], axes=1)
        return res/(n*c*c*h*h*w*w)
