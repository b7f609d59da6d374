"""Warnings that are told once, however often what they are about is read."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["warning_once"]

_log = logging.getLogger("anysense")


@contextmanager
def warning_once() -> Iterator[None]:
    """Let each warning of anysense be told once inside of the block, by whatever thread.

    A build reads what is said of an item when it looks for copies of it, and again when it makes
    it: what is wrong there would be told each time. Of each warning eight bytes are kept.
    """
    once = _Once()
    _log.addFilter(once)
    try:
        yield
    finally:
        _log.removeFilter(once)


class _Once(logging.Filter):
    """Lets a record pass that is not what passed before."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: set[int] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        mark = hash(record.getMessage())
        if mark in self._passed:
            return False
        self._passed.add(mark)
        return True
