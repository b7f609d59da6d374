"""Over a real Milvus server, where it hurts nobody: tests of its own, and those of ranking."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from milvus_server import INSIDE, in_namespace, missing

TESTS = Path(__file__).parents[1]
OF_ANY_STORE = (
    "ranking/test_explaining.py",
    "ranking/test_no_match.py",
    "ranking/test_paging.py",
    "ranking/test_segments.py",
    "ranking/test_states.py",
    "evaluation/test_evaluate.py",
    "snapshots/test_snapshot.py",
)
"""Under tests/unit/index: searches, pages, `like`, filters, changes, evaluation.

The other tests of ranking ask no store, ask it in the same ways, or draw hundreds of collections.
"""

OF_FAISS = {
    # Of lists, which Milvus has none of.
    "snapshots/test_snapshot.py::test_nprobe_of_a_clustered_partition_reaches_the_target",
    # Vectors are the catalog's as of now: what was removed is not found in an older state either.
    "snapshots/test_snapshot.py::test_snapshot_does_not_change_with_the_collection",
    # Of a collection that was never published; here they all are.
    "ranking/test_explaining.py::test_where_nothing_is_known_of_chance_what_is_typical_is_told",
}
"""Tests that hold of FAISS alone."""

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


def run_inside(folder: Path, *arguments: str | Path) -> str:
    """Run tests in a network namespace of their own; what pytest says of them."""
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={folder / 'in'}"]
    command = [sys.executable, "-m", "pytest", *options, *map(str, arguments)]
    support = os.pathsep.join(filter(None, [str(TESTS / "support"), os.getenv("PYTHONPATH")]))
    done = subprocess.run(
        in_namespace(command),
        cwd=TESTS.parent,
        env={**os.environ, INSIDE: "1", "PYTHONPATH": support},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


def test_over_milvus(tmp_path: Path) -> None:
    run_inside(tmp_path, TESTS / "integration" / "milvus")


def test_ranking_over_milvus(tmp_path: Path) -> None:
    """What is proved of ranking over FAISS holds of collections whose index is in Milvus."""
    left_out = [f"--deselect=tests/unit/index/{test}" for test in sorted(OF_FAISS)]
    tests = [TESTS / "unit" / "index" / name for name in OF_ANY_STORE]
    told = run_inside(tmp_path, "-p", "over_engine", "--engine=milvus", *left_out, *tests)
    assert f"{len(OF_FAISS)} deselected" in told
    asked = re.search(r"asked (\d+) times", told)
    assert asked is not None
    assert int(asked[1]) > 1_000  # and not the catalog in its place
