from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from anysense.embed.errors import MediaTooLargeError, UsageError
from anysense.embed.limits import Limits
from anysense.embed.media.digest import digest_file, digest_text
from anysense.embed.types import Waveform
from anysense.index.building.content import hash_content, hash_entries, hash_file
from anysense.index.building.sources.entries import FileEntry, RowEntry
from anysense.index.catalog.records import FileRecord, Sidecar
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(data)
    digest = hashlib.blake2b(data, digest_size=32).hexdigest()
    assert digest_file(str(tmp_path / "a")) == hash_content(data) == digest


def test_a_text_has_the_hash_of_a_file_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("größe", encoding="utf-8")
    assert digest_text("größe") == hash_content("größe") == digest_file(str(tmp_path / "a.txt"))
    assert len(digest_text("\ud800")) == 64  # half of a pair, which no file can hold


def test_content_in_memory_is_told_apart() -> None:
    samples = np.zeros(8, np.float32)
    contents = [
        Waveform(samples, 8000),
        Waveform(samples, 16000),
        Image.new("RGB", (2, 4)),
        Image.new("RGB", (4, 2)),
        Image.new("L", (2, 4)),
        b"",
    ]
    assert len({hash_content(content) for content in contents}) == len(contents)
    with pytest.raises(UsageError, match="An item cannot be a int"):
        hash_content(3)  # type: ignore[arg-type]


def test_entries_are_hashed_in_their_order(tmp_path: Path) -> None:
    entries: list[FileEntry | RowEntry] = []
    for i in range(40):
        (tmp_path / f"{i}").write_text(f"{i}")
        entries.append(FileEntry(str(tmp_path / f"{i}"), len(f"{i}"), 1))
    entries += [
        RowEntry("rows.csv#t", 3, digest_text("red"), NewItem("red")),
        FileEntry(str(tmp_path / "gone"), 1, 1),
        FileEntry(str(tmp_path / "0"), 10**6, 1),
    ]
    outcomes = list(hash_entries(entries, workers=3, limits=Limits(file_bytes=10**5)))
    assert [entry for entry, _ in outcomes] == entries
    records = [outcome for _, outcome in outcomes if isinstance(outcome, FileRecord)]
    assert [(record.path, record.mtime_ns) for record in records] == [
        (entry.path, entry.stamp) for entry in entries[:41]
    ]
    assert [record.content_hash for record in records] == [
        *(digest_text(f"{i}") for i in range(40)),
        digest_text("red"),
    ]
    assert isinstance(outcomes[41][1], FileNotFoundError)
    assert isinstance(outcomes[42][1], MediaTooLargeError)


def test_a_file_with_texts_beside_it_has_a_hash_of_all(tmp_path: Path) -> None:
    def record(*texts: str) -> FileRecord:
        sidecars = tuple(Sidecar(name, 4, 1) for name in texts)
        return hash_file(FileEntry(str(tmp_path / "a.jpg"), 5, 1, None, sidecars), Limits(9))

    (tmp_path / "a.jpg").write_text("photo")
    for name in ("a.txt", "a.jpg.txt", "a.TXT", "a.xmp"):
        (tmp_path / name).write_text("text")
    assert record().content_hash == digest_file(tmp_path / "a.jpg")
    assert record("a.txt").content_hash != record().content_hash
    # What is said matters, and how it is read, but not under which name.
    assert record("a.txt").content_hash == record("a.jpg.txt").content_hash
    assert record("a.txt").content_hash == record("a.TXT").content_hash
    assert record("a.txt").content_hash != record("a.xmp").content_hash
    assert record("a.txt", "a.xmp").sidecars == (Sidecar("a.txt", 4, 1), Sidecar("a.xmp", 4, 1))


def test_texts_beside_a_file_that_cannot_be_hashed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.jpg").write_text("photo")
    (tmp_path / "a.xmp").mkdir()  # it cannot be read
    (tmp_path / "large.txt").write_text("words " * 9)
    sidecars = (Sidecar("gone.txt", 4, 1), Sidecar("a.xmp", 4, 1), Sidecar("large.txt", 54, 1))
    entry = FileEntry(str(tmp_path / "a.jpg"), 5, 1, None, sidecars)
    record = hash_file(entry, Limits(file_bytes=9))
    # One that is too large stays so until it changes; the others may be there the next time.
    assert record.sidecars == (Sidecar("large.txt", 54, 1),)
    assert record.content_hash == digest_file(tmp_path / "a.jpg")
    [warning] = caplog.messages
    assert f"{tmp_path / 'a.xmp'}: its words are left out: it cannot be read" in warning
