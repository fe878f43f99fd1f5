"""The emulated DLP's arithmetic: exactly as written, and float32 as PyTorch computes it."""

from __future__ import annotations

import itertools
import math
import struct
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labbench.lab3_2.engines import float32, int8
from labbench.lab3_2.engines.int8 import Weights
from labbench.lab3_2.engines.quantisation import Quantisation, half_table, parameters, quantise

UNIT = Quantisation(0, 1.0)
FINE = Quantisation(-4, 1.3)
COARSE = Quantisation(3, 1.7)
HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
FINITE = HALVES[np.isfinite(HALVES)]


# ---- An emulation of plain integers and fractions, which shares nothing with the engine.


def rounded(x, quantisation):
    """The rule, in fractions."""
    if math.isnan(x):
        return 0
    if math.isinf(x):
        return 127 if x > 0 else -128
    exact = Fraction(x) * Fraction(quantisation.scale) / Fraction(2) ** quantisation.position
    magnitude = math.floor(abs(exact) + Fraction(1, 2))
    return max(-128, min(127, magnitude if exact > 0 else -magnitude))


def half(x):
    """A float64 as float16, by the standard library; NaN and ±∞ stay."""
    try:
        return struct.unpack("e", struct.pack("e", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def convolved(x, weight, stride, pad):
    """Convolution of integers in int64: (N, C_out, H_out, W_out)."""
    x = np.pad(x.astype(np.int64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    k_h, k_w = weight.shape[2:]
    rows, columns = (x.shape[2] - k_h) // stride + 1, (x.shape[3] - k_w) // stride + 1
    total = np.zeros((x.shape[0], weight.shape[0], rows, columns), np.int64)
    for i, j in itertools.product(range(k_h), range(k_w)):
        views = x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
        total += np.einsum("oc,nchw->nohw", weight[:, :, i, j].astype(np.int64), views)
    return total


def rescaled(total, weights):
    """Sums (N, outputs, …) as float16, number by number."""
    one, two = weights.input_quantisation, weights.filter_quantisation
    factor = 2.0 ** (one.position + two.position) / (one.scale * two.scale)
    bias = weights.bias.astype(np.float64).reshape(1, -1, *[1] * (total.ndim - 2))
    return np.array([half(y) for y in (total * factor + bias).ravel()], np.float16).reshape(total.shape)


def emulated(x, weights, stride=1, pad=0):
    quantised = np.array([rounded(float(v), weights.input_quantisation) for v in x.ravel()]).reshape(x.shape)
    if weights.filter.ndim == 4:
        return rescaled(convolved(quantised, weights.filter, stride, pad), weights)
    return rescaled(quantised.astype(np.int64) @ weights.filter.astype(np.int64).T, weights)


def same_bits(a, b):
    """Whether two arrays are the same, zeros by their sign, too."""
    assert a.dtype == b.dtype == np.float16
    np.testing.assert_array_equal(a.view(np.uint16), b.view(np.uint16))


def integers(rng, *shape):
    """Integers of int8's whole range, the extreme ones in excess."""
    return np.where(rng.random(shape) < 0.5, rng.choice([-128, -127, 127], shape), rng.integers(-128, 128, shape))


# ---- Quantisation


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=40),
    st.integers(-20, 20),
    st.floats(0.5, 4, width=32),
)
def test_quantise_is_the_rule_in_fractions(numbers, position, scale):
    q = Quantisation(position, scale)
    got = quantise(np.array(numbers, np.float32), q)
    assert got.dtype == np.int8
    assert got.tolist() == [rounded(x, q) for x in numbers]


@given(st.integers(-130, 130), st.integers(-20, 20), st.sampled_from([-1, 0, 1]))
def test_quantise_at_and_beside_the_halves(whole, position, step):
    """Ties go away from zero, and the nearest float32 on either side does not."""
    tie = np.float32(math.ldexp(whole + 0.5, position))
    x = np.nextafter(tie, np.float32(step * np.inf)) if step else tie
    q = Quantisation(position, 1.0)
    assert quantise(np.array([x]), q).tolist() == [rounded(float(x), q)]


def test_quantise_by_hand():
    x = np.array([0.5, -0.5, 1.5, -1.5, 2.5, 0.49999997, 126.5, 127.49, 1e9, -128.5, -1e9, -0.0], np.float32)
    assert quantise(x, UNIT).tolist() == [1, -1, 2, -2, 3, 0, 127, 127, 127, -128, -128, 0]


def test_a_product_is_not_rounded_before_it_is_rounded():
    """In float32 this product would be the tie ½."""
    scale = np.float32(1.01)
    x = np.float32(0.5) / scale
    assert x * scale == np.float32(0.5)
    assert Fraction(float(x)) * Fraction(float(scale)) < Fraction(1, 2)
    assert quantise(np.array([x]), Quantisation(0, float(scale))).tolist() == [0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_quantise_takes_any_float_layout_and_size(dtype):
    x = np.random.default_rng(0).normal(0, 60, (700, 301)).astype(dtype).T[::2]
    expected = np.array([rounded(float(np.float32(v)), FINE) for v in x.ravel()[-500:]])
    got = quantise(x, FINE)
    assert got.shape == x.shape
    assert got.ravel()[-500:].tolist() == expected.tolist()
    np.testing.assert_array_equal(got, [quantise(row, FINE) for row in x])


def test_quantise_not_finite_and_out_of_float32():
    numbers = np.array([np.nan, -np.nan, np.inf, -np.inf, 1e300, -1e300])
    assert quantise(numbers, FINE).tolist() == [0, 0, 127, -128, 127, -128]


@pytest.mark.parametrize("q", [UNIT, FINE, COARSE, Quantisation(-126, 1.9), Quantisation(127, 1.0)])
def test_the_table_has_every_half(q):
    table = half_table(q)
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table, quantise(HALVES, q))
    some = np.random.default_rng(7).permutation(HALVES.size)[:5000]
    assert table[some].tolist() == [rounded(float(x), q) for x in HALVES[some]]
    with pytest.raises(ValueError):
        table[0] = 1


@given(st.floats(2.0**-100, 2.0**100, width=32) | st.integers(-90, 90).map(lambda e: 127 * 2.0**e))
def test_parameters_are_the_vendors(absmax):
    q = parameters(absmax)
    largest = Fraction(absmax)
    assert Fraction(127) * Fraction(2) ** (q.position - 1) < largest <= Fraction(127) * Fraction(2) ** q.position
    assert 1 <= q.scale < 2
    assert q.scale == pytest.approx(127 * 2.0**q.position / absmax, rel=2**-24)
    assert quantise(np.array([absmax, -absmax, 0]), q).tolist() == [127, -127, 0]


def test_parameters_by_hand():
    assert parameters(0) == Quantisation(0, 1.0)
    assert parameters(127) == Quantisation(0, 1.0)
    assert parameters(254) == Quantisation(1, 1.0)
    assert parameters(1) == Quantisation(-6, 127 / 64)
    assert parameters(128) == Quantisation(1, 127 / 64)


@pytest.mark.parametrize("absmax", [-1, math.nan, math.inf, 1e39, 1e-45])
def test_parameters_refuse_what_is_no_maximum(absmax):
    with pytest.raises(ValueError, match="no "):
        parameters(absmax)


@pytest.mark.parametrize(("position", "scale"), [(0, 0), (0, -1), (0, math.nan), (0, math.inf), (-127, 1), (128, 1)])
def test_a_quantisation_is_checked(position, scale):
    with pytest.raises(ValueError, match="no quantisation"):
        Quantisation(position, scale)


def test_a_scale_is_float32():
    assert Quantisation(0, 1.1).scale == float(np.float32(1.1)) != 1.1


# ---- int8

GEOMETRIES = [
    # N, C_in, H, W, C_out, k_h, k_w, stride, pad
    (1, 3, 11, 11, 4, 3, 3, 1, 1),
    (2, 5, 9, 13, 3, 3, 3, 2, 1),
    (1, 4, 10, 7, 2, 3, 3, 2, 0),
    (1, 2, 5, 6, 3, 5, 5, 1, 2),
    (3, 7, 1, 1, 5, 1, 1, 1, 0),
    (1, 7, 1, 1, 5, 3, 3, 1, 1),
    (1, 3, 12, 5, 2, 2, 4, 3, 2),
    (1, 130, 6, 5, 4, 3, 3, 1, 1),
    (1, 2, 35, 34, 2, 33, 33, 1, 0),
]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("q", [(UNIT, UNIT), (FINE, COARSE), (COARSE, FINE)])
def test_convolution_is_the_emulation_to_the_bit(geometry, q):
    n, c_in, h, w, c_out, k_h, k_w, stride, pad = geometry
    rng = np.random.default_rng(c_in)
    x = (integers(rng, n, c_in, h, w) / q[0].factor).astype(np.float16)
    weights = Weights(
        integers(rng, c_out, c_in, k_h, k_w).astype(np.int8), rng.normal(0, 9, c_out).astype(np.float16), *q
    )
    same_bits(int8.conv2d(x, weights, stride, pad), emulated(x, weights, stride, pad))


def test_convolution_of_a_view_in_tiles():
    """Windows of 20 MB take five tiles, the last one smaller; the input need not be contiguous."""
    rng = np.random.default_rng(1)
    x = rng.normal(0, 3, (2, 93, 97, 64)).astype(np.float16).transpose(0, 3, 1, 2)
    weights = Weights(rng.integers(-128, 128, (3, 64, 3, 3)).astype(np.int8), np.zeros(3, np.float16), FINE, FINE)
    quantised = quantise(x, FINE)
    same_bits(int8.conv2d(x, weights, 1, 1), rescaled(convolved(quantised, weights.filter, 1, 1), weights))


def cancelling(inputs, x):
    """Filters (16, inputs) of extreme numbers: sums with x that go beyond 2^24 and come back to less than 2^12."""
    rng = np.random.default_rng(2)
    half_way, rest = inputs // 2 - 20, inputs - 2 * (inputs // 2 - 20)
    filters = rng.choice([-127, -127, -126, -64], (16, inputs)) * np.where(x < 0, -1, 1)  # products of one sign
    filters[:, half_way : 2 * half_way] = -filters[:, half_way - 1 :: -1]
    filters[:, 2 * half_way :] = rng.integers(-1, 2, (16, rest))
    return filters.astype(np.int8)


@pytest.mark.parametrize("extreme", [127, -128, 0])
@pytest.mark.parametrize("side", [3, 7])
def test_sums_are_exact(extreme, side, monkeypatch):
    """One lost unit shows, and some are lost where all of a sum is float32, unless 128 divides every product."""
    inputs = 512 * side**2  # 4608 and 25088
    x = np.full(inputs, extreme) if extreme else np.random.default_rng(3).choice([-128, -127, 127], inputs)
    x[inputs // 2 - 20 : 2 * (inputs // 2 - 20)] = x[inputs // 2 - 21 :: -1]
    filters = cancelling(inputs, x)
    products = filters.astype(np.int64) * x
    assert abs(np.cumsum(products, axis=1)).max(axis=1).min() > 2**24
    sums = products.sum(axis=1)
    x = x.astype(np.float16)

    weights = Weights(filters, np.zeros(16, np.float16), UNIT, UNIT)
    conv = replace(weights, filter=filters.reshape(16, 512, side, side))
    point = replace(weights, filter=filters.reshape(16, inputs, 1, 1))
    same_bits(int8.mlp(x[None], weights), rescaled(sums[None], weights))
    same_bits(int8.conv2d(x.reshape(1, 512, side, side), conv).ravel(), rescaled(sums[None], weights)[0])
    maps = np.broadcast_to(x.reshape(1, -1, 1, 1), (1, inputs, 8, 8))
    right = rescaled(np.broadcast_to(sums.reshape(1, 16, 1, 1), (1, 16, 8, 8)), weights)
    same_bits(int8.conv2d(maps, point), right)
    monkeypatch.setattr(int8, "_EXACT", inputs)
    assert extreme == -128 or not np.array_equal(int8.conv2d(maps, point), right)


@pytest.mark.parametrize("count", [1, 1023, 1024, 1025, 2048])
def test_no_more_are_summed_in_float32_than_float32_holds(count):
    """(−128)² as often as that, then 3, which a float32 beyond 2^24 has no bit for, then what leaves 3 of it all."""
    filters = np.repeat([-128, 1, 127, 1], [count, 1, count, count]).astype(np.int8)
    x = np.repeat([-128, 3, -128], [count, 1, 2 * count]).astype(np.float16)
    weights = Weights(np.tile(filters, (16, 1)), np.zeros(16, np.float16), UNIT, UNIT)
    point = replace(weights, filter=weights.filter[..., None, None])
    # Of many outputs and positions, since BLAS adds up one product of vectors in several parts.
    maps = np.broadcast_to(x.reshape(1, -1, 1, 1), (1, len(x), 8, 8))
    assert (int8.conv2d(maps, point) == 3).all()
    assert (int8.mlp(np.tile(x, (64, 1)), weights) == 3).all()


@pytest.mark.parametrize("inputs", [1, 1000, 1024, 2500])
@pytest.mark.parametrize("samples", [1, 3])
def test_fully_connected_is_the_emulation_to_the_bit(inputs, samples):
    rng = np.random.default_rng(inputs)
    x = rng.normal(0, 2, (samples, inputs)).astype(np.float16)
    weights = Weights(
        integers(rng, 300, inputs).astype(np.int8),
        rng.normal(0, 1, 300).astype(np.float16),
        FINE,
        Quantisation(-7, 1.5),
    )
    same_bits(int8.mlp(x, weights), emulated(x, weights))


def test_the_result_is_rounded_once_to_even_and_overflows_to_infinity():
    """Sums at and beside the ties of float16, and beyond its largest number."""
    sums = np.array([2049, 2050, 2051, 2053, 4098, 4102, 65519, 65520, -65519, -65520, 10**6, -(10**6)])
    # Each sum is 127 · 127 · a + 127 · b + c.
    a, rest = np.divmod(sums, 127 * 127)
    filters = np.stack([a, rest // 127, rest % 127], axis=1).astype(np.int8)
    x = np.array([[127, 1, 1]], np.float16)
    weights = Weights(np.repeat(filters, [127, 127, 1], axis=1), np.zeros(len(sums), np.float16), UNIT, UNIT)
    x = np.repeat(x, [127, 127, 1], axis=1)
    expected = [2048, 2050, 2052, 2052, 4096, 4104, 65504, np.inf, -65504, -np.inf, np.inf, -np.inf]
    assert int8.mlp(x, weights)[0].tolist() == expected
    # The bias comes before the rounding: 2049 + ½ is nearer to 2050.
    raised = replace(weights, bias=np.full(len(sums), 0.5, np.float16))
    assert int8.mlp(x, raised)[0, :2].tolist() == [2050, 2050]
    same_bits(int8.mlp(x, raised), rescaled(sums[None], raised))


def test_a_bias_that_is_not_finite_stays_so():
    bias = np.array([np.nan, np.inf, -np.inf], np.float16)
    weights = Weights(np.ones((3, 2), np.int8), bias, UNIT, UNIT)
    np.testing.assert_array_equal(int8.mlp(np.ones((1, 2), np.float16), weights)[0], bias)


def test_relu_of_every_half():
    x = FINITE.reshape(1, 2, 62, -1)
    np.testing.assert_array_equal(int8.relu(x), torch.relu(torch.from_numpy(x)).numpy())
    special = np.array([-0.0, np.inf, -np.inf, np.copysign(np.nan, -1), np.copysign(np.nan, 1)], np.float16)
    same_bits(int8.relu(special), np.array([0, np.inf, 0, 0, np.copysign(np.nan, 1)], np.float16))


POOLINGS = [
    ((6, 6), 2, 2),
    ((7, 9), 2, 2),
    ((7, 8), 3, 2),
    ((5, 5), 2, 1),
    ((8, 9), 2, 3),
    ((1, 1), 1, 1),
    ((3, 2), 2, 2),
]


@pytest.mark.parametrize(("size", "kernel", "stride"), POOLINGS)
def test_pooling(size, kernel, stride):
    rng = np.random.default_rng(3)
    x = rng.choice(FINITE, (2, 3, *size))
    expected = torch.max_pool2d(torch.from_numpy(x.astype(np.float64)), kernel, stride).numpy()
    got = int8.max_pool(x, kernel, stride)
    assert got.dtype == np.float16
    np.testing.assert_array_equal(got, expected)
    nhwc = np.ascontiguousarray(x.transpose(0, 2, 3, 1), np.float32)
    np.testing.assert_array_equal(float32.max_pool(nhwc, kernel, stride).transpose(0, 3, 1, 2), expected)


def test_a_kernel_larger_than_the_map_is_refused():
    x, weights = np.zeros((1, 2, 2, 2), np.float16), Weights(np.zeros((1, 2, 3, 3), np.int8), FINITE[:1], UNIT, UNIT)
    for call in (lambda: int8.conv2d(x, weights), lambda: int8.max_pool(x, 3, 1)):
        with pytest.raises(ValueError, match="larger"):
            call()
    y = x.astype(np.float32)
    for call in (lambda: float32.conv2d(y, np.zeros((1, 3, 3, 2), np.float32), y[0, 0, 0]),
                 lambda: float32.max_pool(y, 3, 1)):  # fmt: skip
        with pytest.raises(ValueError, match="larger"):
            call()


@pytest.mark.parametrize("channels", [1, 4, 1024])
def test_another_number_of_inputs_is_refused(channels):
    for inputs in (2, 2048):
        weights = Weights(np.zeros((3, inputs), np.int8), np.zeros(3, np.float16), UNIT, UNIT)
        point = replace(weights, filter=weights.filter[..., None, None])
        x = np.zeros((1, channels, 2, 2), np.float16)
        y, floats = x.astype(np.float32).transpose(0, 2, 3, 1), np.zeros((3, inputs), np.float32)
        calls = (
            lambda x=x, w=point: int8.conv2d(x, w),
            lambda x=x[..., 0, 0], w=weights: int8.mlp(x, w),
            lambda x=y, w=floats[:, None, None]: float32.conv2d(x, w, w[:, 0, 0, 0]),
            lambda x=y[:, 0, 0], w=floats: float32.mlp(x, w.T, w[:, 0]),
        )
        for call in calls:
            with pytest.raises(ValueError, match=r"filter for|mismatch"):
                call()


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_softmax(axis):
    x = np.random.default_rng(4).normal(0, 5, (3, 4, 50)).astype(np.float16)
    x[0, 0, 0], x[1, 1, 1] = 60000, -60000
    expected = torch.softmax(torch.from_numpy(x.astype(np.float64)), axis).numpy()
    got = int8.softmax(x, axis)
    same_bits(got, np.array([half(p) for p in expected.ravel()], np.float16).reshape(x.shape))
    narrow = float32.softmax(x.astype(np.float32), axis)
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, expected, rtol=1e-5, atol=1e-30)


# ---- float32


def close(got, expected):
    expected = expected.numpy()
    assert got.dtype == np.float32
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("geometry", [*GEOMETRIES, (2, 64, 93, 97, 8, 3, 3, 1, 1), (1, 512, 14, 14, 512, 3, 3, 1, 1)])
def test_float32_convolution(geometry):
    n, c_in, h, w, c_out, k_h, k_w, stride, pad = geometry
    rng = np.random.default_rng(5)
    x, weight, bias = (rng.standard_normal(s, np.float32) for s in ((n, h, w, c_in), (c_out, k_h, k_w, c_in), (c_out,)))
    tensors = [torch.from_numpy(a.astype(np.float64)) for a in (x, weight, bias)]
    expected = torch.conv2d(*(t.permute(0, 3, 1, 2) for t in tensors[:2]), tensors[2], stride, pad).permute(0, 2, 3, 1)
    close(float32.conv2d(x, weight, bias, stride, pad), expected)


@pytest.mark.parametrize("samples", [1, 3])
def test_float32_fully_connected(samples):
    rng = np.random.default_rng(6)
    x, weight, bias = (rng.standard_normal(s, np.float32) for s in ((samples, 25088), (25088, 70), (70,)))
    tensors = [torch.from_numpy(a.astype(np.float64)) for a in (x, weight, bias)]
    close(float32.mlp(x, weight, bias), tensors[0] @ tensors[1] + tensors[2])


def test_float32_relu():
    x = np.array([-1, -0.0, 0, 2, np.inf, -np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(float32.relu(x), [0, 0, 0, 2, np.inf, 0, np.nan])
