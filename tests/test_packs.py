"""Golden packs: written whole, read back the same, refused when tampered with; and a small one built end to end."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import pathlib

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labbench import catalogue, packs, resources, task
from labbench.errors import LabbenchError
from labbench.lab3_1 import LAB
from labbench.labs import Recipe
from labbench.packs import recipes, verify, writing
from labbench.packs.build import Plan, build, commitment
from labbench.packs.manifest import CaseEntry, GoldenEntry, Manifest, MistakeEntry
from labbench.report import json as report
from labbench.results import Disclosure, Profile, Verdict
from labbench.texts import Lang
from labbench.vgg.weights import Weights
from tests import rig

ARRAYS = {
    "cases/s/box/x.npy": np.arange(6, dtype=np.float32).reshape(2, 3),
    "cases/s/box/images/image.npy": np.zeros((2, 2, 3), np.uint8),
    "golden/s/box/y-one.npy": np.array([1.5, -2.0]),
    "golden/s/box/y-two.npy": np.array([1.0, 2.0]),
    "mistakes/m.npy": np.array(3.0, np.float32),
}


def manifest(**changes):
    whole = Manifest(
        format=1,
        name="small",
        lab="3-1",
        disclosure=Disclosure.FULL,
        seed_commitment="00",
        weights="11" * 32,
        weights_source="synthetic",
        image="22" * 32,
        versions={"numpy": "2"},
        cases=(
            CaseEntry(
                "s",
                "box",
                {"stride": 2, "name": "x", "none": None},
                {"x": "cases/s/box/x.npy"},
                {"image": "cases/s/box/images/image.npy"},
                {"two": {"image": "cases/s/box/images/image.npy"}},
            ),
        ),
        goldens=(GoldenEntry("s", "box", {"y": ("golden/s/box/y-one.npy", "golden/s/box/y-two.npy")}),),
        mistakes=(MistakeEntry("m", "s", "box", "y", Verdict.WRONG, "mistakes/m.npy"),),
        files={},
    )
    return msgspec.structs.replace(whole, **changes)


@pytest.fixture
def small(tmp_path):
    writing.write(tmp_path / "pack", manifest(), ARRAYS, replace=False)
    return tmp_path / "pack"


def refused(path, pattern, **more):
    with pytest.raises(LabbenchError, match=pattern) as caught:
        packs.read(path, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_pack_is_read_as_it_was_written(small):
    pack = packs.read(small, "3-1")
    (case,) = pack.cases["s"]
    assert case.params == {"stride": 2, "name": "x", "none": None}
    assert np.array_equal(case.arrays["x"], ARRAYS["cases/s/box/x.npy"])
    assert case.arrays["x"].dtype == np.float32
    assert case.images["image"].shape == case.alternatives["two"]["image"].shape == (2, 2, 3)
    first, second = pack.goldens["s", "box"]["y"]
    assert (first.tolist(), second.tolist()) == ([1.5, -2.0], [1.0, 2.0])
    assert pack.manifest == msgspec.structs.replace(manifest(), files=pack.manifest.files)
    assert pack.identity.digest == hashlib.sha256((small / "manifest.json").read_bytes()).hexdigest()
    assert (pack.identity.name, pack.identity.disclosure, pack.identity.weights) == ("small", "full", "11" * 32)


def test_goldens_cannot_be_changed_by_accident(small):
    with pytest.raises(ValueError, match="read-only"):
        packs.read(small).goldens["s", "box"]["y"][0][0] = 0


def test_the_same_content_is_the_same_bytes(small, tmp_path):
    big_endian = {name: a.astype(a.dtype.newbyteorder(">")) for name, a in ARRAYS.items()}
    writing.write(tmp_path / "again", manifest(), big_endian, replace=False)
    assert packs.read(tmp_path / "again").identity == packs.read(small).identity


@pytest.mark.parametrize("name", ARRAYS)
def test_one_byte_changed(small, name):
    content = bytearray((small / name).read_bytes())
    content[-1] ^= 1
    (small / name).write_bytes(content)
    assert str(small / name) in refused(small, "was changed")


@pytest.mark.parametrize("name", ARRAYS)
def test_a_file_missing(small, name):
    (small / name).unlink()
    assert str(small / name) in refused(small, r"incomplete: .* cannot be read \(No such file")


def test_a_file_that_is_a_folder(small):
    (small / "mistakes/m.npy").unlink()
    (small / "mistakes/m.npy").mkdir()
    refused(small, r"incomplete: .* \(Is a directory\)")


@pytest.mark.parametrize("kind", ["nowhere", "file", "empty folder"])
def test_no_pack_at_all(tmp_path, kind):
    path = tmp_path / "pack"
    if kind == "file":
        path.write_text("x")
    elif kind == "empty folder":
        path.mkdir()
    refused(path, f"no golden pack at {path}; build one with `labbench goldens build`")


def test_another_lab(small):
    refused(small, "is for lab 3-1, not for lab 3-2", lab="3-2")


def edit(folder, change):
    file = folder / "manifest.json"
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


MANIFESTS = {
    "no JSON": (b"{", "manifest.json is damaged"),
    "a list": (b"[]", "got a list, expected a mapping"),
    "not UTF-8": (b'{"\xff": 1}', "manifest.json is damaged"),
    "nested without end": (b'{"format":' + b"[" * 100_000, "manifest.json is damaged"),
    "empty": (b"", "manifest.json is damaged"),
    "no format": (b"{}", "has format None, this labbench reads format 1"),
    "a later format": (b'{"format": 2, "more": 1}', "has format 2, this labbench reads format 1"),
    "nothing but its format": (b'{"format": 1}', "the key name is missing"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_none(small, name):
    content, problem = MANIFESTS[name]
    (small / "manifest.json").write_bytes(content)
    refused(small, problem)


EDITS = {
    "unknown field": (lambda d: d.update(extra=1), "there is no key extra; there are: "),
    "a file that is not listed": (lambda d: d["files"].pop("golden/s/box/y-two.npy"), "does not list it"),
    "a path that leads outside": (lambda d: d["files"].update({"../x.npy": "0" * 64}),
        r"'../x.npy' cannot be the name of a file"),
    "an absolute path": (lambda d: d["files"].update({"/etc/passwd": "0" * 64}),
        r"'/etc/passwd' cannot be the name of a file"),
    "NUL in a path": (lambda d: d["files"].update({"a\0b": "0" * 64}), r"'a\\x00b' cannot be the name of a file"),
    "another disclosure": (lambda d: d.update(disclosure="all"), "got all, expected one of: full, verdict"),
    "a case that would be written outside": (lambda d: d["cases"][0].update(name="../../evil"),
        "expected letters, digits"),
    "an image that would be written outside": (
        lambda d: d["cases"][0].update(images={"/../evil": "cases/s/box/images/image.npy"}), "letters, digits"),
    "an observation without goldens": (lambda d: d["goldens"][0]["observations"].update(y=[]), "at least 1 entry"),
    "no name at all": (lambda d: d["files"].update({".": "0" * 64}), "'.' cannot be the name of a file"),
    "a digest that is none": (lambda d: d["files"].update({"x.npy": "0"}), "SHA-256"),
    "weights by a path": (lambda d: d.update(weights="../../etc/passwd"), "SHA-256"),
    "escape sequences": (lambda d: d.update(name="\x1b[31mexam"), "without control characters"),
    "a case twice": (lambda d: d["cases"].append(d["cases"][0]), "cases: s/box stands twice"),
    "goldens twice": (lambda d: d["goldens"].append(d["goldens"][0]), "goldens: s/box stands twice"),
    "a number for a text": (lambda d: d.update(name=3), "name: got a whole number, expected a text"),
    "a list for the files": (lambda d: d.update(files=[]), "files: got a list, expected a mapping"),
    "no goldens": (lambda d: d.pop("goldens"), "the key goldens is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_manifest(small, name):
    change, problem = EDITS[name]
    edit(small, change)
    refused(small, problem)


def put(folder, name, array):
    """Another array in a file of the pack, with its right digest."""
    content = writing.npy(array) if isinstance(array, np.ndarray) else array
    (folder / name).write_bytes(content)
    edit(folder, lambda d: d["files"].update({name: hashlib.sha256(content).hexdigest()}))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_golden_that_nobody_can_give(small, value):
    put(small, "golden/s/box/y-one.npy", np.array([1.0, value]))
    refused(small, "y-one.npy of the golden pack holds NaN or infinite values")
    put(small, "golden/s/box/y-one.npy", np.array([1.0, 2.0]))
    put(small, "cases/s/box/x.npy", np.array([value]))  # an input may be anything
    packs.read(small)


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.array([1j]), np.array(["2026-01-01"], "M8[D]"), np.zeros(1, "V8")]
)
def test_an_array_without_numbers(small, array):
    put(small, "golden/s/box/y-one.npy", array)
    refused(small, "y-one.npy of the golden pack holds .* instead of numbers")


@pytest.mark.parametrize("array", [np.zeros((2, 2, 3)), np.zeros((2, 2), np.uint8), np.zeros((0, 2, 3), np.uint8)])
def test_a_picture_that_is_none(small, array):
    put(small, "cases/s/box/images/image.npy", array)
    refused(small, "image.npy of the golden pack is no picture")


@pytest.mark.parametrize("name", ["manifest.json", "mistakes/m.npy"])
def test_files_that_would_not_end(small, name):
    (small / name).unlink()
    os.mkfifo(small / name)
    refused(small, "pipe or a device")
    (small / name).unlink()
    (small / name).symlink_to("/dev/zero")
    refused(small, "pipe or a device")
    (small / name).unlink()
    with (small / name).open("wb") as file:
        file.truncate(1 << 40)
    refused(small, "it has more than .* MiB")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_put_into_a_manifest(small, data):
    """Any JSON in the place of any part of it: the pack, or a refusal, and nothing else."""
    original = (small / "manifest.json").read_bytes()
    manifest = json.loads(original)
    node, path = manifest, data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=5))
    for step in path:
        keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        if not keys:
            break
        holder, key = node, keys[step % len(keys)]
        node = node[key]
    holder[key] = data.draw(JSON)
    try:
        (small / "manifest.json").write_text(json.dumps(manifest))
        with contextlib.suppress(LabbenchError):
            packs.read(small)
    finally:
        (small / "manifest.json").write_bytes(original)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), keep=st.integers(0, 4000))
def test_whatever_bytes_a_manifest_or_an_array_has(small, content, keep):
    kept = {name: (small / name).read_bytes() for name in ("manifest.json", "mistakes/m.npy")}
    try:
        (small / "manifest.json").write_bytes(kept["manifest.json"][:keep] + content)
        with contextlib.suppress(LabbenchError):
            packs.read(small)
        (small / "manifest.json").write_bytes(kept["manifest.json"])
        put(small, "mistakes/m.npy", kept["mistakes/m.npy"][: keep % 130] + content)
        with contextlib.suppress(LabbenchError):
            packs.read(small)
    finally:
        for name, original in kept.items():
            (small / name).write_bytes(original)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x05\x06" + bytes(18), "pickle", "huge", "broken header"])
def test_a_file_with_the_right_digest_that_is_no_array(small, content):
    if content == "pickle":
        buffer = io.BytesIO()
        np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
        content = buffer.getvalue()
    elif content == "huge":
        buffer = io.BytesIO()
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**14,)}
        np.lib.format.write_array_header_1_0(buffer, header)
        content = buffer.getvalue()
    elif content == "broken header":
        content = writing.npy(np.zeros(3)).replace(b"}", b"(")
    (small / "mistakes/m.npy").write_bytes(content)
    edit(small, lambda d: d["files"].update({"mistakes/m.npy": hashlib.sha256(content).hexdigest()}))
    refused(small, "m.npy is not what its manifest says")


def modes(folder):
    return {oct(p.stat().st_mode & 0o777) for p in (folder, *folder.rglob("*")) if p.is_dir()}, {
        oct(p.stat().st_mode & 0o777) for p in folder.rglob("*") if p.is_file()
    }


def test_who_may_read_it(tmp_path):
    for disclosure, expected in (("full", ({"0o755"}, {"0o644"})), ("verdict", ({"0o700"}, {"0o600"}))):
        path = tmp_path / disclosure
        writing.write(path, manifest(disclosure=Disclosure(disclosure)), ARRAYS, replace=False)
        assert modes(path) == expected
        assert packs.read(path).identity.disclosure == disclosure


def test_what_is_there_is_replaced_only_when_asked(small):
    with pytest.raises(LabbenchError, match=r"something at .* already"):
        writing.write(small, manifest(name="new"), ARRAYS, replace=False)
    assert packs.read(small).identity.name == "small"
    (small / "stale.npy").touch()
    writing.write(small, manifest(name="new"), ARRAYS, replace=True)
    assert packs.read(small).identity.name == "new"
    assert not (small / "stale.npy").exists()
    assert [p.name for p in small.parent.iterdir()] == ["pack"]


def test_force_replaces_packs_and_nothing_else(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    with pytest.raises(LabbenchError, match="is not a golden pack, so --force does not replace it"):
        writing.write(tmp_path / "home", manifest(), ARRAYS, replace=True)
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years"
    (tmp_path / "empty").mkdir()
    writing.write(tmp_path / "empty", manifest(), ARRAYS, replace=True)
    assert packs.read(tmp_path / "empty")


def full_disk(*_args, **_kwargs):
    raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_the_old_pack(small, monkeypatch):
    monkeypatch.setattr(writing, "_write_files", full_disk)
    with pytest.raises(LabbenchError, match="cannot be written: No space left"):
        writing.write(small, manifest(name="new"), ARRAYS, replace=True)
    assert packs.read(small).identity.name == "small"
    assert [p.name for p in small.parent.iterdir()] == ["pack"]


def test_the_old_pack_is_put_back_when_the_new_cannot_be_placed(small, monkeypatch):
    monkeypatch.setattr(writing, "_exchange", lambda one, other: False)

    rename = pathlib.Path.rename
    monkeypatch.setattr(
        pathlib.Path,
        "rename",
        lambda path, to: full_disk() if path.name == "pack" and to == small and path != small else rename(path, to),
    )
    before = packs.read(small).identity
    with pytest.raises(LabbenchError, match="cannot be written"):
        writing.write(small, manifest(name="new"), ARRAYS, replace=True)
    assert packs.read(small).identity == before


def test_at_no_moment_is_there_no_pack(small, monkeypatch):
    """What a kill -9 between two renames would leave."""
    if not writing._exchange(small, small):
        pytest.skip("this file system cannot exchange two names")
    rename = pathlib.Path.rename
    monkeypatch.setattr(
        pathlib.Path, "rename", lambda path, to: pytest.fail("moved") if path == small else rename(path, to)
    )
    writing.write(small, manifest(name="new"), ARRAYS, replace=True)
    assert packs.read(small).identity.name == "new"
    assert [p.name for p in small.parent.iterdir()] == ["pack"]


def test_a_hopeless_place_is_refused_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "build", lambda *_: pytest.fail("it was built"))
    (tmp_path / "file").touch()
    with pytest.raises(LabbenchError, match=r"cannot be written: Not a directory"):
        recipes.build_to(recipes.Order("3-1"), tmp_path / "file" / "pack")
    with pytest.raises(LabbenchError, match="already"):
        recipes.build_to(recipes.Order("3-1"), tmp_path)


def test_the_commitment_is_that_of_the_seed():
    assert commitment("seed", "3-1") == commitment("seed", "3-1")
    different = {commitment("seed", "3-1"), commitment("seed", "3-2"), commitment("seeds", "3-1")}
    assert len(different) == 3
    scrypt = hashlib.scrypt(b"seed", salt=b"labbench/3-1", n=16384, r=8, p=1, dklen=32)
    assert commitment("seed", "3-1") == scrypt.hex()


# -- what grading needs of a pack -------------------------------------------------------------------------------


def test_the_practice_pack_is_complete():
    pack = packs.read(resources.practice_pack("lab3_1"), "3-1")
    assert pack.identity.disclosure is Disclosure.FULL
    assert sum((pack.path / f).stat().st_size for f in pack.manifest.files) <= 16 << 20
    listed = {pack.path / f for f in pack.manifest.files} | {pack.path / "manifest.json"}
    assert listed == {p for p in pack.path.rglob("*") if p.is_file()}
    assert all(np.isfinite(g).all() for goldens in pack.goldens.values() for gs in goldens.values() for g in gs)


@pytest.fixture
def practice(tmp_path):
    """A copy of the practice pack's manifest beside links to its arrays, to be edited."""
    origin = resources.practice_pack("lab3_1")
    for folder in ("cases", "golden", "mistakes"):
        if (origin / folder).exists():
            (tmp_path / "pack").mkdir(exist_ok=True)
            (tmp_path / "pack" / folder).symlink_to(origin / folder)
    (tmp_path / "pack" / "manifest.json").write_bytes((origin / "manifest.json").read_bytes())
    return tmp_path / "pack"


def drop(what, **named):
    def change(data):
        data[what] = [e for e in data[what] if any(e[k] != v for k, v in named.items())]

    return change


def drop_observation(data):
    entry = next(e for e in data["goldens"] if e["scenario"] == "network")
    del entry["observations"]["conv3_1"]


INCOMPLETE = {
    "goldens of a scenario": (drop("goldens", scenario="conv"), "conv"),
    "goldens of a case": (drop("goldens", scenario="conv", case="wide"), "conv"),
    "the cases of a scenario": (drop("cases", scenario="loss"), r"loss \(loss\)"),
    "the case of a check": (drop("cases", scenario="conv", name="box"), r"conv \(conv\)"),
    "one observation": (drop_observation, r"network \(trunk\)"),
}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_a_pack_that_lacks_what_a_check_needs(practice, name):
    change, scenario = INCOMPLETE[name]
    edit(practice, change)
    packs.read(practice)  # whole in itself
    with pytest.raises(LabbenchError, match=f"has no goldens for {scenario};"):
        task.prepare("3-1", Profile.QUICK, practice)


def test_a_pack_without_full_serves_quick(practice, monkeypatch):
    edit(practice, drop("goldens", scenario="walk"))
    assert task.prepare("3-1", Profile.QUICK, practice).profile is Profile.QUICK
    with pytest.raises(LabbenchError, match="has no goldens for walk"):
        task.prepare("3-1", Profile.FULL, practice)


def test_a_pack_of_other_weights(practice):
    edit(practice, lambda d: d.update(weights="ab" * 32))
    with pytest.raises(LabbenchError, match=r"digest abababababab…\) than there are here; import them"):
        task.prepare("3-1", Profile.QUICK, practice)
    with pytest.raises(LabbenchError, match="import them"):
        recipes.verify_named("3-1", practice)


# -- building ---------------------------------------------------------------------------------------------------

CHEAP = ("conv", "pool", "fully_connected", "softmax", "backward", "relu_backward", "loss")
SPEC = catalogue.load().labs["3-1"]
SMALL_SPEC = msgspec.structs.replace(
    SPEC,
    scenarios={name: SPEC.scenarios[name] for name in CHEAP},
    checks=tuple(c for c in SPEC.checks if c.scenario in CHEAP),
)


def cheap_lab():
    small = {  # shapes that make no difference to the arithmetic and all to the time
        "conv": (1, 3, 6, 6),
        "pool": (1, 4, 6, 6),
    }

    def cases(recipe):
        rng = np.random.default_rng(5)
        made = {name: list(of) for name, of in LAB.cases(recipe).items() if name in CHEAP}
        for scenario, shape in small.items():
            box = made[scenario][0]
            arrays = {**box.arrays, "input": rng.standard_normal(shape).astype(np.float32)}
            made[scenario][0] = dataclasses.replace(box, arrays=arrays)
        return made

    mistakes = tuple(m for m in LAB.mistakes if m.file == "layers_2.py")[:2]
    scenarios = {name: LAB.scenarios[name] for name in CHEAP}
    return dataclasses.replace(LAB, scenarios=scenarios, cases=cases, mistakes=mistakes, timed=())


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    """A small exam pack, built, written and read back, as a task: (task, plan)."""
    folder = tmp_path_factory.mktemp("exam")
    (folder / "no-weights.mat").touch()
    weights = Weights(folder / "no-weights.mat", "33" * 32, "synthetic")
    lab = cheap_lab()
    recipe = Recipe("a secret", np.zeros((224, 224, 3), np.uint8))
    plan = Plan(lab, SMALL_SPEC, recipe, weights, "exam", Disclosure.VERDICT)
    manifest, arrays = build(plan)
    writing.write(folder / "pack", manifest, arrays, replace=False)
    pack = packs.read(folder / "pack", "3-1")
    return task.Task(lab, SMALL_SPEC, pack, weights.path, Profile.QUICK), plan


def double(array):
    return torch.from_numpy(np.array(array, dtype=np.float64))


def oracle(scenario, case):
    """What PyTorch gives in float64, by observation."""
    x = {name: double(a) for name, a in case.arrays.items() if name != "label"}
    p = case.params
    if scenario == "conv":
        kernel = x["weight"].permute(3, 0, 1, 2)
        return {"output": torch.conv2d(x["input"], kernel, x["bias"], p["stride"], p["padding"])}
    if scenario == "pool":
        return {"output": torch.max_pool2d(x["input"], p["kernel_size"], p["stride"])}
    if scenario == "fully_connected":
        return {"output": x["input"] @ x["weight"] + x["bias"]}
    if scenario == "softmax":
        return {"output": torch.softmax(x["logits"], 1)}
    if scenario == "loss":
        logits = x["logits"].requires_grad_()
        value = torch.nn.functional.cross_entropy(logits, torch.from_numpy(np.array(case.arrays["label"])))
        value.backward()
        return {"probabilities": torch.softmax(logits, 1).detach(), "loss": value.detach(), "bottom_diff": logits.grad}
    if scenario == "relu_backward":
        data = x["input"].requires_grad_()
        torch.relu(data).backward(x["top_diff"])
        return {"bottom_diff": data.grad}
    weight, bias = x["weight"].requires_grad_(), x["bias"].requires_grad_()
    data = x["input"].requires_grad_()
    (data @ weight + bias).backward(x["top_diff"])
    return {
        "bottom_diff": data.grad,
        "d_weight": weight.grad,
        "d_bias": bias.grad,
        "updated_weight": (weight - p["lr"] * weight.grad).detach(),
    }


def test_built_goldens_are_what_torch_gives(exam):
    graded, _ = exam
    seen = 0
    for scenario, cases in graded.pack.cases.items():
        for case in cases:
            right = oracle(scenario, case)
            assert set(right) == set(graded.pack.goldens[scenario, case.name])
            for name, (golden,) in graded.pack.goldens[scenario, case.name].items():
                assert golden.dtype == np.float64
                np.testing.assert_allclose(golden.reshape(right[name].shape), right[name].numpy(), 1e-12, 1e-13)
                seen += 1
    assert seen >= 15


def test_a_built_pack_names_what_it_was_built_from(exam):
    graded, plan = exam
    kept = graded.pack.manifest
    assert kept.seed_commitment == commitment("a secret", "3-1")
    assert "a secret" not in (graded.pack.path / "manifest.json").read_text()
    assert kept.image == hashlib.sha256(writing.npy(plan.recipe.image)).hexdigest()
    assert [m.mistake for m in kept.mistakes] == [m.name for m in plan.lab.mistakes]
    assert modes(graded.pack.path) == ({"0o700"}, {"0o600"})
    # Cases as they were made, in float32; only goldens are observed in float64.
    assert graded.pack.cases["conv"][0].arrays["input"].dtype == np.float32


def test_a_built_pack_derives_again_and_a_changed_golden_shows(exam):
    graded, plan = exam
    found = verify.verify(graded.pack, plan)
    assert len(found) == sum(len(g) for g in graded.pack.goldens.values())
    assert not found[0].off
    key = ("pool", "box")
    changed = {**graded.pack.goldens[key], "output": (graded.pack.goldens[key]["output"][0] * 1.0001,)}
    lying = dataclasses.replace(graded.pack, goldens={**graded.pack.goldens, key: changed})
    worst = verify.verify(lying, plan)[0]
    assert worst.name == "pool/box/output"
    assert worst.error == pytest.approx(1e-4, rel=1e-3)


def test_hidden_answers_stay_hidden(exam, tmp_path):
    """A wrong hand-in that raises with what it was given in its message: nothing of it in the scorecard."""
    graded, plan = exam
    folder = tmp_path / "stu_upload"
    plan.lab.mistakes[0].apply(LAB.reference, folder)
    layers = folder / "layers_1.py"
    layers.write_text(
        layers.read_text()
        + """

def _leak(self, input):
    values = input.ravel()
    print(values)
    raise ValueError(f"input starts with {values[0]:.9f} {values[1]:.9f}")
SoftmaxLossLayer.forward = _leak
"""
    )
    card = rig.graded(graded, tmp_path)
    verdicts = {c.check: c.verdict for c in card.checks}
    assert verdicts["softmax"] is Verdict.ERROR
    assert Verdict.WRONG in verdicts.values()
    assert card.pack.disclosure is Disclosure.VERDICT
    said = report.encode(card, SMALL_SPEC, Lang.EN).decode() + report.encode(card, SMALL_SPEC, Lang.ZH).decode()
    assert "input starts with" not in said
    assert "raise ValueError" not in said
    assert "ValueError" in said  # the type is told
    hidden = [a for case in graded.pack.cases["softmax"] for a in case.arrays.values()]
    for cases in graded.pack.goldens.values():
        hidden += [g for goldens in cases.values() for g in goldens]
    for array in hidden:
        for value in np.asarray(array, np.float64).ravel()[:200]:
            digits = f"{abs(value):.5g}"
            if len(digits.replace(".", "").lstrip("0")) >= 5:
                assert digits not in said, digits
    for check in card.checks:
        if error := check.figures.get("error"):
            assert np.log10(error) == pytest.approx(round(np.log10(error)))


def test_the_reference_passes_the_pack_it_built(exam):
    graded, _ = exam
    card = rig.graded(graded, LAB.reference)
    assert {c.verdict for c in card.checks} == {Verdict.PASS}


def test_a_reference_that_fails_is_our_fault(exam, tmp_path):
    from labbench.errors import ExitCode

    _, plan = exam
    broken = tmp_path / "stu_upload"
    LAB.mistakes[0].apply(LAB.reference, broken)
    (broken / "layers_2.py").write_text("raise RuntimeError('gone')")
    lab = dataclasses.replace(plan.lab, reference=broken)
    with pytest.raises(LabbenchError, match="The reference itself fails in conv/box") as caught:
        build(dataclasses.replace(plan, lab=lab))
    assert caught.value.exit_code is ExitCode.INTERNAL
