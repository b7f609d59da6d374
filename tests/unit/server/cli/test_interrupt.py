from __future__ import annotations

import signal
import subprocess
import sys

import pytest

STOPPED = """
import os, signal, sys, time
from anysense.server.cli.interrupt import stopping_in_order
with stopping_in_order():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        print("in order", flush=True)
    if sys.argv[1:]:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
"""


@pytest.mark.parametrize(("again", "status"), [([], 0), (["again"], -signal.SIGINT)])
def test_a_second_interrupt_ends_the_process_at_once(again: list[str], status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, *again],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == status
    assert done.stdout == "in order\n"
    assert done.stderr.startswith("Stopping: ")
    assert done.stderr.count("\n") == 1
