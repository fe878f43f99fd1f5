"""The .mat file: what students' expressions get from it, and how broken ones are refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.io

from labbench.errors import LabbenchError
from labbench.texts import Lang, render
from labbench.vgg import matfile, matformat, synthetic
from labbench.vgg.table import LAYERS, WEIGHTED
from labbench.vgg.weights import ensure_synthetic


@pytest.fixture(scope="module")
def path():
    return ensure_synthetic().path


@pytest.fixture(scope="module")
def params(path):
    return scipy.io.loadmat(path)


@pytest.fixture(scope="module")
def net(path):
    return matfile.open_weights(path)


def test_size_is_that_of_the_real_net(path):
    assert 575e6 < path.stat().st_size < 577e6


@pytest.mark.parametrize("row", WEIGHTED, ids=lambda row: row.name)
def test_weights_as_students_read_them(params, row):
    w, b = params["layers"][0][row.mat_index][0][0][0][0]
    assert w.shape == row.mat_shape
    assert b.shape == (1, row.channels_out)
    assert w.dtype == b.dtype == np.float32
    assert params["layers"][0][row.mat_index][0][0][0][0][0] is w
    assert params["layers"][0][row.mat_index][0][0][0][0][1] is b


def test_transposing_and_reshaping_as_students_do(params):
    w, b = params["layers"][0][0][0][0][0][0]
    assert np.transpose(w, [2, 0, 1, 3]).shape == (3, 3, 3, 64)
    assert b.reshape(-1).shape == (64,)
    w, _ = params["layers"][0][41][0][0][0][0]
    height, width, cin, cout = w.shape
    assert w.reshape([height * width * cin, cout]).shape == (4096, 1000)


@pytest.mark.parametrize("row", [r for r in LAYERS if not r.has_weights and r.mat_index], ids=lambda row: row.name)
def test_layers_without_weights_do_not_unpack(params, row):
    with pytest.raises(ValueError, match="unpack"):
        _w, _b = params["layers"][0][row.mat_index][0][0][0][0]


def test_mean_as_students_read_it(params):
    average = params["normalization"][0][0][0]
    assert average.shape == (224, 224, 3)
    assert average.dtype == np.float64
    np.testing.assert_allclose(np.mean(average, axis=(0, 1)), [123.68, 116.779, 103.939], rtol=1e-12)


def test_43_entries(params):
    assert params["layers"].shape == (1, 43)


def test_fields_by_name(params):
    record = params["layers"][0][36]
    assert record["type"][0][0][0] == "pool"
    assert record["name"][0][0][0] == "pool5"
    assert params["layers"][0][37]["name"][0][0][0] == "fc6"
    assert params["layers"][0][42]["name"][0][0][0] == "prob"


def test_mapping_agrees_with_loadmat(params, net):
    for row in WEIGHTED:
        w, b = params["layers"][0][row.mat_index][0][0][0][0]
        mapped_w, mapped_b = net.conv(row.name)
        assert np.array_equal(mapped_w.T, w.T)  # along memory
        assert np.array_equal(mapped_b, b[0])
        assert not mapped_w.flags.writeable
        assert not mapped_w.flags.owndata
    np.testing.assert_allclose(net.mean, synthetic.MEAN, rtol=1e-12)
    assert net.in_place


@pytest.mark.parametrize("name", ["fc6", "fc8"])
def test_fc_is_the_students_reshape(params, net, name):
    index = next(row.mat_index for row in LAYERS if row.name == name)
    w, b = params["layers"][0][index][0][0][0][0]
    matrix, bias = net.fc(name)
    some = slice(None, None, 99)  # the whole reshape takes seconds
    np.testing.assert_array_equal(matrix[:, some], w[..., some].reshape(-1, w[..., some].shape[3]))
    np.testing.assert_array_equal(bias, b[0])


def cells(*items):
    out = np.empty((1, len(items)), dtype=object)
    for i, item in enumerate(items):
        out[0, i] = item
    return out


def small(path, count=43, weight=(3, 3, 3, 8), **variables):
    entry = {"weights": cells(np.zeros(weight, np.float32), np.zeros((1, weight[-1]), np.float32))}
    scipy.io.savemat(path, {"layers": cells(*[entry] * count), **variables})
    return path


def refused(path):
    with pytest.raises(LabbenchError) as caught:
        matfile.open_weights(path)
    assert str(path) in str(caught.value)
    return caught.value.text


def test_missing(tmp_path):
    assert refused(tmp_path / "none.mat").key == "mat_missing"


def test_folder(tmp_path):
    assert refused(tmp_path).key == "mat_unreadable"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", bytes(4096)], ids=["empty", "zip", "zeros"])
def test_no_mat_file(tmp_path, content):
    file = tmp_path / "x.mat"
    file.write_bytes(content)
    assert refused(file).key == "mat_not_v5"


@pytest.mark.parametrize("start", [b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n"])
def test_hdf5(tmp_path, start):
    file = tmp_path / "x.mat"
    file.write_bytes(start.ljust(4096, b"\0"))
    assert refused(file).key == "mat_hdf5"


@pytest.mark.parametrize("length", [129, 200, 1 << 20])
def test_truncated(tmp_path, path, length):
    file = tmp_path / "cut.mat"
    with path.open("rb") as stream:
        file.write_bytes(stream.read(length))
    assert refused(file).key == "mat_truncated"


def test_truncated_inside_a_compressed_variable(tmp_path):
    file = tmp_path / "cut.mat"
    scipy.io.savemat(file, {"layers": np.random.default_rng(0).random((50, 50))}, do_compression=True)
    whole = bytearray(file.read_bytes())
    stored = int.from_bytes(whole[132:136], "little")
    whole[132:136] = (stored - 100).to_bytes(4, "little")
    file.write_bytes(bytes(whole[:-100]))
    assert refused(file).key == "mat_truncated"


def test_no_layers(tmp_path):
    file = tmp_path / "x.mat"
    scipy.io.savemat(file, {"weights": np.zeros(3)})
    text = refused(file)
    assert text.key == "mat_no_layers"
    assert text.values["got"] == "weights"


def test_another_net(tmp_path):
    text = refused(small(tmp_path / "x.mat", count=37))
    assert text.key == "mat_other_net"
    assert (text.values["got"], text.values["expected"]) == (37, 43)


@pytest.mark.parametrize("compressed", [False, True])
def test_wrong_shape_names_layer_got_and_expected(tmp_path, compressed):
    file = small(tmp_path / "x.mat")
    if compressed:
        scipy.io.savemat(file, {"layers": scipy.io.loadmat(file)["layers"]}, do_compression=True)
    text = refused(file)
    assert text.key == "mat_entry_shape"
    assert text.values["layer"] == "conv1_1 (weight)"
    assert text.values["got"] == "(3, 3, 3, 8)"
    assert text.values["expected"] == "(3, 3, 3, 64)"


def test_entry_without_weights(tmp_path):
    file = tmp_path / "x.mat"
    scipy.io.savemat(file, {"layers": cells(*[{"type": "relu"}] * 43)})
    assert refused(file).key == "mat_no_weights"


def test_no_mean(monkeypatch, path):
    """The synthetic file up to the end of `layers`."""
    whole = np.memmap(path, dtype=np.uint8, mode="r")
    length = 136 + int.from_bytes(bytes(whole[132:136]), "little")
    monkeypatch.setattr(matfile, "_map", lambda _: whole[:length].view(np.ndarray))
    assert refused(path).key == "mat_no_mean"


def test_every_damage_is_a_format_error(tmp_path):
    """Flipped bytes never raise anything but FormatError, nor crash."""
    file = small(tmp_path / "x.mat", normalization={"averageImage": np.ones((2, 2, 3))})
    whole = np.frombuffer(file.read_bytes()[:4000], dtype=np.uint8)
    rng = np.random.default_rng(7)
    broken, said = 0, set()
    for _ in range(3000):
        damaged = whole.copy()
        damaged[rng.integers(128, 1200, size=2)] = rng.integers(0, 256, size=2)
        try:
            matformat.read(damaged)
        except matformat.FormatError as error:
            broken += 1
            said.add(render(error.why, Lang.ZH))
    assert broken > 0
    assert all(re.search(r"[一-鿿]", sentence) for sentence in said)


def test_reads_what_scipy_writes(tmp_path):
    """Numbers of each type, text, nested structs, struct arrays, empty arrays, compressed and not."""
    content = {
        "numbers": np.arange(6, dtype=np.int16).reshape(2, 3),
        "cube": np.arange(24.0).reshape(2, 3, 4),
        "word": "höhe",
        "nested": {"inner": {"x": np.float64(2.5)}},
        "empty": np.empty((0, 0)),
        "many": np.array([(1, 2), (3, 4)], dtype=[("a", object), ("b", object)]),
    }
    for compressed in (False, True):
        file = tmp_path / "x.mat"
        scipy.io.savemat(file, content, do_compression=compressed)
        found = matformat.read(np.fromfile(file, dtype=np.uint8))
        assert found.compressed == compressed
        np.testing.assert_array_equal(found.values["numbers"], content["numbers"])
        assert found.values["numbers"].dtype == np.int16
        np.testing.assert_array_equal(found.values["cube"], content["cube"])
        assert found.values["word"] == "höhe"
        assert found.values["nested"]["inner"]["x"] == 2.5
        assert found.values["empty"].size == 0
        assert [record["b"].item() for record in found.values["many"]] == [2, 4]


def test_compressed_variables_have_a_limit_together(monkeypatch, tmp_path):
    file = tmp_path / "x.mat"
    scipy.io.savemat(file, {"a": np.zeros(300_000), "b": np.zeros(300_000)}, do_compression=True)
    data = np.fromfile(file, np.uint8)
    assert matformat.read(data).compressed
    monkeypatch.setattr(matformat, "_MAX_INFLATED", 4 << 20)
    with pytest.raises(matformat.FormatError, match="compressed variables of more than 4 MiB"):
        matformat.read(data)
    monkeypatch.setattr(matformat, "_MAX_INFLATED", 2_400_000)  # what the first takes, a little less
    with pytest.raises(matformat.FormatError, match="compressed variables of more than 2 MiB"):
        matformat.read(data)
