"""Calibrate the synthetic VGG19 on the bundled photographs and write `labbench/vgg/assets/synthetic.npz`.

    python -m tools.calibrate_weights [OUTPUT.npz]

Needed only when the photographs or the recipe change; then `DIGEST` in `labbench/vgg/synthetic.py` and every
golden pack change with it. The recipe, layer by layer on all photographs at once, in float64:

1. Scale the random weights so that the pre-activations have standard deviation 1 (the logits 2).
2. Bias = 0.2 of that deviation, uniform, minus GAMMA times the channel's mean pre-activation. With GAMMA 0
   all images look alike to the net; with 1 it is unstable under int8.
3. In fc8, add to the columns of the photographs' classes the smallest change (pseudo-inverse of relu7) that
   gives each photograph its class at probability TARGET, and logit 0 to the others' classes.

All constants are rounded far above float64 noise, so that another BLAS finds the same ones.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labbench.vgg import pictures, synthetic
from labbench.vgg.table import LAYERS, WEIGHTED, Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

GAMMA = 0.1
BIAS_AMPLITUDE = 0.2
LOGIT_DEVIATION = 2.0
#: The probability that the course reports for its cat.
TARGET = 0.4933
#: Rounding steps: powers of two, so that the rounded values are exact in float32.
BIAS_STEP = 2.0**-14
COLUMN_STEP = 2.0**-24


def main(output: Path) -> None:
    """Calibrate, write the constants and print what the photographs come out at."""
    x = np.stack([pictures.square(pictures.open_rgb(p.path)) for p in pictures.PICTURES]).astype(np.float64)
    x = (x - np.array(synthetic.MEAN)).transpose(0, 3, 1, 2)
    scales, biases = [], []
    features = x
    for layer in LAYERS[:-1]:
        if layer.has_weights:
            features = x
            x, scale, bias = calibrate(layer, x)
            scales.append(scale)
            biases.append(bias)
            print(f"{layer.name:8} scale {scale:.4e}  bias {bias.min():+.3f} … {bias.max():+.3f}", flush=True)
        else:
            x = plain(layer, x)
    columns = fit_columns(features, x, scales[-1], biases[-1])
    np.savez(
        output,
        scales=np.array(scales, dtype=np.float32),
        biases=np.concatenate(biases).astype(np.float32),
        classes=np.array([p.class_id for p in pictures.PICTURES], dtype=np.int64),
        columns=columns.astype(np.float32),
    )


def calibrate(layer: Layer, x: Array) -> tuple[Array, float, Array]:
    """One weighted layer: its calibrated output on `x`, its scale and its biases (cout,)."""
    z = conv(x, words(layer)) if layer.kind == "conv" else x @ words(layer).reshape(-1, layer.channels_out)
    deviation = LOGIT_DEVIATION if layer is WEIGHTED[-1] else 1.0
    scale = float(np.float32(f"{deviation / z.std():.4e}"))
    z *= scale
    per_channel = z.mean(axis=tuple(a for a in range(z.ndim) if a != 1))
    noise = next(synthetic.raw_blocks(layer, stream=1))[: layer.channels_out] / 32768.0
    bias = np.rint((BIAS_AMPLITUDE * deviation * noise - GAMMA * per_channel) / BIAS_STEP) * BIAS_STEP
    z += bias.reshape(1, -1, *(1,) * (z.ndim - 2))
    return z, scale, bias


def plain(layer: Layer, x: Array) -> Array:
    """A layer without weights."""
    if layer.kind == "relu":
        return np.maximum(x, 0.0)
    if layer.kind == "pool":
        n, c, h, w = x.shape
        pooled: Array = x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
        return pooled
    return x.transpose(0, 2, 3, 1).reshape(len(x), -1)


def words(layer: Layer) -> Array:
    """The layer's generator words, unscaled, (kh, kw, cin, cout)."""
    flat = np.concatenate(list(synthetic.raw_blocks(layer)))
    return flat.astype(np.float64).reshape(layer.mat_shape, order="F")


def conv(x: Array, weight: Array) -> Array:
    """3×3 convolution with padding 1: one matrix product a kernel position and image."""
    n, _, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros((n, weight.shape[3], h * w))
    for i in range(n):
        for row in range(3):
            for column in range(3):
                window = padded[i, :, row : row + h, column : column + w].reshape(x.shape[1], -1)
                out[i] += weight[row, column].T @ window
    return out.reshape(n, -1, h, w)


def fit_columns(features: Array, logits: Array, scale: float, bias: Array) -> Array:
    """The fc8 columns (n, 4096) that put photograph i on its class at probability TARGET.

    Args:
        features: relu7 of the n photographs, (n, 4096).
        logits: What the random fc8 makes of them, (n, 1000).
        scale: The scale of fc8.
        bias: Its biases, (1000,).
    """
    classes = [p.class_id for p in pictures.PICTURES]
    wanted = logits.copy()
    wanted[:, classes] = 0.0
    for i, class_id in enumerate(classes):
        others = np.exp(np.delete(wanted[i], class_id)).sum()
        wanted[i, class_id] = np.log(others * TARGET / (1.0 - TARGET))
        runner_up = np.exp(np.delete(wanted[i], class_id)).max() / others * (1.0 - TARGET)
        print(f"{pictures.PICTURES[i].name:10} class {class_id}  runner-up {runner_up:.4f}")
    random_columns = words(WEIGHTED[-1]).reshape(-1, WEIGHTED[-1].channels_out)[:, classes] * scale
    missing = wanted[:, classes] - bias[classes] - features @ random_columns
    return np.rint((random_columns + np.linalg.pinv(features) @ missing).T / COLUMN_STEP) * COLUMN_STEP


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else synthetic.CONSTANTS_FILE)
