"""How lab 3-2 drives a hand-in: it builds the net, loads it, loads a picture and runs it, as the course's harness does.

What is observed is what arrived at the device, which is the grader's: the hand-in's own word counts for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labbench.lab3_2.device import Device
from labbench.lab3_2.structure import LOADED, NAMES, compared
from labbench.results import Fault, Verdict, text
from labbench.worker.remote import attempt, service_of, takes_others

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labbench.lab3_2.net import Net
    from labbench.labs import Case, Scenario
    from labbench.results import Array
    from labbench.worker.remote import Remote

#: Where the course puts its files, seen from the experiment folder.
WEIGHTS = "../imagenet-vgg-verydeep-19.mat"
QUANTISATION = "../vgg19_quant_param_new.npz"


def pycnml(student: Remote, case: Case) -> Scenario:
    """VGG19 by the int8 library; see `_classify`."""
    yield from _classify(student, case, "pycnml")


def pycnnl(student: Remote, case: Case) -> Scenario:
    """VGG19 by the float32 library; see `_classify`."""
    yield from _classify(student, case, "pycnnl")


def _classify(student: Remote, case: Case, library: str) -> Scenario:
    """The course's procedure.

    Observes of each layer what it computes, and of each with parameters a sample of the filter, dequantised, and the
    bias; of pycnml also by what an input and a filter are multiplied before they are rounded to int8; the picture; the
    probabilities, (1000,). Measured, not judged: seconds of each forward pass on this machine, operations and bytes of
    each layer. What a method has done before it failed is looked at all the same.
    """
    vgg = student.vgg19_demo.VGG19()
    broken = _failure(lambda: _build(vgg, library))
    net = _net(student, library, broken)
    layers = compared(net.layers, broken, library)
    for name, seen in layers.items():
        yield f"layer_{name}", seen
    yield from _input_factors(net, layers)
    if broken is not None:
        raise broken
    broken = _failure(vgg.load_model)
    for name in LOADED:
        yield from _parameters(net, name, layers[name], broken)
    if broken is not None:
        raise broken
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


def _failure(call: Callable[[], object]) -> Fault | None:
    try:
        call()
    except Fault as fault:
        return fault
    return None


def _net(student: Remote, library: str, broken: Fault | None = None) -> Net:
    device = service_of(student)
    net = device.current if isinstance(device, Device) else None
    if net is None or net.library.name != library:
        raise broken or _nothing("dlp.no_net", library=library)
    return net


def _nothing(key: str, **values: str | int) -> Fault:
    return Fault(Verdict.ERROR, text(key, **values))


def _input_factors(net: Net, layers: Mapping[str, Array | Fault]) -> Scenario:
    """`layers`: what each computes; of one where that is wrong nothing else is judged."""
    for number, name in enumerate(NAMES[net.library.name]):
        seen = layers[name]
        quantisation = None if isinstance(seen, Fault) else net.layers[number].quantisation
        if quantisation is not None:
            yield f"input_factor_{name}", np.array(quantisation.factor)
        elif name in LOADED and isinstance(seen, Fault):
            yield f"input_factor_{name}", seen


def _parameters(net: Net, name: str, layer: Array | Fault, broken: Fault | None) -> Scenario:
    """`layer`: what it computes, likewise; `broken`: why loading ended early, if it did."""
    number = NAMES[net.library.name].index(name)
    if isinstance(layer, Fault) or number not in net.loaded:
        missing = layer if isinstance(layer, Fault) else broken or _nothing("dlp.not_loaded", number=number)
        yield from ((f"{what}_{name}", missing) for what in ("filter", "bias", "filter_factor"))
        return
    loaded = net.parameters(number)
    yield f"filter_{name}", loaded.filter
    yield f"bias_{name}", loaded.bias
    if loaded.quantisation is not None:
        yield f"filter_factor_{name}", np.array(loaded.quantisation.factor)
