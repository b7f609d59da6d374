"""Python scripts that run in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent


def run_script(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What becomes of an indented script, which may import the modules beside this one."""
    paths = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        timeout=300,
        capture_output=True,
        text=True,
        check=False,
    )


def check_script(script: str, *arguments: str) -> str:
    """What such a script prints on its standard output; its test fails where the script does."""
    done = run_script(script, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
