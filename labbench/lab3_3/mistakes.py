"""Known mistakes of lab 3-3: one source edit on the reference each, and the score it must get.

The scores follow from the tiers; a hand-in keeps the highest tier below its first wrong one.

- 60: convolution and max pooling by loops, forward and backward.
- 80: the losses, Adam, the pictures, VGG19 forward and backward down to the image. The reference's VGG19 uses the fast
  layers, so a mistake in these shows here already.
- 100: the fast layers, and how fast they are.

What differs only outside the course's box, or not at all within it, must pass. The `file` of a mistake is relative to
the folder `stu_upload`.
"""

from __future__ import annotations

from labbench.labs import Mistake
from labbench.labs import mistake as _mistake

# Lines of the reference that several mistakes edit.
_LAYERS, _LOSSES, _TRANSFER = "layers_2.py", "layers_3.py", "exp_3_3_style_transfer.py"
_RAW_INPUT_DIFF = "padded_diff[window] += diff * self.weight[:, :, :, o]"
_CROP = "return padded_diff[:, :, p : padded_diff.shape[2] - p, p : padded_diff.shape[3] - p]"
_RAW_POOL = "bottom_diff[n, c, h * s + i, w * s + j] += top_diff[n, c, h, w]"
_RAW_ARGMAX = "i, j = np.unravel_index(np.argmax(window), window.shape)"
_FAST_SHARES = "shares = np.tensordot(self.weight, top_diff, axes=([3], [1]))"
_FAST_FIRST = "first = waiting & (self.input[view] == self.maxima)"
_CONTENT_LOSS = "np.sum((input_layer - content_layer) ** 2) / (2 * input_layer.size)"
_STYLE_GRADIENT = "gradient = self.difference.transpose(0, 2, 1) @ self.rows"
_GRAM = "return rows, rows @ rows.transpose(0, 2, 1)"
_STYLE_LOSS = "return np.sum(self.difference**2) / (4 * samples * values**2)"
_RELU_BACKWARD = "return np.where(self.input > 0, top_diff, 0)"
_BACK = "dloss = self.layers[name].backward(dloss)"

# fmt: off
#: Every known mistake: name, file, score; the edit; titles.
MISTAKES: tuple[Mistake, ...] = (
    # Convolution by loops
    _mistake("conv_no_bias", _LAYERS, 0,
             "np.sum(window * self.weight[:, :, :, o]) + self.bias[o]", "np.sum(window * self.weight[:, :, :, o])",
             en="convolution without the bias", zh="卷积没有加偏置"),
    _mistake("conv_backward_no_flip", _LAYERS, 0,
             _RAW_INPUT_DIFF, "padded_diff[window] += diff * self.weight[:, ::-1, ::-1, o]",
             en="gradient of the convolution's input with the kernel rotated by 180°",
             zh="卷积输入的梯度中卷积核旋转了 180°"),
    _mistake("conv_backward_assigned", _LAYERS, 0,
             _RAW_INPUT_DIFF, _RAW_INPUT_DIFF.replace("+=", "="),
             en="gradient of the convolution's input assigned, not added up where windows overlap",
             zh="卷积输入的梯度用 = 赋值，窗口重叠处没有累加"),
    _mistake("conv_backward_not_cropped", _LAYERS, 0,
             _CROP, "return padded_diff",
             en="gradient of the convolution's input still with the padding", zh="卷积输入的梯度没有裁掉填充部分"),
    _mistake("conv_backward_cropped_before", _LAYERS, 0,
             _CROP, "return padded_diff[:, :, 2 * p :, 2 * p :]",
             en="padding cropped from the gradient at the top and left only",
             zh="裁剪梯度的填充时只裁了上边和左边"),
    _mistake("conv_backward_cropped_after", _LAYERS, 0,
             _CROP, "return padded_diff[:, :, : padded_diff.shape[2] - 2 * p, : padded_diff.shape[3] - 2 * p]",
             en="padding cropped from the gradient at the bottom and right only",
             zh="裁剪梯度的填充时只裁了下边和右边"),
    _mistake("conv_weight_gradient_assigned", _LAYERS, 0,
             "self.d_weight[:, :, :, o] += diff * self.padded[window]",
             "self.d_weight[:, :, :, o] = diff * self.padded[window]",
             en="gradient of the weights assigned, so that the last window alone counts",
             zh="权重梯度用 = 赋值，只剩最后一个窗口"),
    _mistake("conv_bias_gradient_mean", _LAYERS, 0,
             "self.d_weight = np.zeros(self.weight_shape, dtype=padded_diff.dtype)\n"
             "        self.d_bias = np.sum(top_diff, axis=(0, 2, 3))",
             "self.d_weight = np.zeros(self.weight_shape, dtype=padded_diff.dtype)\n"
             "        self.d_bias = np.mean(top_diff, axis=(0, 2, 3))",
             en="gradient of the bias averaged over the positions instead of added up",
             zh="偏置梯度对各位置取了平均，而不是求和"),
    # Pooling by loops
    _mistake("pool_backward_average", _LAYERS, 0,
             _RAW_POOL, "bottom_diff[n, c, h * s : h * s + k, w * s : w * s + k] += top_diff[n, c, h, w] / k**2",
             en="pooling's gradient spread over the window, as for average pooling",
             zh="池化的梯度平均分到了整个窗口（平均池化的做法）"),
    _mistake("pool_backward_transposed", _LAYERS, 0,
             _RAW_ARGMAX, "j, i = np.unravel_index(np.argmax(window), window.shape)",
             en="row and column of the maximum swapped in pooling's gradient",
             zh="池化反向传播时最大值的行列互换"),
    _mistake("pool_backward_all_maxima", _LAYERS, 100,
             _RAW_POOL,
             "bottom_diff[n, c, h * s : h * s + k, w * s : w * s + k] +="
             " (window == window[i, j]) * top_diff[n, c, h, w]",
             en="pooling's gradient to every maximum of a window: differs only where there are several",
             zh="池化的梯度给了窗口内所有最大值：仅在有多个最大值时不同"),
    _mistake("pool_backward_last_maximum", _LAYERS, 100,
             _RAW_ARGMAX,
             "i, j = np.unravel_index(window.size - 1 - np.argmax(window[::-1, ::-1]), window.shape)",
             en="pooling's gradient to the last maximum of a window: differs only where there are several",
             zh="池化的梯度给了窗口内最后一个最大值：仅在有多个最大值时不同"),
    # The losses
    _mistake("content_loss_sum", _LOSSES, 60,
             _CONTENT_LOSS, "np.sum((input_layer - content_layer) ** 2) / 2",
             en="content loss summed, not averaged", zh="内容损失只求和，没有取平均"),
    _mistake("content_loss_squared_sum", _LOSSES, 60,
             _CONTENT_LOSS, "np.sum(input_layer - content_layer) ** 2 / (2 * input_layer.size)",
             en="content loss: square of the sum instead of sum of the squares",
             zh="内容损失先求和再平方，而不是先平方再求和"),
    _mistake("content_gradient_sum", _LOSSES, 60,
             "return (input_layer - content_layer) / input_layer.size", "return input_layer - content_layer",
             en="gradient of the content loss not averaged", zh="内容损失的梯度没有取平均"),
    _mistake("content_gradient_sign", _LOSSES, 60,
             "return (input_layer - content_layer) / input_layer.size",
             "return (content_layer - input_layer) / input_layer.size",
             en="sign of the content loss' gradient", zh="内容损失梯度的符号相反"),
    _mistake("style_gradient_of_style", _LOSSES, 60,
             _STYLE_GRADIENT, "gradient = self.difference.transpose(0, 2, 1) @ self.gram(style_layer)[0]",
             en="gradient of the style loss multiplied by the style's features instead of the image's",
             zh="风格损失的梯度乘的是风格图像的特征，而不是生成图像的特征"),
    _mistake("style_gradient_sign", _LOSSES, 60,
             _STYLE_GRADIENT, "gradient = -self.difference.transpose(0, 2, 1) @ self.rows",
             en="sign of the style loss' gradient", zh="风格损失梯度的符号相反"),
    _mistake("style_gradient_zero", _LOSSES, 60,
             _STYLE_GRADIENT, "gradient = 0 * self.rows",
             en="gradient of the style loss all zero", zh="风格损失的梯度全为零"),
    _mistake("style_gram_normalised", _LOSSES, 60,
             _GRAM, "return rows, rows @ rows.transpose(0, 2, 1) / rows.shape[2]",
             en="Gram matrix divided by the number of positions", zh="Gram 矩阵除以了位置数"),
    _mistake("style_width_forgotten", _LOSSES, 60,
             _STYLE_LOSS, "return np.sum(self.difference**2) / (4 * samples * (values // input_layer.shape[3]) ** 2)",
             en="width forgotten in M of the style loss", zh="风格损失的 M 中漏乘了宽度"),
    _mistake("style_gradient_width_forgotten", _LOSSES, 60,
             "return (gradient / (samples * values**2)).reshape(input_layer.shape)",
             "return (gradient / (samples * (values // input_layer.shape[3]) ** 2)).reshape(input_layer.shape)",
             en="width forgotten in M of the style loss' gradient", zh="风格损失梯度的 M 中漏乘了宽度"),
    _mistake("style_loss_squared_sum", _LOSSES, 60,
             _STYLE_LOSS, "return np.sum(self.difference) ** 2 / (4 * samples * values**2)",
             en="style loss: square of the sum instead of sum of the squares",
             zh="风格损失先求和再平方，而不是先平方再求和"),
    _mistake("style_samples_squared", _LOSSES, 100,
             _STYLE_LOSS, "return np.sum(self.difference**2) / (4 * samples**2 * values**2)",
             en="style loss divided by N²: right for one sample", zh="风格损失除以 N²：单张图像时正确"),
    _mistake("style_samples_forgotten", _LOSSES, 100,
             "return (gradient / (samples * values**2))", "return (gradient / values**2)",
             en="1/N forgotten in the style loss' gradient: right for one sample",
             zh="风格损失的梯度漏除 N：单张图像时正确"),
    _mistake("content_samples_forgotten", _LOSSES, 100,
             _CONTENT_LOSS, "np.sum((input_layer - content_layer) ** 2) / (2 * input_layer[0].size)",
             en="1/N forgotten in the content loss: right for one sample", zh="内容损失漏除 N：单张图像时正确"),
    # Adam
    _mistake("adam_floor_division", _TRANSFER, 60,
             "mt_hat = self.mt / (1 - self.beta1**self.step)", "mt_hat = self.mt // (1 - self.beta1**self.step)",
             en="Adam with // instead of /", zh="Adam 中把 / 写成了 //"),
    _mistake("adam_uncorrected", _TRANSFER, 60,
             "return input - self.lr * mt_hat / (np.sqrt(vt_hat) + self.eps)",
             "return input - self.lr * self.mt / (np.sqrt(self.vt) + self.eps)",
             en="Adam without the bias correction", zh="Adam 没有做偏差修正"),
    _mistake("adam_step_fixed", _TRANSFER, 60,
             "self.step += 1", "self.step = 1",
             en="Adam's bias correction always that of the first step", zh="Adam 的偏差修正始终按第一步计算"),
    _mistake("adam_ascent", _TRANSFER, 60,
             "return input - self.lr * mt_hat", "return input + self.lr * mt_hat",
             en="Adam climbs instead of descending", zh="Adam 沿梯度上升，而不是下降"),
    _mistake("adam_epsilon_in_root", _TRANSFER, 100,
             "(np.sqrt(vt_hat) + self.eps)", "np.sqrt(vt_hat + self.eps)",
             en="Adam's ε inside the root: differs only where gradients are tiny",
             zh="Adam 的 ε 放在了根号内：仅在梯度极小时不同"),
    # The pictures and the net
    _mistake("image_size_kept", _TRANSFER, 60,
             "image = image.resize((image_width, image_height), Image.Resampling.BILINEAR)", "pass",
             en="picture not resized", zh="图像没有缩放"),
    _mistake("image_size_swapped", _TRANSFER, 60,
             "image.resize((image_width, image_height)", "image.resize((image_height, image_width)",
             en="picture resized to width × height instead of height × width", zh="图像缩放时高和宽互换"),
    _mistake("image_mean_kept", _TRANSFER, 60,
             "np.asarray(image, dtype=np.float32) - self.image_mean", "np.asarray(image, dtype=np.float32)",
             en="mean colour not subtracted", zh="图像没有减均值"),
    _mistake("image_bgr", _TRANSFER, 60,
             "return pixels.transpose(2, 0, 1)[np.newaxis]", "return pixels.transpose(2, 0, 1)[np.newaxis, ::-1]",
             en="channels in BGR order", zh="图像通道成了 BGR 顺序"),
    _mistake("features_before_relu", _TRANSFER, 60,
             "features[name] = current", "features[name] = self.layers[name].input",
             en="features taken before the layer instead of after it", zh="取特征时取了该层的输入，而不是输出"),
    _mistake("backward_past_relu", "layers_1.py", 60,
             _RELU_BACKWARD, "return top_diff",
             en="backward passes by ReLU", zh="反向传播时漏掉了 ReLU"),
    _mistake("backward_starts_late", _TRANSFER, 60,
             "reversed(self.param_layer_name[: last + 1])", "reversed(self.param_layer_name[:last])",
             en="VGG19's backward leaves out the layer it starts from", zh="VGG19 反向传播漏掉了起始层"),
    _mistake("backward_forward_order", _TRANSFER, 60,
             _BACK, "dloss = self.layers[name].backward(dloss)\n            break",
             en="VGG19's backward stops after one layer", zh="VGG19 反向传播只走了一层"),
    # The fast layers: the reference's own net is built with them
    _mistake("fast_conv_no_bias", _LAYERS, 60,
             "output = product.transpose(1, 0, 2, 3) + self.bias.reshape(1, -1, 1, 1)",
             "output = product.transpose(1, 0, 2, 3)",
             en="fast convolution without the bias", zh="加速版卷积没有加偏置"),
    _mistake("fast_conv_backward_no_flip", _LAYERS, 60,
             _FAST_SHARES, "shares = np.tensordot(self.weight[:, ::-1, ::-1], top_diff, axes=([3], [1]))",
             en="gradient of the fast convolution's input with the kernel rotated by 180°",
             zh="加速版卷积输入的梯度中卷积核旋转了 180°"),
    _mistake("fast_conv_backward_assigned", _LAYERS, 60,
             "shifted += shares[:, i, j].transpose(1, 0, 2, 3)", "shifted[...] = shares[:, i, j].transpose(1, 0, 2, 3)",
             en="gradient of the fast convolution's input assigned, not added up",
             zh="加速版卷积输入的梯度用 = 赋值，没有累加"),
    _mistake("fast_pool_backward_all_maxima", _LAYERS, 100,
             _FAST_FIRST, "first = self.input[view] == self.maxima",
             en="fast pooling's gradient to every maximum of a window: differs only where there are several",
             zh="加速版池化的梯度给了窗口内所有最大值：仅在有多个最大值时不同"),
    _mistake("fast_pool_backward_average", _LAYERS, 60,
             "bottom_diff[view] += top_diff * first", "bottom_diff[view] += top_diff / self.kernel_size**2",
             en="fast pooling's gradient spread over the window", zh="加速版池化的梯度平均分到了整个窗口"),
    _mistake("fast_conv_is_slow", _LAYERS, 80,
             "self.weight_shape = (channel_in, kernel_size, kernel_size, channel_out)\n"
             "        super().__init__(type)",
             "self.weight_shape = (channel_in, kernel_size, kernel_size, channel_out)\n"
             "        super().__init__(type)\n"
             "        self.forward = self.forward_raw",
             en="the fast convolution is the loops again", zh="加速版卷积其实还是循环版本"),
    _mistake("fast_parameters_missing", _LAYERS, 100,
             "self.d_weight = np.tensordot(patches, top_diff, axes=([0, 2, 3], [0, 2, 3]))  # (C_in, k, k, C_out)\n"
             "        self.d_bias = np.sum(top_diff, axis=(0, 2, 3))\n"
             "        shares", "shares",
             en="fast convolution without the gradients of weight and bias: not asked for",
             zh="加速版卷积没有计算权重和偏置的梯度：不作要求"),
)
# fmt: on
