"""How the course's harness drives a hand-in of lab 3-1; see `labs.yaml` for what is judged how.

Shapes are NCHW. Nothing here knows a right answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labbench.results import Fault, Verdict, text
from labbench.vgg.table import HEAD, NAMES, TRUNK
from labbench.worker.remote import attempt, fetch_plain

if TYPE_CHECKING:
    from labbench.labs import Case, Scenario
    from labbench.results import Array
    from labbench.worker.remote import Remote

#: Where the course puts the weights, seen from the experiment folder.
WEIGHTS = "../imagenet-vgg-verydeep-19.mat"


def conv(student: Remote, case: Case) -> Scenario:
    """One convolution; observes the output, (N, C_out, H_out, W_out)."""
    size, channels_in, channels_out, padding, stride = (
        case.params[p] for p in ("kernel_size", "channel_in", "channel_out", "padding", "stride")
    )
    layer = student.layers_2.ConvolutionalLayer(size, channels_in, channels_out, padding, stride)
    layer.init_param()
    layer.load_param(case.arrays["weight"], case.arrays["bias"])
    yield "output", layer.forward(case.arrays["input"])


def pool(student: Remote, case: Case) -> Scenario:
    """One max pooling; observes the output, (N, C, H_out, W_out)."""
    layer = student.layers_2.MaxPoolingLayer(case.params["kernel_size"], case.params["stride"])
    yield "output", layer.forward(case.arrays["input"])


def fully_connected(student: Remote, case: Case) -> Scenario:
    """One fully connected layer; observes the output, (N, n_out)."""
    layer = _dense(student, case)
    yield "output", layer.forward(case.arrays["input"])


def softmax(student: Remote, case: Case) -> Scenario:
    """Softmax of large logits, which overflow unless the maximum is subtracted; observes the probabilities."""
    yield "output", student.layers_1.SoftmaxLossLayer().forward(case.arrays["logits"])


def network(student: Remote, case: Case) -> Scenario:
    """Build and load VGG19 once; walk the trunk on a crop of the loaded picture, then the head on its own case.

    Last, since only a note rests on it: a picture that has to be resized.
    """
    vgg = _vgg19(student)
    vgg.load_image(case.image_path("image"))
    right = yield "input_image", vgg.input_image
    picture = vgg.input_image if right is None else right
    top, left, size = (int(case.params[p] or 0) for p in ("top", "left", "size"))
    own = _own_names(vgg)
    yield from _layers(vgg, own, TRUNK, _typed(picture[:, :, top : top + size, left : left + size], case))
    yield from _layers(vgg, own, HEAD, case.arrays["pool5"])
    loaded = attempt(vgg.load_image, case.image_path("other_size"))
    yield "other_size", loaded if isinstance(loaded, Fault) else vgg.input_image


def walk(student: Remote, case: Case) -> Scenario:
    """The course's own procedure: all 44 layers on the whole picture, on the hand-in's own activations."""
    vgg = _vgg19(student)
    vgg.load_image(case.image_path("image"))
    yield "input_image", vgg.input_image
    yield from _layers(vgg, _own_names(vgg), TRUNK + HEAD, _typed(vgg.input_image, case))


def backward(student: Remote, case: Case) -> Scenario:
    """A fully connected layer's gradients and its update."""
    layer = _dense(student, case)
    layer.forward(case.arrays["input"])
    yield "bottom_diff", layer.backward(case.arrays["top_diff"])
    yield "d_weight", layer.d_weight
    yield "d_bias", layer.d_bias
    layer.update_param(case.params["lr"])
    yield "updated_weight", layer.weight


def relu_backward(student: Remote, case: Case) -> Scenario:
    """A ReLU's gradient."""
    layer = student.layers_1.ReLULayer()
    layer.forward(case.arrays["input"])
    yield "bottom_diff", layer.backward(case.arrays["top_diff"])


def loss(student: Remote, case: Case) -> Scenario:
    """Softmax loss of a batch with its gradient."""
    layer = student.layers_1.SoftmaxLossLayer()
    yield "probabilities", layer.forward(case.arrays["logits"])
    yield "loss", layer.get_loss(case.arrays["label"])
    yield "bottom_diff", layer.backward()


def _vgg19(student: Remote) -> Remote:
    """A VGG19 with its weights loaded."""
    vgg = student.vgg_cpu.VGG19(param_path=WEIGHTS)
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    return vgg


def _own_names(vgg: Remote) -> dict[str, str]:
    """The hand-in's own names of the 44 layers, by ours: the course walks `param_layer_name`.

    A list of another length has lost some: then a name stands for itself, and a lost one for nothing.
    """
    listed = fetch_plain(vgg.param_layer_name)
    own = listed if isinstance(listed, list) else []
    return dict(zip(NAMES, own, strict=True)) if len(own) == len(NAMES) else {n: n for n in NAMES if n in own}


def _layers(vgg: Remote, own: dict[str, str], names: tuple[str, ...], start: Remote | Array) -> Scenario:
    """Layer after layer, each on the output before it, or on the reference's where that was wrong."""
    current: Remote | Array | Fault = start
    for name in names:
        output = attempt(vgg.layers[own[name]].forward, current) if name in own else _lost(name)
        right = yield name, output
        current = output if right is None else right


def _lost(name: str) -> Fault:
    return Fault(Verdict.ERROR, text("fault.layer_names", name=name, expected=len(NAMES)))


def _dense(student: Remote, case: Case) -> Remote:
    layer = student.layers_1.FullyConnectedLayer(case.params["num_input"], case.params["num_output"])
    layer.init_param()
    layer.load_param(case.arrays["weight"], case.arrays["bias"])
    return layer


def _typed(picture: Remote | Array, case: Case) -> Remote | Array:
    """The picture in the precision of the case: goldens are observed in float64 by the same code."""
    return picture.astype(str(case.params["dtype"])) if "dtype" in case.params else picture
