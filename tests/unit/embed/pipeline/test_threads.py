"""Threads that work as long as somebody waits for them, and no longer."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from scripts import run_script

from anysense.embed.pipeline.threads import Users, Workers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("statement", "code"), [("raise SystemExit(3)", 3), ("raise KeyboardInterrupt", -signal.SIGINT)]
)
def test_the_interpreter_ends_though_a_run_was_left_open(statement: str, code: int) -> None:
    """The traceback keeps the iterator alive: nothing closes it before the threads are joined."""
    script = f"""
        import numpy as np
        from tiny import TinyEncoder
        from anysense.embed.pipeline.stream import MediaSource, encode_sources
        from anysense.embed.types import Waveform
        hour = Waveform(np.ones(8000 * 3600, np.float32) / 2, 8000)
        results = encode_sources(
            [TinyEncoder()],
            (MediaSource(n, hour) for n in range(20)),
            batch_size=1,
            look_ahead_bytes=1,
        )
        keep = []
        for result in results:
            keep.append(results)
            {statement}
    """
    done = run_script(script)
    assert done.returncode == code, done.stderr


def test_a_build_goes_on_when_the_main_thread_has_ended(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text(f"red {number} " * 2000)
    script = f"""
        import threading
        from pathlib import Path
        import tiny; tiny.register()
        from anysense import Collection, build
        folder = Path({str(tmp_path)!r})
        collection = Collection.create(folder / "c", ["tiny"])
        main = threading.main_thread()

        def work():
            main.join()
            print(build(collection, [folder]).added)

        threading.Thread(target=work).start()
    """
    done = run_script(script)
    assert (done.stdout, done.stderr) == ("30\n", "")


def test_work_gives_its_result_or_its_error() -> None:
    workers = Workers(2, "test")
    try:
        results = [workers.submit(divmod, 7, divisor) for divisor in (2, 0, 3)]
        assert results[0].result(60) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            results[1].result(60)
        assert results[2].result(60) == (2, 1)
        assert len(workers.threads) <= 2
    finally:
        workers.stop()


def test_stopped_workers_drop_what_waits() -> None:
    workers = Workers(1, "test")
    begun, go_on = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        assert go_on.wait(60)
        return "done"

    first, second = workers.submit(work), workers.submit(work)
    assert begun.wait(60)
    stopper = threading.Thread(target=workers.stop)
    stopper.start()
    while not workers.is_stopped:
        time.sleep(0.001)
    go_on.set()
    stopper.join(60)
    assert first.result(60) == "done"
    assert not second.done()


def test_the_main_thread_may_take_what_an_ended_thread_began() -> None:
    users: list[Users] = []
    thread = threading.Thread(target=lambda: users.append(Users()))
    thread.start()
    thread.join()
    assert users[0].are_there()
