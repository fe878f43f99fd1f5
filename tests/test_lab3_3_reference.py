"""The reference of lab 3-3 against PyTorch in float64, both versions of every layer.

Product code opens the reference as a hand-in; only this file and the benchmarks import it.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from PIL import Image

import labbench
from tests import rig as rigs

REFERENCE = Path(labbench.__file__).parent / "lab3_3" / "reference" / "stu_upload"
MODULES = ("layers_1", "layers_2", "layers_3", "exp_3_3_style_transfer")
VERSIONS = pytest.mark.parametrize("version", [0, 1], ids=["loops", "fast"])
#: Kernel, padding, stride, input shape: the course's box, and what lies beyond it.
CONVOLUTIONS = [(3, 1, 1, (1, 3, 6, 10)), (3, 0, 2, (2, 3, 7, 9)), (2, 1, 1, (1, 2, 5, 4)), (3, 2, 3, (2, 1, 8, 7))]
POOLINGS = [(2, 2, (1, 3, 6, 10)), (3, 2, (2, 2, 9, 7)), (2, 2, (1, 2, 7, 5)), (3, 1, (1, 1, 5, 6))]
BLOCKS = ((2, 4), (2, 5), (4, 6), (4, 7), (4, 8))
LOSS_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")


@pytest.fixture(scope="module")
def ref():
    return rigs.modules_of(REFERENCE, MODULES)


@pytest.fixture
def rng():
    return np.random.default_rng(33)


def close(got, expected, tolerance=1e-12):
    expected = expected.detach().numpy() if isinstance(expected, torch.Tensor) else np.asarray(expected)
    assert np.shape(got) == expected.shape
    assert np.linalg.norm(got - expected) <= tolerance * np.linalg.norm(expected)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


@VERSIONS
@pytest.mark.parametrize(("kernel", "padding", "stride", "shape"), CONVOLUTIONS)
def test_convolution(ref, rng, version, kernel, padding, stride, shape):
    channels_in, channels_out = shape[1], 4
    x, weight = rng.standard_normal(shape), rng.standard_normal((channels_in, kernel, kernel, channels_out))
    bias = rng.standard_normal(channels_out)
    layer = ref.layers_2.ConvolutionalLayer(kernel, channels_in, channels_out, padding, stride, version)
    layer.load_param(weight, bias)
    tx, tw, tb = leaf(x), leaf(weight), leaf(bias)
    expected = F.conv2d(tx, tw.permute(3, 0, 1, 2), tb, stride=stride, padding=padding)
    close(layer.forward(x), expected)
    top_diff = rng.standard_normal(expected.shape)
    expected.backward(torch.tensor(top_diff))
    close(layer.backward(top_diff), tx.grad)
    close(layer.d_weight, tw.grad)
    close(layer.d_bias, tb.grad)


@VERSIONS
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "shape"), POOLINGS)
def test_max_pooling(ref, rng, version, kernel, stride, shape, ties):
    x = rng.integers(-2, 2, shape).astype(float) if ties else rng.standard_normal(shape) - 3
    layer = ref.layers_2.MaxPoolingLayer(kernel, stride, version)
    tx = leaf(x)
    expected = F.max_pool2d(tx, kernel, stride)
    close(layer.forward(x), expected)
    top_diff = rng.standard_normal(expected.shape)
    expected.backward(torch.tensor(top_diff))
    # PyTorch, too, gives the gradient to the first maximum.
    close(layer.backward(top_diff), tx.grad)


@VERSIONS
def test_float32_stays_float32(ref, version):
    layer = ref.layers_2.ConvolutionalLayer(3, 2, 3, 1, 1, version)
    layer.init_param()
    x = np.ones((1, 2, 4, 4), dtype=np.float32)
    assert layer.forward(x).dtype == np.float32
    assert layer.backward(np.ones((1, 3, 4, 4), dtype=np.float32)).dtype == np.float32


@VERSIONS
def test_inputs_are_left_alone(ref, rng, version):
    x, top_diff = rng.standard_normal((1, 2, 4, 6)), rng.standard_normal((1, 2, 2, 3))
    before = x.copy(), top_diff.copy()
    layer = ref.layers_2.MaxPoolingLayer(2, 2, version)
    layer.forward(x)
    layer.backward(top_diff)
    assert (x == before[0]).all()
    assert (top_diff == before[1]).all()


def test_times_are_those_of_the_last_calls(ref):
    layer = ref.layers_2.MaxPoolingLayer(2, 2, 0)
    assert (layer.get_forward_time(), layer.get_backward_time()) == (0, 0)
    layer.forward(np.zeros((1, 16, 32, 32)))
    assert layer.get_forward_time() > 0 == layer.get_backward_time()


def test_content_loss(ref, rng):
    x, y = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))
    layer, tx = ref.layers_3.ContentLossLayer(), leaf(x)
    expected = F.mse_loss(tx, torch.tensor(y)) / 2
    close(layer.forward(x, y), expected)
    expected.backward()
    close(layer.backward(x, y), tx.grad)


def test_style_loss(ref, rng):
    """Σ (G − A)² / (4·N·(C·H·W)²) of Gatys et al., by einsum and autograd."""
    x, y = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))
    layer, tx = ref.layers_3.StyleLossLayer(), leaf(x)
    gram, target = (torch.einsum("nchw,ndhw->ncd", t, t) for t in (tx, torch.tensor(y)))
    expected = ((gram - target) ** 2).sum() / (4 * 2 * (3 * 4 * 5) ** 2)
    close(layer.forward(x, y), expected)
    expected.backward()
    close(layer.backward(x, y), tx.grad)


def test_adam(ref, rng):
    image = rng.standard_normal((1, 3, 4, 4))
    tensor = leaf(image)
    theirs = torch.optim.Adam([tensor], lr=0.7, eps=1e-8)
    ours = ref.exp_3_3_style_transfer.AdamOptimizer(0.7, image.shape)
    for _ in range(5):
        gradient = 10 * rng.standard_normal(image.shape)
        tensor.grad = torch.tensor(gradient)
        theirs.step()
        image = ours.update(image, gradient)
        close(image, tensor, 1e-9)


def slim(ref, monkeypatch, rng):
    """The reference's VGG19 with few channels and random weights; the same in PyTorch: x -> {name: features}."""
    monkeypatch.setattr(ref.exp_3_3_style_transfer, "BLOCKS", BLOCKS)
    vgg = ref.exp_3_3_style_transfer.VGG19("unused")
    vgg.build_model()
    weights = {}
    for name in vgg.update_layer_list:
        layer = vgg.layers[name]
        scale = (2 / (9 * layer.channel_in)) ** 0.5
        weight = scale * rng.standard_normal(layer.weight_shape)
        weights[name] = weight, 0.1 * rng.standard_normal(layer.channel_out)
        layer.load_param(*weights[name])

    def oracle(x):
        features = {}
        for name in vgg.param_layer_name:
            if name.startswith("conv"):
                weight, bias = map(torch.tensor, weights[name])
                x = F.conv2d(x, weight.permute(3, 0, 1, 2), bias, padding=1)
            else:
                x = F.relu(x) if name.startswith("relu") else F.max_pool2d(x, 2)
            features[name] = x
        return features

    return vgg, oracle


@pytest.mark.parametrize("name", LOSS_LAYERS)
def test_gradient_with_respect_to_the_image(ref, monkeypatch, rng, name):
    vgg, oracle = slim(ref, monkeypatch, rng)
    assert list(vgg.layers) == list(vgg.param_layer_name)
    image = rng.standard_normal((1, 3, 32, 48))
    tensor = leaf(image)
    expected = oracle(tensor)[name]
    features = vgg.forward(image, [name])
    assert list(features) == [name]
    close(features[name], expected)
    diff = rng.standard_normal(expected.shape)
    expected.backward(torch.tensor(diff))
    close(vgg.backward(diff, name), tensor.grad)


def test_a_second_backward_after_one_forward(ref, monkeypatch, rng):
    """Six gradients come from one forward: none may disturb what the others need."""
    vgg, oracle = slim(ref, monkeypatch, rng)
    image = rng.standard_normal((1, 3, 32, 32))
    features = vgg.forward(image, LOSS_LAYERS)
    for name in ("relu5_1", "relu1_1", "relu4_2"):
        tensor = leaf(image)
        diff = np.ones_like(features[name])
        oracle(tensor)[name].sum().backward()
        close(vgg.backward(diff, name), tensor.grad)


def test_pictures_in_and_out(ref, tmp_path, rng):
    pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    vgg = ref.exp_3_3_style_transfer.VGG19("unused")
    vgg.image_mean = np.array([123.68, 116.779, 103.939])
    image, shape = vgg.load_image(tmp_path / "in.png", 20, 30)
    assert (image.dtype, shape) == (np.float32, (20, 30, 3))
    close(image[0, 1], pixels[:, :, 1] - 116.779, 1e-6)
    vgg.save_image(image, shape, tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as picture:
        assert (np.asarray(picture) == pixels).all()
    resized, shape = vgg.load_image(tmp_path / "in.png", 10, 16)
    assert (resized.shape, shape) == ((1, 3, 10, 16), (20, 30, 3))


def test_the_start_is_half_content_half_noise(ref):
    content = np.full((1, 3, 64, 64), 8.0)
    image = ref.exp_3_3_style_transfer.get_random_img(content, 0.5)
    noise = (image - 4) / 0.5
    assert noise.min() >= -20
    assert noise.max() < 20
    assert noise.std() == pytest.approx(40 / 12**0.5, rel=0.02)
