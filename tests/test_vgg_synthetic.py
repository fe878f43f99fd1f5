"""The synthetic VGG19: the same bytes everywhere, photographs at their classes (oracle: PyTorch, float64)."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from labbench.vgg import matfile, pictures, synthetic
from labbench.vgg.table import LAYERS, WEIGHTED
from labbench.vgg.weights import ensure_synthetic

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def net():
    return matfile.open_weights(ensure_synthetic().path)


def observe(net, photographs):
    """What a float64 net built from the file makes of them: pool5, the logits, the probabilities."""
    images = np.stack([pictures.square(pictures.open_rgb(p.path)) for p in photographs])
    x = torch.from_numpy((images - net.mean).transpose(0, 3, 1, 2).copy())
    seen = {}
    with torch.inference_mode():
        for row in LAYERS:
            x = forward(net, row, x)
            if row.name in ("pool5", "fc8", "softmax"):
                seen[row.name] = x.numpy()
    return seen


def forward(net, row, x):
    if row.kind == "conv":
        weight, bias = (torch.tensor(a, dtype=torch.float64) for a in net.conv(row.name))
        return torch.nn.functional.conv2d(x, weight.permute(3, 2, 0, 1).contiguous(), bias, padding=1)
    if row.kind == "fc":
        weight, bias = (torch.tensor(a, dtype=torch.float64) for a in net.fc(row.name))
        return torch.nn.functional.linear(x, weight.T, bias)
    if row.kind == "relu":
        return x.relu()
    if row.kind == "pool":
        return torch.nn.functional.max_pool2d(x, 2)
    return x.permute(0, 2, 3, 1).flatten(1) if row.kind == "flatten" else x.softmax(1)


def test_the_cat_is_281_at_one_half(net):
    seen = observe(net, [pictures.picture(pictures.cat())])
    assert seen["softmax"][0].argmax() == 281
    assert seen["softmax"][0, 281] == pytest.approx(0.4933, abs=1e-4)
    assert 0.3 < np.sqrt(np.mean(seen["pool5"] ** 2)) < 3
    assert 0.5 < seen["fc8"].std() < 4


@pytest.mark.slow
def test_every_photograph_is_its_class(net):
    seen = observe(net, pictures.PICTURES)
    for picture, probabilities in zip(pictures.PICTURES, seen["softmax"], strict=True):
        assert probabilities.argmax() == picture.class_id
        assert probabilities[picture.class_id] == pytest.approx(0.4933, abs=1e-4)
        assert np.sort(probabilities)[-2] < 0.1


def test_every_bias_counts(net):
    """A net without biases could not tell who forgot one."""
    for row in WEIGHTED:
        assert np.abs(net.tensors[row.name][1]).mean() > 0.05


def test_blocks_repeat_and_do_not_depend_on_what_ran_before():
    first = next(synthetic.weight_blocks(WEIGHTED[3], synthetic.constants()))
    np.random.default_rng(1).random(10)
    again = next(synthetic.weight_blocks(WEIGHTED[3], synthetic.constants()))
    assert np.array_equal(first, again)
    other = next(synthetic.raw_blocks(WEIGHTED[3], stream=1))
    assert not np.array_equal(next(synthetic.raw_blocks(WEIGHTED[3]))[:100], other[:100])


def test_words_are_those_of_philox_4x64_10():
    """The generator from its paper (Salmon et al., 2011); NumPy's counter starts at 1."""
    key = (WEIGHTED.index(WEIGHTED[2]), 0)
    words = b"".join(w.to_bytes(8, "little") for c in (1, 2) for w in philox((c, 0, 0, 0), key))
    got = next(synthetic.raw_blocks(WEIGHTED[2]))[:32]
    assert np.array_equal(got, np.frombuffer(words, dtype="<i2"))


def philox(counter, key):
    mask = (1 << 64) - 1
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * counter[0], 0xCA5A826395121157 * counter[2]
        counter = (
            (second >> 64) ^ counter[1] ^ key[0],
            second & mask,
            (first >> 64) ^ counter[3] ^ key[1],
            first & mask,
        )
        key = ((key[0] + 0x9E3779B97F4A7C15) & mask, (key[1] + 0xBB67AE8584CAA73B) & mask)
    return counter


def test_constants_are_small_and_complete():
    assert synthetic.CONSTANTS_FILE.stat().st_size < 300_000
    found = synthetic.constants()
    assert found.scales.dtype == found.biases.dtype == found.columns.dtype == np.float32
    assert found.biases.shape == (sum(row.channels_out for row in WEIGHTED),)
    assert found.classes.tolist() == [p.class_id for p in pictures.PICTURES]
    assert found.bias(WEIGHTED[-1]).shape == (1000,)


def test_file_on_disk_has_the_published_digest():
    path = ensure_synthetic().path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == synthetic.DIGEST
