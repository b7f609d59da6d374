"""Threads that run a model on one processor each, for many inputs at once.

Processors that share each operator of a model spend much of their time on waiting for each other,
the more so the smaller its input. With an input for each of them they need not, and a vector does
not depend on how many there are.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

__all__ = ["lanes"]

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def lanes() -> ThreadPoolExecutor:
    """As many threads as torch would use for one operator, each of which does all by itself."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = _started(torch.get_num_threads())
        return _pool


def _started(count: int) -> ThreadPoolExecutor:
    pool = ThreadPoolExecutor(count, "anysense-lane")
    ready = threading.Barrier(count + 1)  # so that each thread takes one of the tasks

    def settle() -> None:
        torch.get_num_threads()  # a thread's first use of torch sets its number to the process's
        torch.set_num_threads(1)
        ready.wait()

    for _ in range(count):
        pool.submit(settle)
    ready.wait()
    # It holds for the thread that sets it, but also for those that begin later: back for them.
    restorer = threading.Thread(target=torch.set_num_threads, args=(count,))
    restorer.start()
    restorer.join()
    return pool


def _forget() -> None:
    global _lock, _pool
    _lock, _pool = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # where the threads are not
