"""How lab 3-2 drives a hand-in: it builds the net, loads it, loads a picture and runs it, as the course's harness does.

What is observed is what arrived at the device, which is the grader's: the hand-in's own word counts for nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_2.device import Device
from labbench.results import Fault, Verdict, text
from labbench.vgg.table import LAYERS
from labbench.worker.remote import attempt, service_of, takes_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labbench.lab3_2.layers import Layer
    from labbench.lab3_2.net import Net
    from labbench.labs import Case, Scenario
    from labbench.results import Array
    from labbench.worker.remote import Remote

#: Where the course puts its files, seen from the experiment folder.
WEIGHTS = "../imagenet-vgg-verydeep-19.mat"
QUANTISATION = "../vgg19_quant_param_new.npz"
#: The layers by id. `pycnnl` has none that flattens.
CNML = tuple(row.name for row in LAYERS)
CNNL = tuple(row.name for row in LAYERS if row.kind != "flatten")
#: Those with a filter and a bias.
LOADED = tuple(row.name for row in LAYERS if row.has_weights)
_KINDS = ("conv", "mlp", "relu", "pool", "flatten", "softmax")


def pycnml(student: Remote, case: Case) -> Scenario:
    """VGG19 by the int8 library; see `_classify`."""
    yield from _classify(student, case, "pycnml", CNML)


def pycnnl(student: Remote, case: Case) -> Scenario:
    """VGG19 by the float32 library; see `_classify`."""
    yield from _classify(student, case, "pycnnl", CNNL)


def _classify(student: Remote, case: Case, library: str, names: Sequence[str]) -> Scenario:
    """The course's procedure.

    Observes of each layer what it computes; of each with parameters a sample of the filter, dequantised, and the bias;
    the input; the probabilities, (1000,). Measured, not judged: seconds of each forward pass on this machine,
    operations and bytes of each layer.
    """
    vgg = student.vgg19_demo.VGG19()
    _build(vgg, library)
    net = _net(student, library)
    for number, name in enumerate(names):
        yield f"layer_{name}", _described(net, number)
    vgg.load_model()
    for name in LOADED:
        yield from _parameters(net, names.index(name), name)
    vgg.load_image(case.image_path("image"))
    # Some keep the picture and give it to the device with each forward pass.
    ran = net.input is None and not isinstance(attempt(vgg.forward), Fault)
    yield "input", net.input if net.input is not None else _nothing("dlp.no_input")
    for _ in range(int(case.params["forwards"] or 1) - ran):
        vgg.forward()
    yield "softmax", net.output if net.output is not None else _nothing("dlp.no_output")
    yield "forward_seconds", np.array(net.forward_seconds)
    yield from _work(net)


def _work(net: Net) -> Scenario:
    """What each layer costs the device."""
    work = [net.work(number) for number in range(len(net.layers))]
    yield "operations", np.array([w.operations for w in work])
    yield "parameter_bytes", np.array([w.parameter_bytes for w in work])
    yield "map_bytes", np.array([w.map_bytes for w in work])


def inference(student: Remote, case: Case) -> Scenario:
    """What `labbench run` walks, on the emulated device or a real one; see `labs.Inference`."""
    vgg = student.vgg19_demo.VGG19()
    library = str(case.params["library"])
    _build(vgg, library)
    vgg.load_model()
    yield "loaded", np.array(True)
    for image in case.images:
        vgg.load_image(case.image_path(image))
        yield "ready", None
        for _ in range(int(case.params["forwards"] or 1) if image == "0" else 1):
            vgg.forward()
            yield f"pass_{image}", np.array(True)
        yield f"probabilities_{image}", _probabilities(student, vgg, library)
        if image == "0" and service_of(student) is not None:
            net = _net(student, library)
            yield "forward_seconds", np.array(net.forward_seconds)
            yield from _work(net)


def _probabilities(student: Remote, vgg: Remote, library: str) -> Remote | Array | Fault:
    """Of the last forward pass: an emulated device has them; a real one is asked as the course's harness does."""
    if service_of(student) is None:
        return vgg.net.getOutputData()
    output = _net(student, library).output
    return output if output is not None else _nothing("dlp.no_output")


def _build(vgg: Remote, library: str) -> None:
    """Later generations take no file of quantisation parameters; some of the first have it under another name."""
    if library == "pycnml":
        try:
            vgg.build_model(param_path=WEIGHTS, quant_param_path=QUANTISATION)
        except Fault as fault:
            if not takes_others(fault):
                raise
        else:
            return
    vgg.build_model(param_path=WEIGHTS)


def _net(student: Remote, library: str) -> Net:
    device = service_of(student)
    net = device.current if isinstance(device, Device) else None
    if net is None or net.library.name != library:
        raise _nothing("dlp.no_net", library=library)
    return net


def _nothing(key: str, **values: str | int) -> Fault:
    return Fault(Verdict.ERROR, text(key, **values))


def _described(net: Net, number: int) -> Array | Fault:
    """int64 (8,): kind, size, C, H, W, kernel, stride, padding; of what works on plain vectors the size alone."""
    if number >= len(net.layers):
        return _nothing("dlp.no_layer", number=number, count=len(net.layers))
    layer = net.layers[number]
    return np.array([_KINDS.index(layer.kind), math.prod(layer.shape_out), *_geometry(layer)], dtype=np.int64)


def _geometry(layer: Layer) -> tuple[int, ...]:
    if layer.kind not in ("conv", "pool"):
        return (0,) * 6
    return (*layer.shape_out[1:], layer.kernel, layer.stride, layer.pad)


def _parameters(net: Net, number: int, name: str) -> Scenario:
    if number not in net.loaded:
        missing = _nothing("dlp.not_loaded", number=number)
        yield f"filter_{name}", missing
        yield f"bias_{name}", missing
        return
    loaded = net.parameters(number)
    yield f"filter_{name}", loaded.filter
    yield f"bias_{name}", loaded.bias
