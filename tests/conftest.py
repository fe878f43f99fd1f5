"""What many tests share. Weights come from the user's cache; `make test` builds them first."""

from __future__ import annotations

from pathlib import Path

import pytest

from labbench import task
from labbench.results import Profile

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    """Tests read English unless they ask for something else, whatever the machine speaks."""
    for name in ("LABBENCH_LANG", "LABBENCH_PACK", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def quick():
    """Lab 3-1, quick, with the practice pack."""
    return task.prepare("3-1", Profile.QUICK)


@pytest.fixture(scope="session")
def full():
    """Lab 3-1, full, with the practice pack."""
    return task.prepare("3-1", Profile.FULL)
