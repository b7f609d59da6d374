"""Adding several items together."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

from http_client import png

from anysense.embed.waiting import Waiter, waited_for_by
from anysense.index.folder.folder import CollectionFolder
from anysense.server.http.batches.adding import Outcome, add_together
from anysense.server.http.batches.candidates import Candidate, NewMedia
from anysense.server.http.batches.roots import Roots
from anysense.server.http.service.writing import Writer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from anysense.index.collection import Collection


def test_what_is_written_is_told_though_nobody_waits_any_more(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiter = Waiter()
    write = CollectionFolder.write

    def write_and_leave(folder: CollectionFolder, records: Any, **kwargs: Any) -> None:
        write(folder, records, **kwargs)
        waiter.leave()

    monkeypatch.setattr(CollectionFolder, "write", write_and_leave)
    red = NewMedia("red.png", ".png", lambda: io.BytesIO(png("red")))
    candidates = [Candidate("a text"), Candidate(red, metadata={"n": 1})]
    with waited_for_by(waiter):
        outcomes = add_together(Writer(collection), Roots(), candidates)
    assert [outcome.status for outcome in outcomes] == [201, 200]
    assert collection.snapshot().item("red").metadata == {"label": "photo", "n": 1}


def test_what_is_added_again_joins_its_item(collection: Collection, tmp_path: Path) -> None:
    file = tmp_path / "root" / "a.png"
    file.parent.mkdir()
    file.write_bytes(png("red", 9))
    roots, writer, folder = Roots([str(file.parent)]), Writer(collection), collection.folder

    def add(n: int, name: str | None = None) -> list[Outcome]:
        values = {"n": n}
        candidates = [
            Candidate(None, name, values, "a.png"),
            Candidate("a text", name and f"{name}-text", values),
        ]
        return add_together(writer, roots, candidates)

    first = add(1)
    ids = [str(outcome.id) for outcome in first]
    folder.describe({item_id: {"n": 1, "tag": "x"} for item_id in ids})
    before = [folder.snapshot().item(item_id).segments for item_id in ids]
    os.utime(file, ns=(1, 1))
    again = add(2)
    assert [(outcome.id, outcome.status) for outcome in again] == [(i, 200) for i in ids]
    items = [folder.snapshot().item(item_id) for item_id in ids]
    assert [item.metadata for item in items] == [{"n": 2, "tag": "x"}] * 2
    assert [item.segments for item in items] == before  # not encoded again
    assert folder.files()[str(file.resolve())].record.mtime_ns == 1
    file.write_bytes(png("blue", 9))
    assert [(outcome.id, outcome.status) for outcome in add(3)] == [(ids[0], 201), (ids[1], 200)]
    for _ in range(2):  # an item of a given id is replaced
        assert [outcome.status for outcome in add(4, "given")] == [201, 201]


def test_of_texts_that_come_together_the_later_ones_join_the_first(collection: Collection) -> None:
    candidates = [Candidate("a text", metadata={name: 1}) for name in ("a", "b")]
    outcomes = add_together(Writer(collection), Roots(), candidates)
    assert [outcome.status for outcome in outcomes] == [201, 200]
    assert collection.snapshot().item(str(outcomes[1].id)).metadata == {"a": 1, "b": 1}
