"""Known mistakes of lab 3-1: one source edit on the reference each, and the score it must get.

The scores follow from the tiers; a hand-in keeps the highest tier below its first wrong one.

- 60: convolution and max pooling on a random case.
- 80: building, loading, the image, ReLU, and the trunk up to pool5, layer by layer.
- 100: flatten, fully connected, softmax and class on a random pool5-shaped case; softmax on large logits.

The `file` of a mistake is relative to the folder `stu_upload`.
"""

from __future__ import annotations

from labbench.labs import Mistake
from labbench.labs import mistake as _mistake

# Lines of the reference that several mistakes edit.
_CONV_PRODUCT = "np.tensordot(self.weight, patches"
_CONV_PADDING = "((0, 0), (0, 0), (p, p), (p, p))"
_POOL = "windows(input, self.kernel_size, self.stride).max(axis=(4, 5))"
_FIRST_WINDOWS = "[:, :, : input.shape[2] // self.stride, : input.shape[3] // self.stride]"
_CONV_LOADING = "weight = weight.transpose(2, 0, 1, 3)"
_FC_LOADING = "weight = weight.reshape(-1, weight.shape[3])"
_MEAN = "pixels = pixels - self.image_mean"
_NCHW = "pixels = pixels.transpose(2, 0, 1)"
_RELU = "return np.maximum(input, 0)"
_FLATTEN = "input.transpose(0, 2, 3, 1).reshape(-1, *self.output_shape)"
_NORMALISED = "exponentials / exponentials.sum(axis=1, keepdims=True)"

# fmt: off
#: Every known mistake: name, file, score; the edit; titles.
MISTAKES: tuple[Mistake, ...] = (
    # Convolution and pooling
    _mistake("conv_no_bias", "layers_2.py", 0,
             "product.transpose(1, 0, 2, 3) + self.bias.reshape(1, -1, 1, 1)",
             "product.transpose(1, 0, 2, 3)",
             en="convolution without the bias", zh="卷积没有加偏置"),
    _mistake("conv_kernel_flipped", "layers_2.py", 0,
             _CONV_PRODUCT, "np.tensordot(self.weight[:, ::-1, ::-1], patches",
             en="kernel rotated by 180° (true convolution instead of cross-correlation)",
             zh="卷积核旋转了 180°（做成了数学卷积，而不是互相关）"),
    _mistake("conv_kernel_transposed", "layers_2.py", 0,
             _CONV_PRODUCT, "np.tensordot(self.weight.transpose(0, 2, 1, 3), patches",
             en="kernel's height and width swapped", zh="卷积核的高和宽互换"),
    _mistake("conv_no_padding", "layers_2.py", 0,
             _CONV_PADDING, "((0, 0), (0, 0), (0, 0), (0, 0))",
             en="convolution without padding, so the output is smaller", zh="卷积没有做填充，输出变小"),
    _mistake("conv_padding_before", "layers_2.py", 0,
             _CONV_PADDING, "((0, 0), (0, 0), (2 * p, 0), (2 * p, 0))",
             en="all padding at the top and left, so the output is shifted",
             zh="填充全加在上边和左边，输出发生平移"),
    _mistake("conv_padding_after", "layers_2.py", 0,
             _CONV_PADDING, "((0, 0), (0, 0), (0, 2 * p), (0, 2 * p))",
             en="all padding at the bottom and right, so the output is shifted",
             zh="填充全加在下边和右边，输出发生平移"),
    _mistake("conv_border_repeated", "layers_2.py", 0,
             "(p, p)))", "(p, p)), mode='edge')",
             en="padding with the border pixels instead of zeros", zh="用边缘像素填充，而不是用零填充"),
    _mistake("pool_stride_ignored", "layers_2.py", 0,
             _POOL, f"windows(input, self.kernel_size, 1){_FIRST_WINDOWS}.max(axis=(4, 5))",
             en="pooling windows start at (h, w) instead of (h·stride, w·stride)",
             zh="池化窗口从 (h, w) 开始，没有乘步长"),
    _mistake("pool_stride_one", "layers_2.py", 0,
             _POOL, "windows(input, self.kernel_size, 1).max(axis=(4, 5))",
             en="pooling with stride 1, so the output is larger", zh="池化步长当成了 1，输出变大"),
    _mistake("pool_average", "layers_2.py", 0,
             _POOL, "windows(input, self.kernel_size, self.stride).mean(axis=(4, 5))",
             en="average pooling instead of max pooling", zh="做成了平均池化，而不是最大池化"),
    # Building and loading
    _mistake("layer_missing", "vgg_cpu.py", 60,
             "self.layers['flatten'] = ", "del self.layers['relu5_4']\n        self.layers['flatten'] = ",
             en="a layer missing in build_model (relu5_4)", zh="build_model 少建了一层（relu5_4）"),
    _mistake("load_conv_reshaped", "vgg_cpu.py", 60,
             _CONV_LOADING, "weight = weight.reshape(weight.shape[2], 3, 3, weight.shape[3])",
             en="convolution weights reshaped instead of transposed when loading",
             zh="加载卷积权重时用了 reshape，而不是 transpose"),
    _mistake("load_conv_transposed", "vgg_cpu.py", 60,
             _CONV_LOADING, "weight = weight.transpose(2, 1, 0, 3)",
             en="kernel's height and width swapped when loading", zh="加载卷积权重时高和宽互换"),
    _mistake("load_fc_index", "vgg_cpu.py", 60,
             "entries[index - 1][0]", "entries[index][0]",
             en="fc6 read from its layer number, though the file has no flatten entry",
             zh="读 fc6 时没有把序号减一（文件里没有 flatten 这一项）"),
    # The image
    _mistake("image_mean_kept", "vgg_cpu.py", 60,
             _MEAN, "pixels = pixels",
             en="mean colour not subtracted", zh="图像没有减均值"),
    _mistake("image_bgr", "vgg_cpu.py", 60,
             _NCHW, "pixels = pixels[:, :, ::-1].transpose(2, 0, 1)",
             en="channels in BGR order", zh="图像通道成了 BGR 顺序"),
    _mistake("image_mean_bgr", "vgg_cpu.py", 60,
             _MEAN, "pixels = pixels - self.image_mean[::-1]",
             en="mean colour subtracted in BGR order", zh="减均值时用了 BGR 顺序"),
    _mistake("image_scaled", "vgg_cpu.py", 60,
             _MEAN, "pixels = (pixels - self.image_mean) / 255",
             en="pixels divided by 255", zh="像素值除以了 255"),
    _mistake("image_transposed", "vgg_cpu.py", 60,
             _NCHW, "pixels = pixels.transpose(2, 1, 0)",
             en="image's height and width swapped", zh="图像的高和宽互换"),
    _mistake("image_reshaped", "vgg_cpu.py", 60,
             _NCHW, "pixels = pixels.reshape(3, 224, 224)",
             en="image reshaped to NCHW instead of transposed",
             zh="图像用 reshape 变成 NCHW，而不是 transpose"),
    _mistake("image_nhwc", "vgg_cpu.py", 60,
             _NCHW, "pixels = pixels",
             en="image left in NHWC", zh="图像仍是 NHWC，没有转换"),
    # ReLU
    _mistake("relu_identity", "layers_1.py", 60,
             _RELU, "return input",
             en="ReLU passes negative values on", zh="ReLU 没有起作用，负值原样通过"),
    _mistake("relu_absolute", "layers_1.py", 60,
             _RELU, "return np.abs(input)",
             en="absolute value instead of ReLU", zh="ReLU 写成了绝对值"),
    _mistake("relu_leaky", "layers_1.py", 60,
             _RELU, "return np.maximum(input, 0.01 * input)",
             en="leaky ReLU (slope 0.01) instead of ReLU", zh="ReLU 写成了 leaky ReLU（斜率 0.01）"),
    # Flatten, fully connected, softmax
    _mistake("flatten_chw", "layers_2.py", 80,
             _FLATTEN, "input.reshape(-1, *self.output_shape)",
             en="flattened in C, H, W order", zh="按 C、H、W 的顺序展平"),
    _mistake("flatten_whc", "layers_2.py", 80,
             _FLATTEN, "input.transpose(0, 3, 2, 1).reshape(-1, *self.output_shape)",
             en="flattened in W, H, C order", zh="按 W、H、C 的顺序展平"),
    _mistake("fc_no_bias", "layers_1.py", 80,
             "np.concatenate(blocks, axis=1) + self.bias", "np.concatenate(blocks, axis=1)",
             en="fully connected layer without the bias", zh="全连接层没有加偏置"),
    _mistake("load_fc_chw", "vgg_cpu.py", 80,
             _FC_LOADING, "weight = weight.transpose(2, 0, 1, 3).reshape(-1, weight.shape[3])",
             en="fc6's weights brought into C, H, W order when loading",
             zh="加载 fc6 权重时变成了 C、H、W 顺序"),
    _mistake("softmax_overflow", "layers_1.py", 80,
             "input - input.max(axis=1, keepdims=True)", "input",
             en="softmax without subtracting the maximum: overflows on large logits",
             zh="softmax 没有先减最大值，数值大时溢出"),
    _mistake("softmax_axis", "layers_1.py", 80,
             _NORMALISED, "exponentials / exponentials.sum(axis=0, keepdims=True)",
             en="softmax normalised over the samples instead of the classes",
             zh="softmax 沿样本方向归一化，而不是沿类别方向"),
    _mistake("softmax_not_normalised", "layers_1.py", 80,
             _NORMALISED, "exponentials",
             en="softmax without dividing by the sum", zh="softmax 没有除以总和"),
)
# fmt: on
