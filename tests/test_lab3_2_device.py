"""The emulated DLP through real sessions: every quirk of the two libraries, what they compute, and what is refused."""

from __future__ import annotations

import gc
import json
import math
import weakref

import numpy as np
import pytest
import torch

from labbench.catalogue import Limits
from labbench.lab3_2 import clients
from labbench.lab3_2 import device as device_module
from labbench.lab3_2.device import MOST_NETS, Device
from labbench.lab3_2.net import CHUNK, SAMPLE, sampled
from labbench.results import Fault, Verdict
from labbench.worker.remote import Spec, fetch, fetch_plain, root
from labbench.worker.workspace import Workspace
from labbench.worker.zygote import Workers
from tests import dlp_oracle
from tests.dlp_oracle import Step
from tests.rig import said

#: Runs code, in which `a` are the arrays, and gives back `out`, or what was raised.
HANDIN = """
import numpy as np
import pycnml, pycnnl

def names(arrays):
    return {"np": np, "pycnml": pycnml, "pycnnl": pycnnl, "a": arrays}

def run(code, *arrays):
    space = names(arrays)
    exec(code, space)
    return space["out"]

def raised(code, *arrays):
    try:
        exec(code, names(arrays))
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, error)
    return "nothing"

def straight(code):
    exec(code, names(()))  # here

def ask(op, args, arrays):
    from labbench_inside.service import ask
    return str(ask(op, *args, arrays=arrays)[0])
"""


class Bench:
    """A session with a device."""

    def __init__(self, session, device):
        self.session, self.device, self.lab = session, device, root(session).lab

    def run(self, code, *arrays):
        """`out`, an array."""
        return fetch(self.lab.run(code, *arrays), Spec())

    def plain(self, code, *arrays):
        """`out`, a number, string or list of strings."""
        return fetch_plain(self.lab.run(code, *arrays))

    def raised(self, code, *arrays):
        return fetch_plain(self.lab.raised(code, *arrays))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    package = tmp_path_factory.mktemp("handin") / "stu_upload"
    package.mkdir()
    (package / "lab.py").write_text(HANDIN)
    with Workspace(package, {}, clients.MODULES) as workspace, Workers() as workers:
        yield lambda device: workers.session(
            workspace.code, Limits(cpu_seconds=20, memory_mib=4096, output_mib=1), service=device
        )


@pytest.fixture
def bench(opened):
    device = Device()
    with opened(device) as session:
        yield Bench(session, device)


# -- a small net in both libraries ------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
N, C, H, W = 2, 3, 7, 6
IMAGE = RNG.normal(0, 40, (N, C, H, W))
CONV1 = RNG.normal(0, 0.3, (5, C, 3, 3)), RNG.normal(0, 1, 5)
CONV2 = RNG.normal(0, 0.3, (4, 5, 2, 2)), RNG.normal(0, 1, 4)
#: Rows in the order H, W, C.
FC = RNG.normal(0, 0.3, (3 * 2 * 4, 6)), RNG.normal(0, 1, 6)
#: Position and scale of input and filter of each.
QUANT = [((1, 1.19), (-7, 1.03)), ((2, 1.5), (-6, 1.25)), ((4, 1.75), (-7, 1.5))]


def torch_net(arrays, image=IMAGE):
    """conv 3 pad 1, ReLU, conv 2, ReLU, pool 2, flatten H W C, mlp, softmax in float64."""
    t = [torch.from_numpy(np.asarray(a, np.float64)) for a in arrays]
    x = torch.nn.functional.conv2d(torch.from_numpy(np.asarray(image, np.float64)), t[0], t[1], padding=1).relu()
    x = torch.nn.functional.max_pool2d(torch.nn.functional.conv2d(x, t[2], t[3]).relu(), 2)
    x = x.permute(0, 2, 3, 1).reshape(len(image), -1)
    return torch.softmax(x @ t[4] + t[5], 1).numpy()


PYCNML = """
def build(pycnml=pycnml):
    net = pycnml.CnmlNet(16)
    net.setInputShape(2, 3, 7, 6)
    q = [[pycnml.QuantParam(int(p), float(s)) for p, s in pair] for pair in a[0]]
    net.createConvLayer('conv1', 5, 3, 1, 1, 1, q[0][0])
    net.createReLuLayer('relu1')
    net.createConvLayer('conv2', 4, 2, 1, 1, 0, q[1][0])
    net.createReLuLayer('relu2')
    net.createPoolingLayer('pool', 2, 2)
    net.createFlattenLayer('flatten', [2, 24, 1, 1])
    net.createMlpLayer('fc', 6, q[2][0])
    net.createSoftmaxLayer('softmax', 1)
    net.loadParams(0, a[1].flatten(), a[2], q[0][1])
    net.loadParams(2, a[3].flatten(), a[4], q[1][1])
    net.loadParams(6, a[5].T.flatten(), a[6], q[2][1])
    net.setInputData(a[7].flatten())
    return net
net = build()
net.forward()
out = np.array(net.getOutputData()).reshape(2, 6)
"""
PYCNNL = """
net = pycnnl.CnnlNet()
net.setInputShape(2, 3, 7, 6)
net.setOutputShape(2, 6)
shape = pycnnl.IntVector(4)
shape[0], shape[1], shape[2], shape[3] = 2, 3, 7, 6
net.createConvLayer('conv1', shape, 5, 3, 1, 1, 1)
net.createReLuLayer('relu1')
net.createConvLayer('conv2', [2, 5, 7, 6], 4, 2, 1, 1, 0)
net.createReLuLayer('relu2')
net.createPoolingLayer('pool', (2, 4, 6, 5), 2, 2)
net.createMlpLayer('fc', [2, 1, 1, 24], [1, 1, 24, 6], [2, 1, 1, 6])
net.createSoftmaxLayer('softmax', [2, 1, 6], axis=1)
net.loadParams(0, a[1].transpose(0, 2, 3, 1).flatten(), a[2])
net.loadParams(2, a[3].transpose(0, 2, 3, 1).flatten(), a[4])
net.loadParams(5, a[5].flatten(), a[6])
net.setInputData(a[7].transpose(0, 2, 3, 1).flatten())
net.forward()
out = np.array(net.getOutputData()).reshape(2, 6)
"""
ARRAYS = (np.array(QUANT), *CONV1, *CONV2, *FC, IMAGE)


def half(x):
    return np.asarray(x, np.float64).astype(np.float16).astype(np.float64)


def emulated(image=IMAGE):
    """The same net as the handout describes the card, by the slow emulation: (2, 6)."""
    steps = [
        Step("conv", (3, 1, 1), *CONV1, QUANT[0]), Step("relu"), Step("conv", (2, 1, 0), *CONV2, QUANT[1]),
        Step("relu"), Step("pool", (2, 2)), Step("flatten"), Step("mlp", (), FC[0].T, FC[1], QUANT[2]),
        Step("softmax", (1,)),
    ]  # fmt: skip
    return dlp_oracle.pycnml(steps, image).reshape(N, 6)


def test_pycnml_computes_as_an_independent_emulation_does(bench):
    got = bench.run(PYCNML, *ARRAYS)
    # One rounding of softmax to fp16 may differ where exp is computed in another order.
    np.testing.assert_allclose(got, emulated(), rtol=2**-10, atol=1e-7)
    assert np.abs(got - torch_net(ARRAYS[1:7])).max() < 0.1
    np.testing.assert_array_equal(got, half(got))


def test_pycnnl_computes_as_pytorch_does(bench):
    np.testing.assert_allclose(bench.run(PYCNNL, *ARRAYS), torch_net(ARRAYS[1:7]), rtol=1e-4, atol=1e-7)


def test_float64_and_float32_input_data_are_the_same_float32(bench):
    """A C float: what float64 has beyond it is lost before the device computes."""
    image = IMAGE.astype(np.float32).astype(np.float64)
    got = bench.run(PYCNNL, *ARRAYS[:-1], image)
    np.testing.assert_array_equal(got, bench.run(PYCNNL, *ARRAYS))


# -- what the grader sees ---------------------------------------------------------------------------------------


def test_a_grader_sees_net_parameters_input_output_and_time(bench):
    got = bench.run(PYCNML, *ARRAYS)
    net = bench.device.current
    assert list(bench.device.nets.values()) == [net]
    assert (net.library.name, net.cores, net.input_shape) == ("pycnml", 16, (N, C, H, W))
    assert " ".join(row.name for row in net.layers) == "conv1 relu1 conv2 relu2 pool flatten fc softmax"
    assert " ".join(row.kind for row in net.layers) == "conv relu conv relu pool flatten mlp softmax"
    assert [row.shape_out for row in net.layers[3:7]] == [(2, 4, 6, 5), (2, 4, 3, 2), (2, 24, 1, 1), (2, 6, 1, 1)]
    conv = net.layers[0]
    assert (conv.kernel, conv.stride, conv.pad, conv.shape_in) == (3, 1, 1, (N, C, H, W))
    assert (conv.quantisation.position, conv.quantisation.scale) == (1, np.float32(1.19))
    assert net.loaded == {0, 2, 6}
    np.testing.assert_array_equal(net.input, IMAGE.astype(np.float32).reshape(-1))
    np.testing.assert_array_equal(net.output.reshape(2, 6), got)
    seen = net.parameters(0)
    factor = float(np.float32(1.03)) * 2.0**7
    np.testing.assert_allclose(
        seen.filter, dlp_oracle.quantised(CONV1[0].astype(np.float32), *QUANT[0][1]).reshape(-1) / factor, rtol=1e-6
    )
    np.testing.assert_array_equal(seen.bias, half(CONV1[1]))
    assert seen.quantisation.position == -7
    assert len(net.forward_seconds) == 1
    assert 0 < net.forward_seconds[0] < 1
    # 5 filters of 27 at 2 · 42 places; filter int8, bias fp16; maps fp16.
    work = net.work(0)
    assert (work.operations, work.parameter_bytes, work.map_bytes) == (2 * 5 * 27 * 84, 135 + 10, 2 * 84 * (3 + 5))
    assert (net.work(1).parameter_bytes, net.work(5).operations) == (0, 0)


def test_of_pycnnl_a_grader_sees_float32(bench):
    bench.run(PYCNNL, *ARRAYS)
    net = bench.device.current
    np.testing.assert_array_equal(net.parameters(5).filter, FC[0].astype(np.float32).reshape(-1))
    assert net.work(5).parameter_bytes == 4 * (24 * 6 + 6)
    assert net.layers[5].shape_in == (2, 24, 1, 1)


def test_a_sample_of_a_large_filter_is_spread_over_it(bench):
    places = sampled(103_000_000)
    assert len(places) == SAMPLE
    assert (np.histogram(places, 16, (0, 103_000_000))[0] > SAMPLE / 32).all()
    np.testing.assert_array_equal(places, sampled(103_000_000))


# -- quirks of pycnml -------------------------------------------------------------------------------------------

NET = "net = pycnml.CnmlNet(16)\nnet.setInputShape(1, 3, 8, 8)\nq = pycnml.QuantParam(-3, 1.5)\n"
CONV = NET + "net.createConvLayer('conv', 4, 3, 1, 1, 1, q)\n"
NET_L = "net = pycnnl.CnnlNet()\nnet.setInputShape(1, 3, 8, 8)\n"
CONV_L = NET_L + "net.createConvLayer('conv', [1, 3, 8, 8], 4, 3, 1, 1, 1)\n"
LOAD = "net.loadParams(0, np.zeros(108), np.zeros(4), q)\n"


def test_size_leaves_out_one_layer_until_the_first_load(bench):
    code = CONV + "net.createReLuLayer('relu')\nnet.createSoftmaxLayer('softmax', 1)\n"
    code += "out = [str(net.size())]\n" + LOAD + "out += [str(net.size()), net.getLayerName(2)]"
    assert bench.plain(code) == ["2", "3", "softmax"]
    assert bench.plain("out = float(pycnml.CnmlNet().size())") == 0


def test_size_of_pycnnl_counts_all(bench):
    assert bench.plain(CONV_L + "net.createReLuLayer('relu')\nout = float(net.size())") == 2


def test_constants_constructors_and_quant_param(bench):
    code = "out = np.array([pycnml.CNML_MLU270, pycnml.CNML_MLU220, pycnml.CNML_MLU100])"
    assert list(bench.run(code)) == [5, 6, 3]
    bench.run("nets = [pycnml.CnmlNet(), pycnml.CnmlNet(4), pycnml.CnmlNet(4, pycnml.CNML_MLU220)]\nout = 0")
    assert [net.cores for net in bench.device.nets.values()] == [1, 4, 4]
    code = "q = pycnml.QuantParam()\nout = [q.position, q.scale]\nq.position, q.scale = -3, 0.1\n"
    code += "out = np.array([*out, q.position, q.scale])"
    assert list(bench.run(code)) == [1, 1, -3, np.float32(0.1)]


@pytest.mark.parametrize("arguments", ["1.0, 1.0", "np.int64(1), 1.0", "1, np.float32(1)", "1", "'1', 1.0"])
def test_quant_param_takes_python_numbers_only(bench, arguments):
    assert bench.raised(f"pycnml.QuantParam({arguments})").startswith("TypeError: Wrong number or type of arguments")


def test_quant_tool_gives_the_vendor_s_numbers_and_remembers_by_layer(bench):
    code = """
tool = pycnml.QuantTool()
found = []
for data, name in ((a[0], 'x'), (a[1], 'x'), (a[0], 'y'), (np.zeros(3), 'zero'), ([127.0], '127'), ([127.5], '128')):
    q = tool.getQuantParam(data, name)
    found.append((q.position, q.scale))
out = np.array(found)
"""
    got = bench.run(code, np.array([0.5, -3.0, 2.0]), np.array([-1.0]))
    # ceil(log2(3 / 127)) = -5, 127 · 2^-5 / 3
    assert got[0].tolist() == [-5, np.float32(127 / 32 / 3)]
    assert (got[1] == got[0]).all()
    assert (got[2] == got[0]).all()
    assert got[3:].tolist() == [[0, 1], [0, 1], [1, np.float32(254 / 127.5)]]
    for position, scale in got[:3]:
        assert 1 <= scale < 2
        assert position == math.ceil(math.log2(3 / 127))


_VECTOR = "TypeError: in method '{}', argument {} of type 'std::vector< float,std::allocator< float > >'"


@pytest.mark.parametrize(
    "data",
    [
        "np.zeros(108, np.float32)",
        "np.zeros(108, np.int64)",
        "np.zeros(108, np.float16)",
        "np.zeros((4, 27))",
        "np.zeros((4, 3, 3, 3))",
        "[0] * 108",
        "[np.float32(0)] * 108",
        "'0' * 108",
        "None",
        "0.0",
        "iter([0.0])",
        "dict.fromkeys(range(108), 0.0)",
        "__import__('array').array('i', [0] * 108)",
        "pycnml.IntVector(108)",
    ],
)
def test_what_is_no_vector_of_floats(bench, data):
    assert bench.raised(CONV + f"net.loadParams(0, {data}, np.zeros(4), q)") == _VECTOR.format("CnmlNet_loadParams", 3)
    code = CONV + f"net.loadParams(0, np.zeros(108), {data}, q)"
    assert bench.raised(code) == _VECTOR.format("CnmlNet_loadParams", 4)
    assert bench.raised(CONV + f"net.setInputData({data})") == _VECTOR.format("CnmlNet_setInputData", 2)
    code = CONV_L + f"net.loadParams(0, {data.replace('pycnml', 'pycnnl')}, np.zeros(4))"
    assert bench.raised(code) == _VECTOR.format("CnnlNet_loadParams", 3)
    assert bench.raised(f"pycnml.QuantTool().getQuantParam({data}, 'x')") == _VECTOR.format(
        "QuantTool_getQuantParam", 2
    )


@pytest.mark.parametrize(
    "data",
    [
        "x",
        "x.tolist()",
        "tuple(x)",
        "pycnml.DoubleVector(x)",
        "pycnml.FloatVector(x.tolist())",
        "np.repeat(x, 2)[::2]",
        "x.astype('>f8')",
        "x.astype(object)",
        "__import__('array').array('d', x)",
        "__import__('collections').deque(x.tolist())",
    ],
)
def test_what_is_a_vector_of_floats(bench, data):
    x = RNG.normal(size=192)
    bench.run(CONV + f"x = a[0]\nnet.setInputData({data})\nout = 0", x)
    np.testing.assert_array_equal(bench.device.current.input, x.astype(np.float32))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("net.setInputShape(1.0, 3, 8, 8)", "TypeError: in method 'CnmlNet_setInputShape', argument 2 of type 'int'"),
        (
            "net.createConvLayer('c', np.int64(4), 3, 1, 1, 1, q)",
            "TypeError: in method 'CnmlNet_createConvLayer', argument 3 of type 'int'",
        ),
        (
            "net.createConvLayer('c', 4, 3, 1, 1, 1, (1, 1.0))",
            "TypeError: in method 'CnmlNet_createConvLayer', argument 8 of type 'QuantParam'",
        ),
        (
            "net.createPoolingLayer('c', 2, 2.0)",
            "TypeError: in method 'CnmlNet_createPoolingLayer', argument 4 of type 'int'",
        ),
        (
            "net.createMlpLayer('c', 2, None)",
            "TypeError: in method 'CnmlNet_createMlpLayer', argument 4 of type 'QuantParam'",
        ),
        (
            "net.createReLuLayer(3)",
            "TypeError: in method 'CnmlNet_createReLuLayer', argument 2 of type 'std::string const &'",
        ),
        (
            "net.createFlattenLayer('c', [1.0, 192, 1, 1])",
            _VECTOR.format("CnmlNet_createFlattenLayer", 3).replace("float", "int"),
        ),
        ("net.getLayerName('0')", "TypeError: in method 'CnmlNet_getLayerName', argument 2 of type 'int'"),
        ("net.getLayerName(2**31)", "OverflowError: in method 'CnmlNet_getLayerName', argument 2 of type 'int'"),
        (
            "import enum\nnet.getLayerName(enum.IntEnum('E', {'x': 2**31}).x)",
            "OverflowError: in method 'CnmlNet_getLayerName', argument 2 of type 'int'",
        ),
        ("pycnml.CnmlNet('16')", "TypeError: in method 'new_CnmlNet', argument 1 of type 'int'"),
    ],
)
def test_other_arguments_have_swig_s_types_too(bench, call, message):
    assert bench.raised(NET + call) == message


def test_needs_quantisation(bench):
    code = CONV + "net.createReLuLayer('relu')\nout = np.array([net.needToBeQuantized(0), net.needToBeQuantized(1)])"
    assert bench.run(code).tolist() == [True, False]
    code = CONV_L + "net.createReLuLayer('relu')\nout = np.array([net.needToBeQuantized(0), net.needToBeQuantized(1)])"
    assert bench.run(code).tolist() == [True, False]


@pytest.mark.parametrize(
    "code",
    [
        "pycnml.CnmlNet(16).createReLuLayer('relu')",
        "pycnml.CnmlNet(16).createConvLayer('conv', 4, 3, 1, 1, 1, pycnml.QuantParam())",
        "pycnml.CnmlNet(16).createMlpLayer('fc', 4, pycnml.QuantParam())",
        "pycnml.CnmlNet(16).createPoolingLayer('pool', 2, 2)",
        "pycnml.CnmlNet(16).createFlattenLayer('flatten', [1, 1, 1, 1])",
        "pycnml.CnmlNet(16).createSoftmaxLayer('softmax', 1)",
        CONV + "net.createReLuLayer('relu')\nnet.loadParams(1, [0.0], [0.0], q)",
        CONV + "net.setInputData(np.zeros(192))\nnet.forward()",
        CONV_L + "net.createReLuLayer('relu')\nnet.loadParams(1, [0.0], [0.0])",
        CONV_L + "net.setInputData(np.zeros(192))\nnet.forward()",
    ],
)
def test_where_the_vendor_ends_the_process(opened, code):
    with opened(Device()) as session:
        with pytest.raises(Fault) as caught:
            root(session).lab.straight(code)
        assert caught.value.verdict is Verdict.ERROR
        # The student's own line.
        assert caught.value.why.values["file"] == "lab.py"
        assert caught.value.why.values["code"].endswith("# here")
        assert root(session).lab.raised(code) is not None  # the session itself goes on
        assert fetch_plain(root(session).lab.raised(code)) == "SystemExit: 1"
        assert session.close().output.startswith("ERROR: ")


def test_the_printed_line_names_the_layer(opened):
    with opened(Device()) as session:
        with pytest.raises(Fault) as caught:
            root(session).lab.straight(CONV + "net.setInputData(np.zeros(192))\nnet.forward()")
        assert "ended the process" in said(caught.value)
        assert "ERROR: layer 0, conv: parameters were not loaded" in said(caught.value)
        assert session.close().output == "ERROR: layer 0, conv: parameters were not loaded"


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (CONV + "net.loadParams(0, np.zeros(107), np.zeros(4), q)", "layer 0, conv filter (4, 3, 3, 3) 108 107"),
        (CONV + "net.loadParams(0, np.zeros(108), np.zeros(5), q)", "layer 0, conv bias (4,) 4 5"),
        (CONV + "net.setInputData(np.zeros(191))", "(1, 3, 8, 8) 192 191"),
        (CONV_L + "net.loadParams(0, np.zeros(107), np.zeros(4))", "layer 0, conv filter (4, 3, 3, 3) 108 107"),
        (CONV + "net.loadParams(1, np.zeros(1), np.zeros(1), q)", "no layer 1 has 1"),
        (CONV + "net.getLayerName(-1)", "no layer -1"),
        (CONV + LOAD + "net.forward()", "input"),
        (CONV + "net.getOutputData()", "forward first"),
        (CONV + "net.setInputShape(1, 3, 8, 8)", "before the layers"),
        (NET + "net.createConvLayer('big', 4, 9, 1, 1, 0, q)", "layer big: kernel 9 8 × 8"),
        (NET + "net.createConvLayer('dil', 4, 3, 1, 2, 1, q)", "layer dil: dilation 2"),
        (NET + "net.createConvLayer('none', 4, 3, 0, 1, 1, q)", "layer none: not a convolution"),
        (NET + "net.createConvLayer('q', 4, 3, 1, 1, 1, pycnml.QuantParam(0, 0.0))", "layer q: QuantParam(0, 0.0)"),
        (NET + "net.createPoolingLayer('p', 9, 2)", "layer p: kernel 9"),
        (NET + "net.createMlpLayer('fc', 10, q)", "layer fc: (1, 3, 8, 8)"),
        (NET + "net.createFlattenLayer('f', [1, 190, 1, 1])", "layer f: (1, 190, 1, 1) 192"),
        (NET + "net.createSoftmaxLayer('s', 4)", "layer s: axis 4"),
        ("pycnml.CnmlNet(1).setInputShape(1, 3, 0, 8)", "setInputShape (1, 3, 0, 8)"),
        ("pycnml.CnmlNet(1).setInputShape(1, 30000, 30000, 8)", "setInputShape"),
        (CONV_L + "net.createConvLayer('c', [1, 3, 8, 8], 4, 3, 1, 1, 1)", "layer c: (1, 4, 8, 8) got (1, 3, 8, 8)"),
        (CONV_L + "net.createPoolingLayer('p', [1, 8, 8, 4], 2, 2)", "layer p: expects (1, 4, 8, 8) got (1, 8, 8, 4)"),
        (CONV_L + "net.createMlpLayer('f', [1,1,1,9], [1,1,9,2], [1,1,1,2])", "layer f: expects 256 got (1, 1, 1, 9)"),
        (CONV_L + "net.createMlpLayer('f', [1,1,1,256], [1,1,2,256], [1,1,1,2])", "layer f: (1, 1, 2, 256) do not fit"),
        (CONV_L + "net.createSoftmaxLayer('s', [1, 1, 9], 1)", "layer s: expects 256 got (1, 1, 9"),
        (CONV_L + "net.createSoftmaxLayer('s', [1, 256], 1)", "layer s: three numbers"),
        ("pycnnl.CnnlNet().createReLuLayer('r')", "layer r: createReLuLayer setInputShape first"),
        ("pycnnl.CnnlNet().setInputData([0.0])", "setInputShape first"),
        ("pycnml.QuantTool().getQuantParam([float('inf')], 'x')", "QuantTool inf"),
    ],
)  # fmt: skip
def test_what_the_vendor_does_not_check(bench, code, parts):
    """The error names layer, expected and given."""
    message = bench.raised(code)
    assert message.startswith("ValueError: ")
    for part in parts.split():
        assert part in message, message


def test_a_wrong_call_leaves_the_net_as_it_was(bench):
    code = CONV + LOAD + "try:\n    net.loadParams(0, np.ones(3), np.ones(4), q)\nexcept ValueError:\n    pass\n"
    bench.run(code + "net.setInputData(np.zeros(192))\nnet.forward()\nout = 0")
    assert bench.device.current.loaded == {0}


# -- the two orders of arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channels", "numbers", "read"),
    [
        (3, "64, 3, 1, 1, 1", (64, 3, 1, 1)),
        (3, "3, 3, 64, 1, 1", (64, 3, 1, 1)),
        (64, "3, 64, 64, 1, 1", (64, 3, 1, 1)),
        (64, "3, 64, 128, 0, 2", (128, 3, 2, 0)),
        (8, "5, 8, 1, 1, 2", (5, 8, 1, 2)),  # kernel 8, stride 1: the vendor's, though channel_in 8 would fit
        (11, "64, 11, 4, 1, 2", (64, 11, 4, 2)),
    ],
)
def test_the_handout_s_order_of_a_convolution(bench, channels, numbers, read):
    net = f"net = pycnml.CnmlNet(16)\nnet.setInputShape(1, {channels}, 16, 16)\n"
    bench.run(net + f"net.createConvLayer('c', {numbers}, pycnml.QuantParam())\nout = 0")
    (row,) = bench.device.current.layers
    assert (row.shape_out[1], row.kernel, row.stride, row.pad) == read


def test_neither_order_fits(bench):
    message = bench.raised(NET + "net.createConvLayer('c', 3, 64, 64, 1, 1, q)")
    assert "layer c" in message
    assert "out_channel 3, kernel_size 64, stride 64, dilation 1, pad 1" in message
    assert "kernel_size 3, channel_in 64, channel_out 64, padding 1, stride 1" in message


@pytest.mark.parametrize(
    "shapes",
    ["[1, 192, 1, 1]", "output_shape=[1, 192, 1, 1]", "[1, 3, 8, 8], [1, 192, 1, 1]", "[1, 8, 8, 3], [1, 192]"],
)
def test_flatten_with_and_without_its_input_shape(bench, shapes):
    code = NET + f"net.createFlattenLayer('f', {shapes})\nnet.setInputData(a[0])\nnet.forward()\n"
    image = np.arange(192.0)
    got = bench.run(code + "out = np.array(net.getOutputData())", image)
    np.testing.assert_array_equal(got, image.reshape(3, 8, 8).transpose(1, 2, 0).reshape(-1))


# -- layers on their own ----------------------------------------------------------------------------------------


def test_output_is_a_tuple_of_floats(bench):
    code = NET + "net.createReLuLayer('relu')\nnet.setInputData(a[0])\nnet.forward()\nresult = net.getOutputData()\n"
    code += (
        "assert type(result) is tuple and all(type(v) is float for v in result)\nout = float(result.index(max(result)))"
    )
    assert bench.plain(code, np.arange(192.0)) == 191


@pytest.mark.parametrize(("shape", "axis"), [("[1, 1, 192]", 1), ("[1, 1, 192]", 2), ("[1, 192, 1]", 1)])
def test_softmax_of_pycnnl_is_over_the_values_whatever_the_axis(bench, shape, axis):
    code = NET_L + f"net.createSoftmaxLayer('s', {shape}, {axis})\nnet.setInputData(a[0])\nnet.forward()\n"
    x = RNG.normal(size=192)
    got = bench.run(code + "out = np.array(net.getOutputData())", x)
    np.testing.assert_allclose(got, torch.softmax(torch.from_numpy(x), 0).numpy(), rtol=1e-5)


@pytest.mark.parametrize("axis", range(4))
def test_softmax_of_pycnml_is_along_its_axis(bench, axis):
    code = NET + f"net.createSoftmaxLayer('s', axis={axis})\nnet.setInputData(a[0])\nnet.forward()\n"
    x = RNG.normal(size=192).astype(np.float16).astype(np.float64)
    got = bench.run(code + "out = np.array(net.getOutputData())", x)
    want = torch.softmax(torch.from_numpy(x).reshape(1, 3, 8, 8), axis).numpy().reshape(-1)
    np.testing.assert_allclose(got, want, rtol=2**-10, atol=1e-7)


def test_stride_and_padding_against_pytorch(bench):
    weight, bias, x = RNG.normal(size=(4, 3, 5, 5)), RNG.normal(size=4), RNG.normal(size=(1, 3, 9, 12))
    code = "net = pycnnl.CnnlNet()\nnet.createConvLayer('c', [1, 3, 9, 12], 4, 5, 2, 1, 2)\n"
    code += "net.loadParams(0, a[0].transpose(0, 2, 3, 1).flatten(), a[1])\n"
    code += "net.setInputData(a[2].transpose(0, 2, 3, 1).flatten())\n"
    code += "net.forward()\nout = np.array(net.getOutputData()).reshape(1, 5, 6, 4).transpose(0, 3, 1, 2)"
    want = torch.nn.functional.conv2d(*map(torch.from_numpy, (x, weight, bias)), stride=2, padding=2)
    np.testing.assert_allclose(bench.run(code, weight, bias, x), want.numpy(), rtol=1e-4, atol=1e-5)


def test_parameters_longer_than_a_chunk_arrive_in_order(bench):
    count = CHUNK // 4 + 3
    code = f"net = pycnnl.CnnlNet()\nnet.createMlpLayer('f', [1,1,1,{count}], [1,1,{count},5], [1,1,1,5])\n"
    code += "net.loadParams(0, a[0], a[1])\nout = 0"
    values = RNG.normal(size=count * 5)
    bench.run(code, values, np.arange(5.0))
    seen = bench.device.current.parameters(0)
    np.testing.assert_array_equal(seen.filter, values.astype(np.float32)[sampled(count * 5)])
    np.testing.assert_array_equal(seen.bias, np.arange(5))


def test_a_device_overflows_without_a_word(bench):
    """NaN, infinities and numbers beyond float32 and float16 go through; only warnings would end a session's call."""
    code = CONV + "net.loadParams(0, np.tile([np.nan, np.inf, 1e300, -1e300, 1e5, 0.0], 18), np.full(4, 1e6), q)\n"
    code += "net.setInputData(np.tile([np.nan, -np.inf, 1e300, 1e5], 48))\nnet.forward()\n"
    code += "out = np.array(net.getOutputData())"
    assert bench.run(code).shape == (256,)
    bench.run(code.replace(CONV, CONV_L).replace(", q)", ")"))


# -- vectors ----------------------------------------------------------------------------------------------------


def test_vectors_are_like_lists(bench):
    code = """
v = pycnml.IntVector(2)
v[0] = 7
v.append(8); v.push_back(9)
assert list(v) == [7, 0, 8, 9] and len(v) == v.size() == 4 and v[-1] == 9 and 8 in v and not v.empty()
assert list(v[1:3]) == [0, 8] and type(v[1:3]) is pycnml.IntVector
assert v.pop() == 9 and v.front() == 7 and v.back() == 8
v.resize(5, 1); assert list(v) == [7, 0, 8, 1, 1]
v.resize(1); v.assign(2, 3); assert list(v) == [3, 3]
v[:] = [4, 5, 6]; del v[0]; assert list(v) == [5, 6]
v.pop_back(); v.clear(); assert v.empty() and list(pycnml.IntVector(3, 4)) == [4] * 3
f = pycnnl.FloatVector([0.1, 2])
assert list(f) == [float(np.float32(0.1)), 2.0] and list(pycnnl.FloatVector(f)) == list(f)
d = pycnml.DoubleVector(np.array([0.1])); d.push_back(3)
assert list(d) == [0.1, 3.0] and pycnnl.DoubleVector().size() == 0
out = 0
"""
    bench.run(code)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("pycnml.IntVector([1.5])", "TypeError"),
        ("pycnml.IntVector(2)[2]", "IndexError: index out of range"),
        ("pycnml.IntVector(2).append('1')", "TypeError: in method 'IntVector_append', argument 2 of type"),
        ("pycnml.IntVector().append(2**40)", "OverflowError"),
        ("pycnml.FloatVector(np.zeros(2, np.float32))", "TypeError"),
        ("pycnml.DoubleVector('12')", "TypeError: Wrong number or type of arguments for overloaded"),
        ("pycnml.IntVector().pop()", "IndexError"),
        (
            "pycnml.IntVector(-1)",
            "TypeError: Wrong number or type of arguments for overloaded function 'new_IntVector'",
        ),
        ("pycnml.IntVector(2).resize(-1)", "TypeError: Wrong number or type of arguments for overloaded"),
        ("pycnml.IntVector(2).assign(-1, 0)", "TypeError: Wrong number or type of arguments for overloaded"),
    ],
)
def test_vectors_keep_their_type(bench, code, error):
    assert bench.raised(code).startswith(error)


# -- bounds, and what no client of ours sends -------------------------------------------------------------------


def test_nets_that_were_let_go_make_room(bench):
    bench.run(f"for _ in range(5 * {MOST_NETS}):\n    net = pycnml.CnmlNet(16)\nout = 0")
    assert len(bench.device.nets) <= 2
    message = bench.raised(f"nets = [pycnml.CnmlNet(16) for _ in range({MOST_NETS + 3})]")
    assert message.startswith(f"ValueError: the device holds {MOST_NETS} nets")


def test_room_and_work_are_bounded(bench):
    huge = (
        NET
        + "net.createFlattenLayer('f', [1, 192, 1, 1])\nfor i in range(9):\n    net.createMlpLayer('m', 1 << 22, q)\n"
    )
    assert "too large for this device" in bench.raised(huge)
    large = "net = pycnnl.CnnlNet()\nn = 20000\nnet.createMlpLayer('m', [1,1,1,n], [1,1,n,n], [1,1,1,n])\n"
    message = bench.raised(large + "net.loadParams(0, np.broadcast_to(np.float64(0), n * n), np.zeros(n))")
    assert message == "ValueError: layer 0, m: the device has no room for its parameters"
    many = NET + "for i in range(300):\n    net.createReLuLayer('r')\n"
    assert "too large for this device" in bench.raised(many)
    assert "at most" in bench.raised(NET + "net.createReLuLayer('r' * 1000)")


ODD = [None, True, -1, 0, 1, 3, 1 << 40, -(1 << 70), 0.5, math.nan, math.inf, "", "pycnml", "conv", "é" * 300,
       [], [1, 3, 8, 8], [1.0], [[1]], ["x"], [0, 1.5], [-3, 1.0], [1 << 80, 1.0], {"a": 1}, [None] * 9,
       [4, 3, 1, 1, 1], [2, 2]]  # fmt: skip
OPS = ["create", "data", "setInputShape", "createConvLayer", "createMlpLayer", "createReLuLayer", "createPoolingLayer",
       "createFlattenLayer", "createSoftmaxLayer", "loadParams", "setInputData", "forward", "getOutputData", "size",
       "getLayerName", "needToBeQuantized", "getQuantParam", "__init__", "nets", "", "_answer"]  # fmt: skip


def asked(device, op, args, arrays):
    """(the Fault or None, what was told, arrays), as over the wire."""
    try:
        return (None, *device.answer(op, json.loads(json.dumps(args)), arrays))
    except Fault as fault:
        return fault, None, None


def test_whatever_is_asked_gets_an_answer_or_ends_the_session():
    """No other exception, no array beyond the announced: thousands of random questions."""
    rng = np.random.default_rng(1)
    answered = refused = admitted = 0
    for _ in range(60):
        device = Device()
        device.answer("create", [str(rng.choice(["pycnml", "pycnnl"])), 1, []], [])
        device.answer("setInputShape", [1, [1, 3, 8, 8]], [])
        device.answer("createReLuLayer", [1, "r"], [])
        for _ in range(150):
            op = OPS[rng.integers(len(OPS))]
            args = [ODD[i] for i in rng.integers(len(ODD), size=rng.integers(0, 6))]
            if rng.random() < 0.8:
                args = [1, *args]
            shape = tuple(int(n) for n in rng.integers(0, 300, rng.integers(0, 3)))
            announced = [("float32", shape)] * int(rng.integers(0, 3)) if rng.random() < 0.3 else []
            if not device.admits(op, announced):
                continue
            admitted += 1
            fault, told, arrays = asked(device, op, args, [np.zeros(shape, np.float32) for _, shape in announced])
            if fault is not None:
                assert fault.verdict is Verdict.FORBIDDEN
                refused += 1
                continue
            assert told.keys() in ({"value"}, {"error", "ends"})
            json.dumps(told)
            assert all(a.dtype == np.float32 and a.ndim == 1 for a in arrays)
            answered += 1
    assert min(answered, refused) > 100
    assert admitted == answered + refused


def random_layer(rng, library):
    """The arguments of a layer that may fit."""
    small = [int(n) for n in rng.integers(0, 9, 5)]
    shape = [int(n) for n in rng.integers(1, 7, 4)]
    quant = [int(rng.integers(-9, 5)), float(rng.uniform(0.5, 3))]
    pycnml = library == "pycnml"
    return [
        ("createConvLayer", [small, quant] if pycnml else [shape, small]),
        ("createMlpLayer", [small[:1], quant] if pycnml else [[1, 1, 1, 9], [1, 1, 9, 4], [1, 1, 1, 4]]),
        ("createReLuLayer", []),
        ("createPoolingLayer", [small[:2]] if pycnml else [shape, small[:2]]),
        ("createFlattenLayer", [[1, 36, 1, 1]]),
        ("createSoftmaxLayer", [small[:1]] if pycnml else [[1, 1, 36], [1]]),
    ][rng.integers(6)]


@pytest.mark.parametrize("library", ["pycnml", "pycnnl"])
def test_whatever_net_the_device_takes_it_can_run(library):
    """Random layers, of which many do not fit: what is left has the shapes it says."""
    rng = np.random.default_rng(2)
    kinds = set()
    for _ in range(300):
        device = Device()
        device.answer("create", [library, 1, []], [])
        device.answer("setInputShape", [1, [1, *(int(n) for n in rng.integers(1, 7, 3))]], [])
        net = device.nets[1]
        for _ in range(8):
            op, args = random_layer(rng, library)
            if library == "pycnnl" and net.layers and rng.random() < 0.9:
                # With the shape that fits.
                before = list(net.layers[-1].shape_out)
                n, rest = before[0], math.prod(before[1:])
                fitting = {
                    "createMlpLayer": [[n, 1, 1, rest], [1, 1, rest, 4], [n, 1, 1, 4]],
                    "createSoftmaxLayer": [[n, 1, rest], [1]],
                }
                args = fitting.get(op, [before, *args[1:]] if args else args)
            if op == "createFlattenLayer" and net.layers:
                args = [[1, math.prod(net.layers[-1].shape_out), 1, 1]]
            if op in net.library.create:
                asked(device, op, [1, "x", *args], [])
        for i, row in enumerate(net.layers):
            kinds.add(row.kind)
            if row.has_parameters:
                quant = [-3, 1.5] if library == "pycnml" else None
                told = device.answer("loadParams", [1, i, row.filter_size, row.shape_out[1], quant], [])[0]
                assert told == {"value": CHUNK}
                for count in (row.filter_size, row.shape_out[1]):
                    device.answer("data", [], [rng.normal(size=count).astype(np.float32)])
        if not net.layers:
            continue
        count = math.prod(net.layers[0].shape_in)
        assert device.answer("setInputData", [1, count], [])[0] == {"value": CHUNK}
        device.answer("data", [], [rng.normal(size=count).astype(np.float32)])
        assert device.answer("forward", [1], [])[0] == {"value": None}
        assert net.output.size == math.prod(net.layers[-1].shape_out)
        assert np.isfinite(net.output).all()
    assert kinds == {"conv", "mlp", "relu", "pool", "softmax"} | ({"flatten"} if library == "pycnml" else set())


def test_only_the_announced_chunk_is_admitted():
    device = Device()
    device.answer("create", ["pycnnl", 1, []], [])
    device.answer("setInputShape", [1, [1, 1, 1024, 1536]], [])
    assert not device.admits("data", [("float32", (CHUNK,))])
    device.answer("setInputData", [1, 1024 * 1536], [])
    for wrong in (
        [],
        [("float64", (CHUNK,))],
        [("float32", (CHUNK - 1,))],
        [("float32", (CHUNK, 1))],
        [("float32", (CHUNK,))] * 2,
    ):
        assert not device.admits("data", wrong)
    assert not device.admits("size", [("float32", (1,))])
    assert device.admits("data", [("float32", (CHUNK,))])
    device.answer("data", [], [np.ones(CHUNK, np.float32)])
    assert device.nets[1].input is None
    assert device.admits("data", [("float32", (CHUNK // 2,))])
    # Another call in between: what came is forgotten.
    device.answer("size", [1], [])
    assert not device.admits("data", [("float32", (CHUNK // 2,))])


@pytest.mark.parametrize(
    ("op", "args", "arrays"),
    [
        ("nothing", [], []),
        ("size", [99], []),
        ("create", ["pycuda", 1, []], []),
        ("data", [], [np.zeros(4, np.float32)]),
        ("setInputShape", [1, [1, 3, 8, 8]], [np.zeros(4, np.float32)]),
        ("loadParams", [1, 0, 108, 4, None], []),
    ],
)
def test_what_no_client_asks_ends_the_session(bench, op, args, arrays):
    bench.run(CONV + "out = 0")
    with pytest.raises(Fault) as caught:
        bench.lab.ask(op, args, arrays)
    assert caught.value.verdict is Verdict.FORBIDDEN


def test_threads_do_not_mix_their_numbers(bench):
    code = """
import threading
nets = []
for i in range(3):
    net = pycnml.CnmlNet(16)
    net.setInputShape(1, 1, 1200, 1200)
    nets.append(net)
def give(i):
    for _ in range(4):
        nets[i].setInputData(np.full(1200 * 1200, float(i)))
threads = [threading.Thread(target=give, args=(i,)) for i in range(3)]
for t in threads: t.start()
for t in threads: t.join()
out = 0
"""
    bench.run(code)
    for i, net in enumerate(bench.device.nets.values()):
        assert (net.input == i).all()


def built(library, *calls):
    """A device with a net of layers, each an op and its arguments after the name; asserts that it takes them all."""
    device = Device()
    device.answer("create", [library, 1, []], [])
    for op, *args in calls:
        args = [1, *args] if op == "setInputShape" else [1, "layer", *args]
        assert "error" not in device.answer(op, args, [])[0]
    return device


@pytest.mark.parametrize(
    ("shape", "op", "args", "layers"),
    [
        # Hours: each sample of a convolution is started apart.
        ([1 << 24, 1, 1, 1], "createConvLayer", [[1, 1, 1, 1, 0], [0, 1.0]], 1),
        ([1 << 20, 1, 2, 2], "createConvLayer", [[1, 1, 1, 1, 0], [0, 1.0]], 1),
        # Minutes: a number of a softmax takes as long as hundreds of multiply-adds.
        ([1, 1 << 24, 1, 1], "createSoftmaxLayer", [[1]], 24),
        ([1, 1, 4096, 4096], "createReLuLayer", [], 24),
    ],
)
def test_no_net_keeps_the_grader_for_minutes(shape, op, args, layers):
    """Nothing can end the device amid a forward pass: what it takes on must be over soon."""
    device = built("pycnml", ("setInputShape", shape))
    told = [device.answer(op, [1, "layer", *args], [])[0] for _ in range(layers)]
    assert "too large for this device" in told[-1]["error"]


def test_vgg19_leaves_room_for_more_pictures(bench):
    """What is refused is far from what is in use: five pictures at once are still taken."""
    code = "net = pycnml.CnmlNet(16)\nnet.setInputShape(5, 3, 224, 224)\nq = pycnml.QuantParam()\n"
    for block, (channels, count) in enumerate([(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)], 1):
        for i in range(count):
            code += f"net.createConvLayer('conv{block}_{i}', {channels}, 3, 1, 1, 1, q)\nnet.createReLuLayer('r')\n"
        code += f"net.createPoolingLayer('pool{block}', 2, 2)\n"
    bench.run(code + "out = 0")
    assert bench.device.current.layers[-1].shape_out == (5, 512, 7, 7)


def fed(device, number, count):
    """What setInputData is told; the numbers follow if they are wanted."""
    told = device.answer("setInputData", [number, count], [])[0]
    if "error" not in told:
        device.answer("data", [], [np.ones(count, np.float32)])
    return told


def test_maps_count_as_memory_too(monkeypatch):
    """Inputs and outputs of eight nets, 64 MB each, would be a gigabyte beside the parameters."""
    monkeypatch.setattr(device_module, "MOST_BYTES", 10_000)
    device = built("pycnml", ("setInputShape", [1, 1000, 1, 1]), ("createReLuLayer",))
    device.answer("create", ["pycnml", 1, []], [])
    device.answer("setInputShape", [2, [1, 1000, 1, 1]], [])
    device.answer("createReLuLayer", [2, "relu"], [])
    assert fed(device, 1, 1000) == {"value": CHUNK}
    assert device.answer("forward", [1], [])[0] == {"value": None}
    assert device.nets[1].nbytes == 8000
    assert "no room for the input" in fed(device, 2, 1000)["error"]
    device.answer("create", ["pycnml", 1, [1]], [])
    assert fed(device, 2, 1000) == {"value": CHUNK}
    monkeypatch.setattr(device_module, "MOST_BYTES", 6_000)
    assert "no room for the output" in device.answer("forward", [2], [])[0]["error"]


def test_the_filter_of_a_convolution_is_bounded():
    """It is float32 for a moment: as large as a device's memory in int8 it would be four times that."""
    device = built("pycnml", ("setInputShape", [1, 1 << 16, 1, 1]))
    told = device.answer("createConvLayer", [1, "large", [1 << 10, 1, 1, 1, 0], [0, 1.0]], [])[0]
    assert "layer large: the filter" in told["error"]


def test_a_device_goes_with_its_session(opened):
    """At once: one that waits for a garbage collection keeps up to a gigabyte while the next hand-in is graded."""
    gc.collect()
    gc.disable()
    try:
        device = Device(lambda *_: None)
        kept = weakref.ref(device)
        with opened(device) as session:
            Bench(session, device).run(PYCNML + "net.forward()", *ARRAYS)
            session.close()
        del device, session
        assert kept() is None
        # Amid parameters, too.
        device = built("pycnnl", ("createMlpLayer", [1, 1, 1, 3000], [1, 1, 3000, 1000], [1, 1, 1, 1000]))
        device.answer("loadParams", [1, 0, 3_000_000, 1000, None], [])
        device.answer("data", [], [np.zeros(CHUNK, np.float32)])
        kept = weakref.ref(device)
        del device
        assert kept() is None
    finally:
        gc.enable()


def test_seconds_of_another_net_do_not_count(bench):
    """Forward passes through the first layers alone are no passes of the net; nor is their output its output."""
    code = CONV + LOAD + "net.setInputData(np.zeros(192))\nfor _ in range(50):\n    net.forward()\n"
    bench.run(code + "out = 0")
    assert len(bench.device.current.forward_seconds) == 50
    message = bench.raised(code + "net.createReLuLayer('relu')\nnet.getOutputData()")
    assert message == "ValueError: getOutputData: forward first"
    assert not bench.device.current.forward_seconds
    bench.run(code + "net.createReLuLayer('relu')\nnet.forward()\nout = 0")
    assert len(bench.device.current.forward_seconds) == 1


@pytest.mark.parametrize("quant", [[127, 1.0], [-126, 3e38], [127, 1e-45], [0, 1e300], [0, math.inf], [1 << 40, 1.0]])
def test_no_quantisation_makes_the_grader_complain(quant):
    """Its warnings would be lines on the grader's stderr; here they are errors."""
    device = built("pycnml", ("setInputShape", [1, 4, 1, 1]), ("createMlpLayer", [4], [0, 1.0]))
    device.answer("createMlpLayer", [1, "odd", [4], quant], [])
    for count in (16, 4):
        if count == 16 and "error" in device.answer("loadParams", [1, 0, 16, 4, quant], [])[0]:
            return
        device.answer("data", [], [np.full(count, -3e38, np.float32)])
    assert device.nets[1].parameters(0).filter.shape == (16,)
    fed(device, 1, 4)
    device.answer("forward", [1], [])


def test_two_nets_do_not_touch_each_other(bench):
    code = "q = pycnml.QuantParam(-7, 1.0)\nnets = []\nfor i in (1, 2):\n    net = pycnml.CnmlNet(16)\n"
    code += "    net.setInputShape(1, 2, 1, 1)\n    net.createMlpLayer('m%d' % i, i, pycnml.QuantParam(0, 1.0))\n"
    code += "    net.loadParams(0, [0.5 * i] * (2 * i), [0.0] * i, q)\n    net.setInputData([float(i)] * 2)\n"
    code += "    nets.append(net)\nfor net in nets:\n    net.forward()\nnets[0].forward()\n"
    code += "out = np.array(nets[0].getOutputData() + nets[1].getOutputData())"
    assert bench.run(code).tolist() == [1, 127 / 128 * 4, 127 / 128 * 4]
    assert [row.name for row in bench.device.current.layers] == ["m1"]


def by_hand(header, body=b""):
    """Code that speaks to the grader itself, past our clients: one frame in the middle of a call."""
    frame = "import gc, json\nserve = next(o for o in gc.get_objects() if type(o).__name__ == 'Session')\n"
    return frame + f"h = {header!r}\nserve._socket.sendall(len(h).to_bytes(4, 'little') + h + {body!r})\nout = 0"


@pytest.mark.parametrize(
    "header",
    [
        b'{"ask": ["size", [1]], "arrays": [["float32", [1]]]}',
        b'{"ask": ["data", []], "arrays": [["float32", [1048576]]]}',
        b'{"ask": ["setInputShape", [1, [1, 3, 8, 8]], "more"]}',
        b'{"ask": ["size"]}',
        b'{"ask": [7, []]}',
        b'{"ask": {"size": 1}}',
        b'{"ask": ["size", [1e400]]}',
        b'{"ask": ["_answer", ["size", [1], []]]}',
        b'{"ask": ["getLayerName", [1, NaN]]}',
        b'{"ask": ["create", ["pycnml", 1, {"a": 1}]]}',
        b'{"ask": ["loadParams", [1, 0, 108, 4, [-3, "1"]]]}',
        b'{"ask": ["size", ' + b"[" * 100_000,
    ],
)
def test_what_a_hand_in_says_by_hand_ends_its_session(opened, header):
    device = Device()
    with opened(device) as session:
        bench = Bench(session, device)
        bench.run(CONV + "out = 0")
        with pytest.raises(Fault) as caught:
            bench.run(by_hand(header))
        assert caught.value.verdict is Verdict.FORBIDDEN
        # And nothing is asked of a device whose session is over.
        with pytest.raises(Fault):
            bench.run("out = pycnml.CnmlNet(16).size()")
        assert list(device.nets) == [1]


@pytest.mark.slow
@pytest.mark.parametrize("library", ["pycnml", "pycnnl"])
def test_fc6_of_vgg19_needs_little_memory_beside_itself(opened, library):
    """822 MB come as float64; the client adds chunks, the device what it keeps."""
    if library == "pycnml":
        code = "net = pycnml.CnmlNet(16)\nnet.setInputShape(1, 25088, 1, 1)\nq = pycnml.QuantParam(-9, 1.5)\n"
        code += "net.createMlpLayer('fc6', 4096, q)\nnet.loadParams(0, np.ones(25088 * 4096), np.ones(4096), q)\n"
    else:
        code = "net = pycnnl.CnnlNet()\nnet.createMlpLayer('fc6', [1,1,1,25088], [1,1,25088,4096], [1,1,1,4096])\n"
        code += "net.loadParams(0, np.ones(25088 * 4096), np.ones(4096))\n"
    device = Device()
    with opened(device) as session:
        Bench(session, device).run(code + "out = 0")
        assert session.close().memory < 950 << 20
    kept = 25088 * 4096 * (1 if library == "pycnml" else 4)
    assert kept < device.current.nbytes < kept + 20000
