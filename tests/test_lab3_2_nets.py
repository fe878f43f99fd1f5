"""Whole nets on the emulated DLP against an independent emulation: random layers, odd geometry, odd numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labbench.lab3_2.device import Device
from labbench.lab3_2.net import CHUNK
from tests import dlp_oracle
from tests.dlp_oracle import Step

#: What float16 and int8 find hard: zeros, the smallest, the largest, beyond, ties.
HARD = np.array(
    [0.0, -0.0, 6e-8, -6e-8, 65504, -65504, 1e6, -1e6, np.inf, -np.inf, 0.5, -0.5, 1.5, -2.5, 127.5, -128.5]
)


class Bench:
    """A device, asked as our clients ask it."""

    def __init__(self, library):
        self.device, self.library = Device(), library
        self.ask("create", library, 1, [])

    def ask(self, op, *args):
        told, arrays = self.device.answer(op, list(args), [])
        assert "error" not in told, told
        return arrays[0] if arrays else told["value"]

    def send(self, op, *args, values):
        self.ask(op, 1, *args)
        for flat in (np.asarray(v, np.float64).ravel() for v in values):
            for start in range(0, len(flat), CHUNK):
                with np.errstate(over="ignore"):
                    self.device.answer("data", [], [flat[start : start + CHUNK].astype(np.float32)])

    def run(self, steps, x):
        """The output, flat, float64."""
        pycnml = self.library == "pycnml"
        self.ask("setInputShape", 1, list(x.shape))
        shape = x.shape
        for step in steps:
            self.ask(*self._created(step, shape, pycnml))
            shape = self.device.nets[1].layers[-1].shape_out
        for number, step in enumerate(steps):
            if step.weight is not None:
                weight = step.weight if pycnml else np.moveaxis(step.weight, 1, -1)  # [out, h, w, in]
                if not pycnml and step.kind == "mlp":
                    weight = step.weight.T
                position, scale = step.quant[1]
                quant = [position, scale] if pycnml else None
                self.send("loadParams", number, weight.size, len(step.bias), quant, values=(weight, step.bias))
        self.send("setInputData", x.size, values=[x if pycnml else x.transpose(0, 2, 3, 1)])
        self.ask("forward", 1)
        return self.ask("getOutputData", 1).astype(np.float64)

    @staticmethod
    def _created(step, shape, pycnml):
        n, size = shape[0], math.prod(shape[1:])
        given, quant = ([], [list(step.quant[0])]) if pycnml else ([list(shape)], [])
        match step.kind:
            case "conv":
                kernel, stride, pad = step.numbers
                return "createConvLayer", 1, "conv", *given, [len(step.bias), kernel, stride, 1, pad], *quant
            case "mlp" if pycnml:
                return "createMlpLayer", 1, "mlp", [len(step.bias)], *quant
            case "mlp":
                out = len(step.bias)
                return "createMlpLayer", 1, "mlp", [n, 1, 1, size], [n, 1, size, out], [n, 1, 1, out]
            case "pool":
                return "createPoolingLayer", 1, "pool", *given, list(step.numbers)
            case "relu":
                return "createReLuLayer", 1, "relu"
            case "flatten":
                return "createFlattenLayer", 1, "flatten", [n, size, 1, 1]
            case "softmax":
                return "createSoftmaxLayer", 1, "softmax", *([] if pycnml else [[1, n, size]]), [step.numbers[0]]


def scale_of(rng, largest):
    """Position and scale near those that fit numbers up to `largest`, so that some saturate and some are coarse."""
    position = math.ceil(math.log2(largest / 127)) + int(rng.integers(-1, 2))
    return position, float(np.float32(rng.choice([1.0, rng.uniform(1, 2)])))


def random_net(rng, library):
    """Layers that fit an input, and the input."""
    shape = tuple(int(n) for n in (rng.integers(1, 3), rng.integers(1, 6), *rng.integers(4, 11, 2)))
    x = rng.normal(0, 40, shape)
    if library == "pycnml":
        x = np.where(rng.random(shape) < 0.1, rng.choice(HARD, shape), x)
    _, c, h, w = shape
    steps = []
    for _ in range(rng.integers(1, 6)):
        match rng.choice(["conv", "conv", "relu", "pool"]):
            case "conv":
                kernel, pad = int(rng.integers(1, min(5, h + 1, w + 1))), int(rng.integers(0, 3))
                stride, out = int(rng.integers(1, kernel + 1)), int(rng.integers(1, 7))
                quant = scale_of(rng, 100), scale_of(rng, 1)
                weight = rng.normal(0, 0.3, (out, c, kernel, kernel))
                steps.append(Step("conv", (kernel, stride, pad), weight, rng.normal(0, 5, out), quant))
                c, h, w = out, (h + 2 * pad - kernel) // stride + 1, (w + 2 * pad - kernel) // stride + 1
            case "pool":
                kernel, stride = int(rng.integers(1, min(4, h + 1, w + 1))), int(rng.integers(1, 4))
                steps.append(Step("pool", (kernel, stride)))
                h, w = (h - kernel) // stride + 1, (w - kernel) // stride + 1
            case "relu":
                steps.append(Step("relu"))
    if rng.random() < 0.7:
        out = int(rng.integers(2, 9))
        quant = scale_of(rng, 100), scale_of(rng, 1)
        steps += [Step("flatten")] if library == "pycnml" else []
        steps.append(Step("mlp", (), rng.normal(0, 0.1, (out, c * h * w)), rng.normal(0, 1, out), quant))
        steps.append(Step("softmax", (1,)))
    return steps, x


@pytest.mark.parametrize("library", ["pycnml", "pycnnl"])
def test_random_nets_against_the_emulation(library):
    rng = np.random.default_rng(11)
    kinds, odd = set(), 0
    for _ in range(150):
        steps, x = random_net(rng, library)
        got = Bench(library).run(steps, x)
        expected = getattr(dlp_oracle, library)(steps, x)
        kinds |= {step.kind for step in steps}
        odd += int(not np.isfinite(expected).all())
        if library == "pycnml":
            # One rounding of a softmax to float16 may differ where exp is computed otherwise.
            exact = steps[-1].kind != "softmax"
            np.testing.assert_allclose(got, expected, rtol=0 if exact else 2**-10, atol=0 if exact else 6e-8)
        else:
            np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max()))
    assert kinds == {"conv", "mlp", "relu", "pool", "softmax"} | ({"flatten"} if library == "pycnml" else set())
    assert bool(odd) == (library == "pycnml")


def test_the_emulation_quantises_by_hand():
    """So that the oracle stands on its own feet."""
    hard = [0.5, -0.5, 1.5, -2.5, 0.49999997, 126.5, 127.5, -128.5, 1e9, -1e9, np.inf, -np.inf, np.nan, -0.0, 1e-45]
    got = dlp_oracle.quantised(np.array(hard, np.float32), 0, 1.0)
    assert got.tolist() == [1, -1, 2, -3, 0, 127, 127, -128, 127, -128, 127, -128, 0, 0, 0]
    assert dlp_oracle.quantised(np.float32([3.0]), -5, 127 / 96).tolist() == [127]
    assert dlp_oracle.quantised(np.float32([1e-45, 3e38]), -126, 1.0).tolist() == [0, 127]


@pytest.mark.parametrize("values", [HARD, np.linspace(-3000, 3000, 16), np.full(16, 65504.0), np.full(16, -np.inf)])
def test_softmax_of_hard_numbers(values):
    """No overflow: 65504 apart is probability 0; of an infinity, NaN."""
    step, x = Step("softmax", (1,)), values.reshape(1, 16, 1, 1)
    np.testing.assert_allclose(Bench("pycnml").run([step], x), dlp_oracle.pycnml([step], x), rtol=2**-10)


def test_fc6_is_exact_to_the_last_unit():
    """25088 products beyond what float32 holds, of which all but one unit cancel; float16 shows the unit."""
    n = 25088
    weight, x = np.full((2, n), 127.0), np.full((1, n, 1, 1), 127.0)
    weight[:, 1::2] = -127
    weight[:, -1], x[0, -1] = 127, -126  # instead of −127 · 127
    step = Step("mlp", (), weight, np.zeros(2))
    assert Bench("pycnml").run([step], x).tolist() == dlp_oracle.pycnml([step], x).tolist() == [127.0, 127.0]
    # The same with the halves one after the other: the sum is 2 · 10^8 before it comes back.
    order = np.argsort(weight[0], kind="stable")
    step = Step("mlp", (), weight[:, order], np.zeros(2))
    assert Bench("pycnml").run([step], x[:, order]).tolist() == [127.0, 127.0]
