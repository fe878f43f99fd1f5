"""The cache: built once, noticed when damaged, atomic; and the import of both layouts of the real file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from labbench.errors import ExitCode, LabbenchError
from labbench.vgg import matfile, store, synthetic, weights
from labbench.vgg.table import LAYERS
from labbench.vgg.weights import ensure_synthetic


@pytest.fixture(scope="module")
def built():
    """The synthetic weights in the cache that all tests share."""
    return ensure_synthetic()


@pytest.fixture
def cache(monkeypatch):
    """An empty cache, deleted at once: a file takes 0.6 GB."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("LABBENCH_CACHE", folder)
        yield Path(folder)


@pytest.fixture
def tiny(monkeypatch):
    """Stand in for the network: a file of a few bytes, so that the cache alone is tested."""
    monkeypatch.setattr(synthetic, "DIGEST", store.hashlib.sha256(b"tiny net").hexdigest())
    builds = []

    def build(progress):
        builds.append(1)
        store.write("synthetic", [b"tiny ", b"net"], 8, progress, "weights_progress_build")

    monkeypatch.setattr(weights, "_build_synthetic", build)
    return builds


def test_shared_weights(built):
    assert built.source == "synthetic"
    assert built.digest == synthetic.DIGEST
    assert weights.by_digest(built.digest) == built
    assert weights.by_digest("f" * 64) is None


def test_built_once(cache, tiny):
    first = ensure_synthetic()
    assert ensure_synthetic() == first
    assert tiny == [1]
    assert first.path.read_bytes() == b"tiny net"
    assert sorted(p.suffix for p in store.folder().iterdir()) == [
        "",
        ".json",
        ".mat",
    ]  # the lock has no suffix
    assert first.path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("content", [b"tiny", b"tiny nut", b"tiny net and more", b""])
def test_damage_is_noticed_and_mended(cache, tiny, content):
    path = ensure_synthetic().path
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    assert ensure_synthetic().path.read_bytes() == b"tiny net"
    assert tiny == [1, 1]


def test_touched_file_is_hashed_not_rebuilt(cache, tiny):
    path = ensure_synthetic().path
    os.utime(path, ns=(1, 1))
    ensure_synthetic()
    path.with_suffix(".json").write_text("{broken")
    ensure_synthetic()
    path.with_suffix(".json").unlink()
    ensure_synthetic()
    assert tiny == [1]


def test_leftovers_of_a_killed_process_go(cache, tiny):
    store.folder().mkdir(parents=True)
    leftover = store.folder() / "abc.part"
    leftover.write_bytes(b"x" * 100)
    ensure_synthetic()
    assert not leftover.exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_unwritable_cache_is_one_sentence(cache, tiny, monkeypatch, code):
    def fail(descriptor, piece):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(store, "_write_all", fail)
    with pytest.raises(LabbenchError) as caught:
        ensure_synthetic()
    assert caught.value.exit_code == ExitCode.USAGE
    for part in ("LABBENCH_CACHE", str(cache), os.strerror(code)):
        assert part in str(caught.value)
    assert not list(store.folder().glob("*.part"))
    assert not list(store.folder().glob("*.mat"))


def test_cache_that_is_a_file(cache, tiny, monkeypatch):
    (cache / "file").write_text("")
    monkeypatch.setenv("LABBENCH_CACHE", str(cache / "file"))
    with pytest.raises(LabbenchError, match="LABBENCH_CACHE"):
        ensure_synthetic()


def test_interruption_leaves_nothing(cache, tiny, monkeypatch):
    def interrupt(descriptor, piece):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_write_all", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ensure_synthetic()
    assert not list(store.folder().glob("*.part"))


def test_another_digest_is_our_fault(cache, monkeypatch):
    monkeypatch.setattr(weights.matwrite, "stream", lambda parts: [b"other numbers"])
    with pytest.raises(LabbenchError) as caught:
        ensure_synthetic()
    assert caught.value.text.key == "weights_digest"
    assert caught.value.exit_code == ExitCode.INTERNAL
    assert not list(store.folder().glob("*.mat"))


def test_progress_rises_to_one(cache):
    told = []
    store.folder().mkdir(parents=True)
    size = 3 * (1 << 24)
    store.write("x", [bytes(size)], size, lambda key, done: told.append((key, done)), "weights_progress_build")
    assert [key for key, _ in told] == ["weights_progress_build"] * 3
    assert [done for _, done in told] == pytest.approx([1 / 3, 2 / 3, 1])


def test_streamed_bytes_have_the_digest_without_a_file():
    """Generated anew, into a hash."""
    found = synthetic.constants()
    net = {
        row.name: (
            weights.Tensor(row.mat_shape, lambda row=row: synthetic.weight_blocks(row, found)),
            found.bias(row),
        )
        for row in weights.WEIGHTED
    }
    digest = store.hashlib.sha256()
    for chunk in weights.matwrite.stream(weights.matwrite.pieces(net, synthetic.MEAN)):
        digest.update(chunk)
    assert digest.hexdigest() == synthetic.DIGEST


def test_synthetic_file_is_used_in_place(built, cache):
    """Also from elsewhere, and without touching the cache."""
    assert weights.resolve(built.path) == built
    assert not list(cache.iterdir())


def test_nothing_imported(cache, tiny):
    assert weights.imported() is None
    assert weights.preferred().source == "synthetic"


def fake_import(content=b"imported"):
    with store.locked():
        return store.write("imported", [content], len(content), None, "weights_progress_import")


def test_imported_is_preferred_and_the_latest_counts(cache, tiny):
    first, digest = fake_import()
    assert weights.preferred() == weights.resolve(None) == weights.Weights(first, digest, "imported")
    second, _ = fake_import(b"later")
    os.utime(first, ns=(1, 1))
    assert weights.imported().path == second
    assert weights.by_digest(digest).path == first


def test_changed_import_is_refused(cache):
    path, digest = fake_import()
    path.write_bytes(b"something else")
    for ask in (weights.imported, lambda: weights.by_digest(digest)):
        with pytest.raises(LabbenchError, match="changed or damaged"):
            ask()


def newer_layout(net, path, **options):
    """The net as later MatConvNet files have it: `meta`, and the weights as a layer's third field."""
    entries = np.empty((1, 43), dtype=object)
    for row in LAYERS:
        if row.mat_index is None:
            continue
        entry = {"name": row.name, "type": row.kind}
        if row.has_weights:
            weight, bias = net.tensors[row.name]
            entry["weights"] = np.empty((1, 2), dtype=object)
            entry["weights"][0, 0], entry["weights"][0, 1] = weight, bias.reshape(-1, 1)
        entries[0, row.mat_index] = entry
    average = np.broadcast_to(net.mean.astype(np.float32), (224, 224, 3))
    meta = {
        "inputs": {"name": "data"},
        "normalization": {"imageSize": [224, 224, 3, 10], "averageImage": average},
    }
    scipy.io.savemat(path, {"layers": entries, "meta": meta}, **options)


def older_layout(source, path):
    variables = scipy.io.loadmat(source)
    content = {name: variables[name] for name in ("layers", "normalization")}
    scipy.io.savemat(path, content, do_compression=True)


def check_import(net, source):
    told = []
    found = weights.resolve(source, lambda key, done: told.append(done))
    assert found.source == "imported"
    assert found.path.parent == store.folder()
    assert told
    assert told[-1] > 0.98
    again = matfile.open_weights(found.path)
    assert again.in_place
    np.testing.assert_allclose(again.mean, net.mean, rtol=1e-6)
    for name, (weight, bias) in net.tensors.items():
        assert np.array_equal(again.tensors[name][0].T, weight.T)
        assert np.array_equal(again.tensors[name][1], bias)
    assert weights.preferred() == found
    assert found.digest == synthetic.DIGEST  # it comes out as the very file it was made of


@pytest.mark.slow
def test_import_of_the_newer_layout(built, cache):
    net = matfile.open_weights(built.path)
    newer_layout(net, cache / "new.mat")
    assert not matfile.open_weights(cache / "new.mat").in_place
    check_import(net, cache / "new.mat")


@pytest.mark.slow
def test_import_of_the_older_layout_compressed(built, cache):
    """As the real file is."""
    net = matfile.open_weights(built.path)
    older_layout(built.path, cache / "old.mat")
    check_import(net, cache / "old.mat")


@pytest.mark.slow
def test_two_processes_build_once(cache):
    code = "from labbench.vgg import weights; t = []; weights.ensure_synthetic(lambda k, f: t.append(f)); print(len(t))"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    reports = sorted(int(process.communicate()[0]) for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert reports[0] == 0
    assert reports[1] > 0
    path = store.file_for("synthetic", synthetic.DIGEST)
    assert store.digest_of(path) == synthetic.DIGEST
    with path.open("r+b") as stream:  # one byte in the middle
        stream.seek(300_000_000)
        stream.write(b"?")
    assert ensure_synthetic().digest == synthetic.DIGEST
    assert store.digest_of(path) == synthetic.DIGEST


def test_not_finite(built, monkeypatch):
    net = matfile.open_weights(built.path)
    weight, bias = net.tensors["conv2_1"]
    damaged = np.array(weight)
    damaged[1, 1, 3, 5] = np.nan
    small = matfile.MatNet({"conv2_1": (damaged, bias)}, net.mean, False)
    monkeypatch.setattr(matfile, "open_weights", lambda path: small)
    with pytest.raises(LabbenchError, match="NaN or infinite") as caught:
        weights.import_file(built.path)
    assert "conv2_1" in str(caught.value)
