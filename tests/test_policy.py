"""Weak isolation is refused when the user or hidden answers require more."""

import pytest

from labbench import policy
from labbench.errors import ExitCode, LabbenchError
from labbench.results import Disclosure, Isolation, Level, PackId


def pack(disclosure):
    return PackId("exam", "0", disclosure, "0")


@pytest.fixture
def machine(monkeypatch):
    """Pretend to find an isolation level."""

    def pretend(level):
        monkeypatch.setattr(policy, "probe", lambda: Isolation(level, (), ("landlock: not in this kernel",)))

    return pretend


@pytest.mark.parametrize(
    ("disclosure", "required", "allow_weak", "refusal"),
    [
        (Disclosure.FULL, None, False, None),
        (Disclosure.FULL, Level.LIMITED, False, None),
        (Disclosure.FULL, Level.STRONG, False, "policy.too_weak"),
        (Disclosure.FULL, Level.STRONG, True, "policy.too_weak"),
        (Disclosure.VERDICT, None, False, "policy.hidden"),
        (Disclosure.VERDICT, Level.LIMITED, False, "policy.hidden"),
        (Disclosure.VERDICT, None, True, None),
        (Disclosure.VERDICT, Level.STRONG, True, "policy.too_weak"),
    ],
)
def test_on_a_limited_machine(machine, disclosure, required, allow_weak, refusal):
    machine(Level.LIMITED)
    if refusal is None:
        policy.require(pack(disclosure), required, allow_weak=allow_weak)
        return
    with pytest.raises(LabbenchError) as caught:
        policy.require(pack(disclosure), required, allow_weak=allow_weak)
    assert caught.value.text.key == refusal
    assert caught.value.exit_code is ExitCode.WEAK
    assert "landlock: not in this kernel" in str(caught.value)


@pytest.mark.parametrize("disclosure", list(Disclosure))
@pytest.mark.parametrize("required", [None, *Level])
def test_a_strong_machine_is_always_enough(machine, disclosure, required):
    machine(Level.STRONG)
    policy.require(pack(disclosure), required, allow_weak=False)
