"""Over a real Milvus server: the tests of tests/integration/milvus, where it hurts nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from milvus_server import INSIDE, in_namespace, missing

TESTS = Path(__file__).with_name("milvus")


@pytest.mark.thorough
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_over_milvus(tmp_path: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={tmp_path / 'in'}"]
    command = [sys.executable, "-m", "pytest", *options, str(TESTS)]
    environment = {**os.environ, INSIDE: "1"}
    done = subprocess.run(
        in_namespace(command), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
