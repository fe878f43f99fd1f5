"""Lab 3-2's stubs, one for each library: the references' interface, found alone, and nothing filled in."""

import ast

import pytest

from labbench import resources
from labbench.lab3_2 import LAB
from labbench.results import Profile, Verdict
from labbench.task import prepare
from tests.rig import graded

TEMPLATE = resources.template("lab3_2")
STUBS = {"pycnml": TEMPLATE / "stu_upload", "pycnnl": TEMPLATE / "pycnnl" / "stu_upload"}


@pytest.fixture(scope="module")
def quick():
    return prepare("3-2", Profile.QUICK)


def methods(folder):
    """Method of VGG19 → its arguments, defaults included."""
    tree = ast.parse((folder / "vgg19_demo.py").read_text(encoding="utf-8"))
    vgg = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "VGG19")
    return {f.name: ast.unparse(f.args) for f in vgg.body if isinstance(f, ast.FunctionDef)}


@pytest.mark.parametrize("library", LAB.variants)
def test_stub_has_the_references_interface(library):
    reference = methods(LAB.variants[library].reference)
    reference.pop("read_quant_params", None)  # a helper of the reference's own
    assert methods(STUBS[library]) == reference


@pytest.mark.parametrize(
    ("folder", "library"), [(TEMPLATE, "pycnml"), (TEMPLATE / "pycnnl", "pycnnl")], ids=["top", "pycnnl"]
)
def test_each_folder_is_the_hand_in_of_its_library_and_scores_0_at_a_blank(quick, folder, library):
    card = graded(quick, folder)
    assert (card.variant, card.score, card.ceiling) == (library, 0, 0)
    # The two layers that the stub of pycnnl gives as an example are there before the first blank.
    given = {"net_pycnnl.layer_conv1_1", "net_pycnnl.layer_relu1_1"} if library == "pycnnl" else set()
    assert {c.check for c in card.checks if c.verdict is Verdict.PASS} == given
    assert {c.verdict for c in card.checks} - {Verdict.PASS} == {Verdict.NOT_IMPLEMENTED, Verdict.SKIPPED}
