"""Lab 3-2's engines beside float32 in PyTorch and in ONNX Runtime.

VGG19 forward, 224×224, one thread, in this process. The int8 engine's result differs from theirs by its quantisation,
so its row shows no error; the tests prove it to the bit.
"""

from __future__ import annotations

import contextlib

import numpy as np
import onnx
import onnxruntime
import threadpoolctl
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from labbench.lab3_2.engines import float32, int8
from labbench.lab3_2.engines.quantisation import parameters, quantise
from labbench.vgg import matfile
from labbench.vgg.table import IMAGE_SIDE, LAYERS
from labbench.vgg.weights import ensure_synthetic


def tensors():
    """Weight and bias by layer: (C_out, C_in, 3, 3) of convolutions, (n_out, n_in) of fully connected layers."""
    net = matfile.open_weights(ensure_synthetic().path)
    found = {}
    for row in LAYERS:
        if row.has_weights:
            weight, bias = net.conv(row.name) if row.kind == "conv" else net.fc(row.name)
            found[row.name] = (
                np.ascontiguousarray(weight.transpose(3, 2, 0, 1) if row.kind == "conv" else weight.T),
                bias,
            )
    return found


def torch_layers(weights):
    """The network in PyTorch: (name, function) by layer."""
    plain = {
        "relu": F.relu,
        "pool": lambda x: F.max_pool2d(x, 2),
        "flatten": lambda x: x.permute(0, 2, 3, 1).flatten(1),
        "softmax": lambda x: F.softmax(x, 1),
    }
    for row in LAYERS:
        if row.has_weights:
            weight, bias = (torch.from_numpy(t.copy()) for t in weights[row.name])
            if row.kind == "conv":
                yield row.name, lambda x, w=weight, b=bias: F.conv2d(x, w, b, padding=1)
            else:
                yield row.name, lambda x, w=weight, b=bias: F.linear(x, w, b)
        else:
            yield row.name, plain[row.kind]


def int8_layers(weights, inputs):
    """The network as `pycnml` computes it; `inputs` are the largest absolute inputs by layer."""
    plain = {
        "relu": int8.relu,
        "pool": lambda x: int8.max_pool(x, 2, 2),
        "flatten": lambda x: x.transpose(0, 2, 3, 1).reshape(len(x), -1),
        "softmax": lambda x: int8.softmax(x, 1),
    }
    for row in LAYERS:
        if row.has_weights:
            weight, bias = weights[row.name]
            q = parameters(np.abs(weight).max())
            layer = int8.Weights(quantise(weight, q), bias.astype(np.float16), parameters(inputs[row.name]), q)
            if row.kind == "conv":
                yield row.name, lambda x, w=layer: int8.conv2d(x, w, pad=1)
            else:
                yield row.name, lambda x, w=layer: int8.mlp(x, w)
        else:
            yield row.name, plain[row.kind]


def float32_layers(weights):
    """The network as `pycnnl` computes it."""
    plain = {
        "relu": float32.relu,
        "pool": lambda x: float32.max_pool(x, 2, 2),
        "flatten": lambda x: x.reshape(len(x), -1),
        "softmax": lambda x: float32.softmax(x, 1),
    }
    for row in LAYERS:
        if row.has_weights:
            weight, bias = weights[row.name]
            weight = np.ascontiguousarray(weight.transpose(0, 2, 3, 1) if row.kind == "conv" else weight.T)
            if row.kind == "conv":
                yield row.name, lambda x, w=weight, b=bias: float32.conv2d(x, w, b, pad=1)
            else:
                yield row.name, lambda x, w=weight, b=bias: float32.mlp(x, w, b)
        else:
            yield row.name, plain[row.kind]


def forward(layers, x):
    for layer in layers.values():
        x = layer(x)
    return x


def largest_inputs(layers, x):
    """The largest absolute input by layer."""
    found = {}
    for name, layer in layers.items():
        found[name] = float(abs(x).max())
        x = layer(x)
    return found


def onnx_session(weights):
    """The network in ONNX Runtime, one thread."""
    plain = {
        "relu": ("Relu", {}),
        "pool": ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        "softmax": ("Softmax", {"axis": 1}),
    }
    nodes, before = [], "image"
    for row in LAYERS:
        names = [before, f"{row.name}.w", f"{row.name}.b"]
        if row.kind == "conv":
            nodes.append(onnx.helper.make_node("Conv", names, [row.name], pads=[1, 1, 1, 1]))
        elif row.kind == "fc":
            nodes.append(onnx.helper.make_node("Gemm", names, [row.name], transB=1))
        elif row.kind == "flatten":
            nodes.append(onnx.helper.make_node("Transpose", [before], ["nhwc"], perm=[0, 2, 3, 1]))
            nodes.append(onnx.helper.make_node("Flatten", ["nhwc"], [row.name]))
        else:
            operator, attributes = plain[row.kind]
            nodes.append(onnx.helper.make_node(operator, [before], [row.name], **attributes))
        before = row.name
    constants = [
        onnx.numpy_helper.from_array(tensor, f"{name}.{which}")
        for name, pair in weights.items()
        for which, tensor in zip("wb", pair, strict=True)
    ]
    floats = onnx.TensorProto.FLOAT
    image = onnx.helper.make_tensor_value_info("image", floats, [1, 3, IMAGE_SIDE, IMAGE_SIDE])
    result = onnx.helper.make_tensor_value_info(before, floats, [1, LAYERS[-1].channels_out])
    graph = onnx.helper.make_graph(nodes, "vgg19", [image], [result], constants)
    opset = [onnx.helper.make_opsetid("", 13)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


@contextlib.contextmanager
def benchmarks():
    torch.set_num_threads(1)
    with threadpoolctl.threadpool_limits(1):
        yield _rows()


def _rows():
    weights = tensors()
    x = 50 * np.random.default_rng(0).standard_normal((1, 3, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    image, nhwc, halves = torch.from_numpy(x), np.ascontiguousarray(x.transpose(0, 2, 3, 1)), x.astype(np.float16)
    theirs = dict(torch_layers(weights))
    floating, integer = dict(float32_layers(weights)), dict(int8_layers(weights, largest_inputs(theirs, image)))

    def int8_forward():
        forward(integer, halves)

    def float32_forward():
        return forward(floating, nhwc)

    session = onnx_session(weights)
    others = {
        "PyTorch float32": lambda: forward(theirs, image),
        "ONNX Runtime float32": lambda: session.run(None, {"image": x})[0],
    }
    for name, other in others.items():
        yield "DLP int8, VGG19 forward", int8_forward, other, name
        yield "DLP float32, VGG19 forward", float32_forward, other, name
