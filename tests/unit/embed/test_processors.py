"""Threads by what a process may use, not by what the machine has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from scripts import check_script

from anysense.embed.processors import usable_processors

if TYPE_CHECKING:
    from pathlib import Path

ALL = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", ALL), ("100000 100000", 1), ("50000 100000", 1), ("9900000 100000", ALL)],
)
def test_the_quota_of_a_group_of_version_2(tmp_path: Path, quota: str, expected: int) -> None:
    put(tmp_path / "sys/fs/cgroup/cpu.max", quota)
    assert usable_processors(tmp_path) == expected


def test_the_quota_of_a_group_above(tmp_path: Path) -> None:
    put(tmp_path / "proc/self/cgroup", "0::/service/one\n")
    put(tmp_path / "sys/fs/cgroup/service/cpu.max", "80000 100000\n")
    put(tmp_path / "sys/fs/cgroup/service/one/cpu.max", "max 100000\n")
    assert usable_processors(tmp_path) == 1


@pytest.mark.parametrize(("quota", "expected"), [("-1", ALL), ("100000", 1)])
def test_the_quota_of_a_group_of_version_1(tmp_path: Path, quota: str, expected: int) -> None:
    put(tmp_path / "proc/self/cgroup", "4:cpu,cpuacct:/docker/a\n")
    put(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota)
    put(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")
    assert usable_processors(tmp_path) == expected


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    put(tmp_path / "sys/fs/cgroup/cpu.max", "what?")
    put(tmp_path / "proc/self/cgroup", "what?")
    assert usable_processors(tmp_path) == ALL


def test_libraries_take_so_many_threads_and_lanes() -> None:
    check_script("""
        import os
        for name in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
            os.environ.pop(name, None)
        from anysense.embed.processors import set_threads
        set_threads(1)
        assert os.environ["GOMP_SPINCOUNT"] == "1000"
        import torch
        from anysense.embed.encoders.lanes import lane_count
        assert (torch.get_num_threads(), lane_count()) == (1, 1)
        set_threads(2)
        assert torch.get_num_threads() == 2
    """)


def test_what_the_environment_says_stays() -> None:
    check_script("""
        import os
        os.environ["OMP_NUM_THREADS"] = "5"
        os.environ["OMP_WAIT_POLICY"] = "active"
        os.environ.pop("GOMP_SPINCOUNT", None)
        from anysense.embed.processors import set_threads
        set_threads()
        assert os.environ["OMP_NUM_THREADS"] == "5"
        assert "GOMP_SPINCOUNT" not in os.environ
    """)
