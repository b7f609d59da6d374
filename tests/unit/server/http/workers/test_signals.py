from __future__ import annotations

import os
import select
import signal
import sys

import pytest

from anysense.server.http.workers.signals import SignalBox, held_back

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def test_signals_can_be_waited_for_beside_other_things() -> None:
    box = SignalBox((signal.SIGUSR1, signal.SIGUSR2))
    former = signal.getsignal(signal.SIGUSR1)
    with box.open():
        assert box.take() == []
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)
        assert select.select([box], [], [], 10)[0] == [box]
        assert sorted(box.take()) == [signal.SIGUSR1, signal.SIGUSR2]
    assert signal.getsignal(signal.SIGUSR1) is former


def test_signals_that_are_held_back_come_later() -> None:
    box = SignalBox((signal.SIGUSR1,))
    with box.open():
        with held_back((signal.SIGUSR1,)):
            signal.raise_signal(signal.SIGUSR1)  # to this thread: others do not hold it back
            assert box.take() == []
        assert box.take() == [signal.SIGUSR1]
