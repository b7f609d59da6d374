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
from anysense.index.building.content import hash_content, hash_entries
from anysense.index.building.sources.entries import FileEntry, TextEntry
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
    entries: list[FileEntry | TextEntry] = []
    for i in range(40):
        (tmp_path / f"{i}").write_text(f"{i}")
        entries.append(FileEntry(str(tmp_path / f"{i}"), len(f"{i}"), 1))
    entries += [
        TextEntry("rows.csv#t", 3, digest_text("red"), NewItem("red")),
        FileEntry(str(tmp_path / "gone"), 1, 1),
        FileEntry(str(tmp_path / "0"), 10**6, 1),
    ]
    outcomes = list(hash_entries(entries, workers=3, limits=Limits(file_bytes=10**5)))
    assert [entry for entry, _ in outcomes] == entries
    assert [outcome for _, outcome in outcomes[:41]] == [
        *(digest_text(f"{i}") for i in range(40)),
        digest_text("red"),
    ]
    assert isinstance(outcomes[41][1], FileNotFoundError)
    assert isinstance(outcomes[42][1], MediaTooLargeError)
