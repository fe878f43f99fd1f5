"""Known mistakes of lab 3-2: one source edit on one of the two references each, and the score it must get."""

from __future__ import annotations

from labbench.labs import Mistake, mistake


def _mistake(name: str, score: int, old: str, new: str, *, en: str, zh: str) -> Mistake:
    return mistake(name, "vgg19_demo.py", score, old, new, en=en, zh=zh)


# fmt: off
#: Edits on the reference for `pycnml`.
CNML: tuple[Mistake, ...] = (
    _mistake("cnml_input_nhwc", 0,
             "pixels.transpose(2, 0, 1).reshape(-1)", "pixels.reshape(-1)",
             en="picture given in NHWC instead of NCHW", zh="输入图像按 NHWC 给出，而不是 NCHW"),
    _mistake("cnml_input_bgr", 0,
             "pixels.transpose(2, 0, 1).reshape(-1)", "pixels.transpose(2, 0, 1)[::-1].reshape(-1)",
             en="channels in BGR order", zh="图像通道成了 BGR 顺序"),
    # As cv2 reads it, if only the picture is forgotten; the one above has the mean in the same order.
    _mistake("cnml_picture_bgr", 0,
             "np.asarray(image, dtype=np.float64) - self.image_mean",
             "np.asarray(image, dtype=np.float64)[:, :, ::-1] - self.image_mean",
             en="picture in BGR order, the mean colour in RGB", zh="图像是 BGR 顺序，均值却是 RGB 顺序"),
    _mistake("cnml_mean_bgr", 0,
             "np.asarray(image, dtype=np.float64) - self.image_mean",
             "np.asarray(image, dtype=np.float64) - self.image_mean[::-1]",
             en="mean colour subtracted in BGR order", zh="减均值时用了 BGR 顺序"),
    _mistake("cnml_mean_kept", 0,
             "np.asarray(image, dtype=np.float64) - self.image_mean", "np.asarray(image, dtype=np.float64)",
             en="mean colour not subtracted", zh="图像没有减均值"),
    _mistake("cnml_conv_untransposed", 0,
             "weight = weight.transpose(3, 2, 0, 1)", "pass",
             en="convolution weights not transposed to (out, in, h, w)", zh="卷积权重没有转置成 (out, in, h, w)"),
    _mistake("cnml_conv_kernel_transposed", 0,
             "weight = weight.transpose(3, 2, 0, 1)", "weight = weight.transpose(3, 2, 1, 0)",
             en="kernel's height and width swapped when loading", zh="加载卷积权重时高和宽互换"),
    _mistake("cnml_fc_untransposed", 0,
             "weight = weight.reshape(-1, weight.shape[3]).T", "weight = weight.reshape(-1, weight.shape[3])",
             en="fully connected weights not transposed to (out, in)", zh="全连接权重没有转置成 (out, in)"),
    _mistake("cnml_quantisation_swapped", 0,
             "self.input_quant_params = self.read_quant_params(quantisation['input'])\n"
             "        self.filter_quant_params = self.read_quant_params(quantisation['filter'])",
             "self.input_quant_params = self.read_quant_params(quantisation['filter'])\n"
             "        self.filter_quant_params = self.read_quant_params(quantisation['input'])",
             en="quantisation parameters of inputs and filters swapped", zh="输入与权重的量化参数互换"),
    _mistake("cnml_unquantised", 0,
             "self.net.loadParams(index, weight, bias, next(filters))",
             "self.net.loadParams(index, weight, bias, pycnml.QuantParam())",
             en="weights loaded with the default quantisation parameters", zh="加载权重时用了默认的量化参数"),
    _mistake("cnml_no_softmax", 0,
             "self.net.createSoftmaxLayer('softmax', 1)", "pass",
             en="no softmax layer", zh="缺少 softmax 层"),
    _mistake("cnml_relu_missing", 0,
             "self.net.createReLuLayer('relu%d' % number)", "pass",
             en="no ReLU after the fully connected layers", zh="全连接层之后缺少 ReLU"),
    _mistake("cnml_padding_missing", 0,
             "channel_out, 3, 1, 1, 1, next(inputs))", "channel_out, 3, 1, 1, 0, next(inputs))",
             en="convolutions without padding", zh="卷积没有做填充"),
    _mistake("cnml_fc_index", 0,
             "params['layers'][0][index - 1]", "params['layers'][0][index]",
             en="fully connected weights read from their layer number, though the file has no flatten entry",
             zh="读全连接权重时没有把序号减一（文件里没有 flatten 这一项）"),
    _mistake("cnml_float32_data", 0,
             "np.ascontiguousarray(v, dtype=np.float64)", "np.ascontiguousarray(v)",
             en="float32 data, which the library does not take", zh="传入了 float32 数据，库不接受"),
)

#: Edits on the reference for `pycnnl`.
CNNL: tuple[Mistake, ...] = (
    _mistake("cnnl_input_nchw", 0,
             "pixels.reshape(-1)", "pixels.transpose(2, 0, 1).reshape(-1)",
             en="picture given in NCHW instead of NHWC", zh="输入图像按 NCHW 给出，而不是 NHWC"),
    # As cv2 reads it, if only the picture is forgotten.
    _mistake("cnnl_picture_bgr", 0,
             "np.asarray(image, dtype=np.float64) - self.image_mean",
             "np.asarray(image, dtype=np.float64)[:, :, ::-1] - self.image_mean",
             en="picture in BGR order, the mean colour in RGB", zh="图像是 BGR 顺序，均值却是 RGB 顺序"),
    _mistake("cnnl_mean_bgr", 0,
             "np.asarray(image, dtype=np.float64) - self.image_mean",
             "np.asarray(image, dtype=np.float64) - self.image_mean[::-1]",
             en="mean colour subtracted in BGR order", zh="减均值时用了 BGR 顺序"),
    _mistake("cnnl_mean_kept", 0,
             "np.asarray(image, dtype=np.float64) - self.image_mean", "np.asarray(image, dtype=np.float64)",
             en="mean colour not subtracted", zh="图像没有减均值"),
    _mistake("cnnl_conv_nchw", 0,
             "weight.transpose(3, 0, 1, 2)", "weight.transpose(3, 2, 0, 1)",
             en="convolution weights in (out, in, h, w) instead of (out, h, w, in)",
             zh="卷积权重按 (out, in, h, w) 加载，而不是 (out, h, w, in)"),
    _mistake("cnnl_fc_transposed", 0,
             "weight = weight.transpose(3, 0, 1, 2)\n",
             "weight = weight.transpose(3, 0, 1, 2)\n"
             "            else:\n"
             "                weight = weight.reshape(-1, weight.shape[3]).T\n",
             en="fully connected weights transposed", zh="全连接权重多做了一次转置"),
    _mistake("cnnl_no_softmax", 0,
             "self.net.createSoftmaxLayer('softmax', [1, 1, features], 1)", "pass",
             en="no softmax layer", zh="缺少 softmax 层"),
)
# fmt: on
