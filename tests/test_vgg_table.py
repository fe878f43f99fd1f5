"""The VGG19 table: names, positions, shapes."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from labbench.vgg import table
from labbench.vgg.classes import class_name, class_names

ROWS = {row.name: row for row in table.LAYERS}


def test_the_44_names_in_the_courses_order():
    expected = []
    for block, count in enumerate((2, 2, 4, 4, 4), start=1):
        for i in range(1, count + 1):
            expected += [f"conv{block}_{i}", f"relu{block}_{i}"]
        expected.append(f"pool{block}")
    expected += ["flatten", "fc6", "relu6", "fc7", "relu7", "fc8", "softmax"]
    assert list(table.NAMES) == expected
    assert len(table.LAYERS) == 44
    assert len(table.TRUNK) == 37
    assert table.TRUNK[-1] == "pool5"
    assert list(table.HEAD) == expected[37:]


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("conv1_1", 0),
        ("relu1_1", 1),
        ("pool5", 36),
        ("flatten", None),
        ("fc6", 37),
        ("fc8", 41),
        ("softmax", 42),
    ],
)
def test_positions_in_the_matconvnet_file(name, index):
    assert ROWS[name].mat_index == index


def test_shapes_chain_and_add_up_to_vgg19():
    for before, after in zip(table.LAYERS, table.LAYERS[1:], strict=False):
        assert before.channels_out == after.channels_in
    parameters = sum(math.prod(row.mat_shape) + row.channels_out for row in table.WEIGHTED)
    assert parameters == 143_667_240
    assert ROWS["fc6"].mat_shape == (7, 7, 512, 4096)
    assert ROWS["fc8"].mat_shape == (1, 1, 4096, 1000)


def test_groups():
    assert list(dict.fromkeys(row.group for row in table.LAYERS)) == ["conv1", "conv2", "conv3", "conv4", "conv5", "fc"]
    assert ROWS["pool3"].group == "conv3"
    assert ROWS["softmax"].group == "fc"


def test_a_layer_without_weight_has_no_shape_in_the_file():
    with pytest.raises(ValueError, match="relu1_1"):
        _ = ROWS["relu1_1"].mat_shape


def test_importing_the_table_takes_no_numpy():
    code = "import sys, labbench.vgg.table; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_class_names():
    names = class_names()
    assert (class_name(281), class_name(1000)) == ("tabby, tabby cat", "")
    assert len(names) == 1000
    assert names[0] == "tench, Tinca tinca"
    assert names[281] == "tabby, tabby cat"
    assert names[657] == "missile"
    assert names[967] == "espresso"
    assert names[999] == "toilet tissue, toilet paper, bathroom tissue"
