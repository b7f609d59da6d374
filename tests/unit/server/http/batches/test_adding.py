"""Adding several items together."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from http_client import png

from anysense.embed.waiting import Waiter, waited_for_by
from anysense.index.folder.folder import CollectionFolder
from anysense.server.http.batches.adding import add_together
from anysense.server.http.batches.candidates import Candidate, NewMedia
from anysense.server.http.batches.roots import Roots
from anysense.server.http.service.writing import Writer

if TYPE_CHECKING:
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
