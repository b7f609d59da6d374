"""What a job notes of itself, on a disk that may refuse it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import StorageError
from anysense.server.http.batches.adding import Outcome
from anysense.server.http.batches.job import RESULTS, Job, read_job

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job of three items that another process has begun before."""
    folder = tmp_path / "job-0"
    folder.mkdir()
    (folder / "items.jsonl").write_text("{}\n" * 3)
    made = Job(folder, 3, 9, starts=1)
    made.begin()
    made.save()
    return made


def test_results_are_noted_once_though_nothing_else_can_be(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They had room at the end of a file, and a new file has none."""

    def refuse(*_: object) -> None:
        raise StorageError("No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(Job, "save", refuse)
        job.note([Outcome("a", 201)])
    assert job.done == 1
    assert read_job(job.folder).starts == 2
    job.note([Outcome("b", 201)])
    assert (job.done, read_job(job.folder).starts) == (2, 1)
    ids = [json.loads(line)["id"] for line in (job.folder / RESULTS).read_text().splitlines()]
    assert ids == ["a", "b"]


def test_results_that_cannot_be_taken_back_either_are_refused_by_the_disk(job: Job) -> None:
    """As where the disk is read-only by now: it is waited for."""
    (job.folder / RESULTS).mkdir()
    with pytest.raises(StorageError):
        job.note([Outcome("a", 201)])
    assert job.done == 0
