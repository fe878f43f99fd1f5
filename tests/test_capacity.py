"""What a process may use: bounds of containers and of `ulimit`, and how many jobs that is."""

from __future__ import annotations

import os
import resource

import pytest

from labbench import capacity
from labbench.gradebook import executors


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/a/b\n", {"a/memory.max": "1048576\n", "a/b/memory.max": "max\n"}, 1 << 20),
        ("0::/a/b\n", {"a/memory.max": "2097152\n", "a/b/memory.max": "1048576\n"}, 1 << 20),
        ("0::/\n", {"memory.max": "1048576\n"}, 1 << 20),
        ("5:cpu:/a\n7:memory,x:/a\n", {"memory/a/memory.limit_in_bytes": "1048576"}, 1 << 20),
        ("0::/a\n", {"a/memory.max": "max\n"}, None),
        ("nonsense\n", {}, None),
        ("", {}, None),
    ],
)
def test_memory_in_a_container(tmp_path, own, files, expected):
    for name, content in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(content)
    (tmp_path / "own").write_text(own)
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert capacity.usable_memory(tmp_path / "groups", tmp_path / "own") == (expected or whole)


def test_memory_under_ulimit(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 20, resource.RLIM_INFINITY))
    assert capacity.usable_memory() == 1 << 20


def test_free_memory_is_what_others_have_left(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 2048 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\n")
    assert capacity.free_memory(tmp_path / "meminfo") == 1 << 20
    assert capacity.free_memory(tmp_path / "none") == capacity.usable_memory()


@pytest.mark.parametrize(("cpus", "gib", "jobs"), [(8, 64, 8), (8, 6, 2), (2, 64, 2), (4, 1, 1)])
def test_as_many_jobs_as_there_is_room_for(monkeypatch, cpus, gib, jobs):
    monkeypatch.setattr(executors, "usable_cpus", lambda: cpus)
    monkeypatch.setattr(executors, "free_memory", lambda: gib << 30)
    assert executors.default_jobs() == jobs
