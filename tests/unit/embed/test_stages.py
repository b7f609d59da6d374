from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING

from anysense.embed.stages import observed_by, stage

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_stages_are_told_to_whoever_listens_and_to_nobody_else() -> None:
    told: list[str] = []

    @contextmanager
    def observe(name: str) -> Iterator[None]:
        told.append(f"{name} begins")
        yield
        told.append(f"{name} ends")

    def work() -> None:
        with stage("encode"):
            told.append("work")

    work()
    with observed_by(observe), ThreadPoolExecutor(1) as pool:
        pool.submit(copy_context().run, work).result()
    work()
    assert told == ["work", "encode begins", "work", "encode ends", "work"]
