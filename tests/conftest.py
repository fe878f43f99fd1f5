"""What many tests share. Weights come from the user's cache; `make test` builds them first."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from labbench import task
from labbench.results import Profile

STARTED = pytest.StashKey[float]()
ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    group = parser.getgroup("labbench")
    group.addoption("--minutes", type=float, help="start no test after so many minutes; those left are skipped")
    group.addoption("--order", help="a word that the order of the tests is drawn from, so that others come first")


def pytest_configure():
    # Under nohup, what tests start would ignore it too; of what is handled, they get the default back.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


def pytest_collection_modifyitems(config, items):
    if config.option.order:
        items.sort(key=lambda item: item.nodeid)
        random.Random(config.option.order).shuffle(items)


def pytest_sessionstart(session):
    session.config.stash[STARTED] = time.monotonic()


def pytest_runtest_setup(item):
    minutes = item.config.option.minutes
    if minutes and time.monotonic() - item.config.stash[STARTED] > 60 * minutes:
        pytest.skip(f"{minutes:g} minutes are over; `make test-slow` runs it")


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
