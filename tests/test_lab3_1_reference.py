"""The reference of lab 3-1 against PyTorch in float64, and its known mistakes as edits of its source.

Product code opens the reference as a hand-in; only this file and the benchmarks import it.
"""

import ast
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from PIL import Image

import labbench.lab3_1.mistakes
from labbench.lab3_1.mistakes import MISTAKES
from tests import rig as rigs

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path(labbench.lab3_1.mistakes.__file__).parent / "reference" / "stu_upload"
TEMPLATE = ROOT / "student_templates" / "lab3_1" / "stu_upload"
MODULES = ("layers_1", "layers_2", "vgg_cpu")
DTYPES = (np.float32, np.float64)
MEAN = (123.68, 116.779, 103.939)


@pytest.fixture(scope="module")
def ref():
    return rigs.modules_of(REFERENCE, MODULES)


@pytest.fixture
def rng():
    return np.random.default_rng(31)


def close(got, expected, tolerance=1e-12):
    expected = expected.detach().numpy() if isinstance(expected, torch.Tensor) else np.asarray(expected)
    assert got.shape == expected.shape
    assert np.linalg.norm(got - expected) <= tolerance * np.linalg.norm(expected)


# ---- single layers


@pytest.mark.parametrize(
    ("kernel", "padding", "stride", "shape"),
    [
        (3, 1, 1, (1, 3, 22, 22)),
        (3, 1, 1, (2, 4, 7, 10)),
        (3, 1, 2, (1, 2, 9, 8)),
        (5, 2, 1, (1, 3, 11, 6)),
        (5, 0, 3, (3, 2, 12, 15)),
        (2, 1, 2, (2, 1, 5, 6)),
        (1, 0, 1, (2, 5, 4, 3)),
    ],
)
def test_convolution_agrees_with_torch(ref, rng, kernel, padding, stride, shape):
    layer = ref.layers_2.ConvolutionalLayer(kernel, shape[1], 6, padding, stride)
    weight, bias = rng.standard_normal((shape[1], kernel, kernel, 6)), rng.standard_normal(6)
    layer.load_param(weight, bias)
    x = rng.standard_normal(shape)

    torch_weight = torch.from_numpy(weight).permute(3, 0, 1, 2)
    expected = F.conv2d(torch.from_numpy(x), torch_weight, torch.from_numpy(bias), stride=stride, padding=padding)
    close(layer.forward(x), expected)


@pytest.mark.parametrize(
    ("kernel", "stride", "shape"),
    [(2, 2, (1, 64, 22, 22)), (2, 2, (2, 3, 7, 9)), (3, 2, (1, 2, 8, 11)), (3, 1, (2, 2, 5, 6))],
)
def test_max_pooling_agrees_with_torch(ref, rng, kernel, stride, shape):
    x = rng.standard_normal(shape) - 3
    output = ref.layers_2.MaxPoolingLayer(kernel, stride).forward(x)
    np.testing.assert_array_equal(output, F.max_pool2d(torch.from_numpy(x), kernel, stride).numpy())


def test_flatten_puts_rows_before_columns_before_channels(ref, rng):
    x = rng.standard_normal((2, 5, 3, 4))
    output = ref.layers_2.FlattenLayer([5, 3, 4], [60]).forward(x)
    assert output.shape == (2, 60)
    for n, c, h, w in np.ndindex(x.shape):
        assert output[n, (h * 4 + w) * 5 + c] == x[n, c, h, w]


def test_fully_connected_forward_and_gradients_agree_with_torch(ref, rng):
    layer = ref.layers_1.FullyConnectedLayer(7, 1500)  # more outputs than one block
    weight, bias = rng.standard_normal((7, 1500)), rng.standard_normal((1, 1500))
    layer.load_param(weight, bias)
    x, top = rng.standard_normal((4, 7)), rng.standard_normal((4, 1500))

    tx, tw, tb = (torch.tensor(a, requires_grad=True) for a in (x, weight, bias))
    expected = F.linear(tx, tw.T, tb[0])
    close(layer.forward(x), expected)
    expected.backward(torch.from_numpy(top))
    close(layer.backward(top), tx.grad)
    d_weight, d_bias = layer.get_gradient()
    close(d_weight, tw.grad)
    close(d_bias, tb.grad)

    layer.update_param(0.1)
    optimizer = torch.optim.SGD([tw, tb], lr=0.1)
    optimizer.step()
    for got, wanted in zip(layer.save_param(), (tw, tb), strict=True):
        close(got, wanted)


def test_relu_forward_and_gradient_agree_with_torch(ref, rng):
    layer = ref.layers_1.ReLULayer()
    x, top = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))
    x[0, 0, 0, 0] = 0
    tx = torch.tensor(x, requires_grad=True)
    expected = F.relu(tx)
    close(layer.forward(x), expected)
    expected.backward(torch.from_numpy(top))
    close(layer.backward(top), tx.grad)


def test_softmax_loss_and_gradient_agree_with_torch(ref, rng):
    layer = ref.layers_1.SoftmaxLossLayer()
    x, label = 3 * rng.standard_normal((6, 11)), rng.integers(0, 11, 6)
    tx = torch.tensor(x, requires_grad=True)
    loss = F.cross_entropy(tx, torch.from_numpy(label))
    loss.backward()
    close(layer.forward(x), F.softmax(tx, dim=1))
    assert layer.get_loss(label) == pytest.approx(loss.item(), rel=1e-12)
    close(layer.backward(), tx.grad)


def test_softmax_survives_large_logits(ref, rng):
    x = rng.uniform(-1000, 1000, (4, 9))
    close(ref.layers_1.SoftmaxLossLayer().forward(x), F.softmax(torch.from_numpy(x), dim=1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_layers_with_float32_weights_keep_the_inputs_dtype(ref, rng, dtype):
    conv, fc = ref.layers_2.ConvolutionalLayer(3, 2, 4, 1, 1), ref.layers_1.FullyConnectedLayer(4, 3)
    conv.init_param()
    fc.init_param()
    softmax = ref.layers_1.SoftmaxLossLayer()
    chain = (conv, ref.layers_1.ReLULayer(), ref.layers_2.MaxPoolingLayer(2, 2),
             ref.layers_2.FlattenLayer((4, 1, 1), (4,)), fc, softmax)  # fmt: skip
    current = rng.standard_normal((2, 2, 2, 2)).astype(dtype)
    for layer in chain:
        current = layer.forward(current)
        assert current.dtype == dtype, layer
    softmax.get_loss(np.array([0, 2]))
    assert fc.backward(softmax.backward()).dtype == dtype
    assert chain[1].backward(np.ones((2, 4, 2, 2), dtype)).dtype == dtype


def test_random_parameters_have_the_courses_shapes_and_spread(ref):
    conv, fc = ref.layers_2.ConvolutionalLayer(3, 64, 32, 1, 1), ref.layers_1.FullyConnectedLayer(200, 100)
    conv.init_param()
    fc.init_param(std=0.5)
    assert conv.weight.shape == (64, 3, 3, 32)
    assert conv.weight.std() == pytest.approx(0.01, rel=0.05)
    assert conv.bias.shape == (32,)
    assert not conv.bias.any()
    assert fc.weight.std() == pytest.approx(0.5, rel=0.05)
    assert fc.bias.shape == (1, 100)
    assert not fc.bias.any()


def test_wrong_shapes_are_refused(ref):
    conv, fc = ref.layers_2.ConvolutionalLayer(3, 2, 4, 1, 1), ref.layers_1.FullyConnectedLayer(4, 3)
    with pytest.raises(AssertionError):
        conv.load_param(np.zeros((4, 3, 3, 2)), np.zeros(4))
    with pytest.raises(AssertionError):
        conv.load_param(np.zeros((2, 3, 3, 4)), np.zeros((1, 4)))
    with pytest.raises(AssertionError):
        fc.load_param(np.zeros((3, 4)), np.zeros((1, 3)))
    with pytest.raises(AssertionError):
        fc.load_param(np.zeros((4, 3)), np.zeros(3))
    with pytest.raises(AssertionError):
        ref.layers_2.FlattenLayer((2, 3, 3), (18,)).forward(np.zeros((1, 3, 3, 2)))


# ---- the whole net


def wrapped(value):
    """A (1, 1) struct whose first field is `value`, as loadmat gives it."""
    struct = np.empty((1, 1), dtype=[("first", object)])
    struct[0, 0] = (value,)
    return struct


@pytest.fixture(scope="module")
def mat(ref):
    """What loadmat gives for MatConvNet's file, with random weights; and its weights and biases by name."""
    rng = np.random.default_rng(19)
    channels = [3, 64, 64, 128, 128, *[256] * 4, *[512] * 8]
    kernels = [(3, 3, cin, cout) for cin, cout in itertools.pairwise(channels)]
    kernels += [(7, 7, 512, 4096), (1, 1, 4096, 4096), (1, 1, 4096, 1000)]
    pairs, entries = {}, np.empty((1, 43), dtype=object)
    for index, name in enumerate(n for n in ref.vgg_cpu.VGG19().param_layer_name if n != "flatten"):
        entries[0, index] = wrapped(np.array(["relu"]))
        if name.startswith(("conv", "fc")):
            shape = kernels[len(pairs)]
            cell = np.empty((1, 2), dtype=object)
            cell[0, 0] = rng.standard_normal(shape, dtype=np.float32)
            cell[0, 0] *= np.sqrt(2 / np.prod(shape[:3]))
            cell[0, 1] = rng.standard_normal((1, shape[3]), dtype=np.float32) / 5
            pairs[name], entries[0, index] = (cell[0, 0], cell[0, 1]), wrapped(cell)
    mean = np.empty((224, 224, 3))
    mean[:] = MEAN
    return {"layers": entries, "normalization": wrapped(mean)}, pairs


@pytest.fixture(scope="module")
def vgg(ref, mat):
    network = ref.vgg_cpu.VGG19("weights.mat")
    network.build_model()
    network.init_model()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ref.vgg_cpu.scipy.io, "loadmat", {"weights.mat": mat[0]}.__getitem__)
        network.load_model()
    return network


def torch_layer(name, pairs, x):
    """The layer of that name from the file's own arrays; x stays NCHW, so fc6 is a convolution."""
    if name.startswith(("conv", "fc")):
        weight, bias = pairs[name]
        columns = range(0, weight.shape[3], 1024)  # in blocks, for the memory's sake
        blocks = [torch.from_numpy(weight[..., i : i + 1024]).permute(3, 2, 0, 1).double() for i in columns]
        padding = 1 if name.startswith("conv") else 0
        return torch.cat([F.conv2d(x, b, padding=padding) for b in blocks], 1) + torch.from_numpy(bias)[..., None, None]
    if name.startswith("relu"):
        return F.relu(x)
    return F.max_pool2d(x, 2) if name.startswith("pool") else F.softmax(x, dim=1)


def test_the_net_has_the_courses_44_layers_in_order(vgg):
    assert len(vgg.param_layer_name) == 44
    assert tuple(vgg.layers) == tuple(vgg.param_layer_name)
    assert len(vgg.update_layer_list) == 19
    assert vgg.image_mean == pytest.approx(MEAN, rel=1e-12)


def test_trunk_agrees_with_torch_layer_by_layer(vgg, mat, rng):
    x = rng.uniform(-120, 130, (1, 3, 32, 32))
    expected = torch.from_numpy(x)
    for name in vgg.param_layer_name[:37]:
        x, expected = vgg.layers[name].forward(x), torch_layer(name, mat[1], expected)
        assert x.dtype == np.float64
        close(x, expected)


def test_head_agrees_with_torch_layer_by_layer(vgg, mat, rng):
    x = np.maximum(rng.standard_normal((2, 512, 7, 7)), 0)
    expected = torch.from_numpy(x)
    x = vgg.layers["flatten"].forward(x)
    for name in vgg.param_layer_name[38:]:
        x, expected = vgg.layers[name].forward(x), torch_layer(name, mat[1], expected)
        assert x.dtype == np.float64
        close(x, expected[:, :, 0, 0])


def test_trunk_in_float32_stays_near_float64(vgg, rng):
    x = rng.uniform(-120, 130, (1, 3, 32, 32))
    single, double = x.astype(np.float32), x.astype(np.float32).astype(np.float64)
    for name in vgg.param_layer_name[:37]:
        single, double = vgg.layers[name].forward(single), vgg.layers[name].forward(double)
        assert single.dtype == np.float32
        close(single, double, 1e-5)


def test_evaluate_prints_the_courses_line(vgg, capsys, rng):
    vgg.input_image = rng.uniform(-120, 130, (1, 3, 224, 224)).astype(np.float32)
    prob = vgg.forward()
    assert prob.shape == (1, 1000)
    assert prob.dtype == np.float32
    vgg.evaluate()
    expected = f"Classification result: id = {prob.argmax()}, prob = {prob.max():f}\n"
    assert capsys.readouterr().out == expected


def test_image_of_the_right_size_is_only_centred_and_transposed(vgg, rng, tmp_path):
    pixels = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    vgg.load_image(str(tmp_path / "image.png"))
    assert vgg.input_image.shape == (1, 3, 224, 224)
    assert vgg.input_image.dtype == np.float32
    for channel in range(3):
        np.testing.assert_allclose(vgg.input_image[0, channel] + MEAN[channel], pixels[..., channel], atol=1e-4)


def test_image_of_another_size_is_resized_bilinearly(vgg, rng, tmp_path):
    pixels = rng.integers(0, 256, (300, 451, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    vgg.load_image(str(tmp_path / "image.png"))
    nchw = torch.from_numpy(pixels).permute(2, 0, 1)[None].double()
    expected = F.interpolate(nchw, (224, 224), mode="bilinear", antialias=True)[0].numpy()
    got = vgg.input_image[0] + np.reshape(MEAN, (3, 1, 1))
    assert np.abs(got - expected).max() <= 1.01  # Pillow rounds to whole grey levels, twice


# ---- the mistakes, and the template


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_mistake_is_one_edit_that_compiles(mistake):
    source = (REFERENCE / mistake.file).read_text(encoding="utf-8")
    assert source.count(mistake.old) == 1
    edited = source.replace(mistake.old, mistake.new)
    assert ast.dump(ast.parse(edited)) != ast.dump(ast.parse(source))
    assert set(mistake.scores) == {"quick", "full"}
    assert set(mistake.scores.values()) <= {0, 60, 80}
    assert all(mistake.title[lang] for lang in ("en", "zh"))


def test_mistakes_are_told_apart():
    assert len({m.name for m in MISTAKES}) == len(MISTAKES)
    assert len({(m.file, m.old, m.new) for m in MISTAKES}) == len(MISTAKES)
    for lang in ("en", "zh"):
        assert len({m.title[lang] for m in MISTAKES}) == len(MISTAKES)


def interface(path):
    """Class → method → arguments of a module, defaults included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        c.name: {f.name: ast.unparse(f.args) for f in c.body if isinstance(f, ast.FunctionDef)}
        for c in tree.body
        if isinstance(c, ast.ClassDef)
    }


@pytest.mark.parametrize("name", MODULES)
def test_template_has_the_references_interface(name):
    assert interface(TEMPLATE / f"{name}.py") == interface(REFERENCE / f"{name}.py")


def test_template_imports_and_fails_only_at_a_blank(rng):
    template = rigs.modules_of(TEMPLATE, MODULES)
    conv = template.layers_2.ConvolutionalLayer(3, 1, 2, 1, 1)
    conv.init_param()
    pool, relu = template.layers_2.MaxPoolingLayer(2, 2), template.layers_1.ReLULayer()
    for layer in (conv, pool, relu):
        with pytest.raises(NameError, match="_______________________"):
            layer.forward(rng.standard_normal((1, 1, 4, 4)))
    with pytest.raises(NameError, match="_______________________"):
        template.vgg_cpu.VGG19().build_model()
