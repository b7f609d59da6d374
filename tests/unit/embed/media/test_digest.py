"""Hashes of content stand in catalogs and in names of files: they may never change."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.digest import copy_digested, digest_file, digest_text, new_digest

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
TEXT = "Grüße, 世界 🦆\n"
OF_TEXT = "aecaa7c7b34631b2ee84406590d29718d39085d7f57ebeb8be2ebbca4f97de53"
OF_HALF = "60a953f0dbcf06da02ddab91267913c7524bb943089973d3fc4858baea8be713"
LONG = bytes(range(256)) * 9000  # more than two blocks
OF_LONG = "8e8f5515a2f50a9e19aafc22c3bd39e288f5a5ecbf37af94af2aa376bd4dd4ca"


@pytest.mark.parametrize(
    ("content", "expected"), [(b"", EMPTY), (TEXT.encode(), OF_TEXT), (LONG, OF_LONG)]
)
def test_every_way_to_the_hash_of_some_bytes(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert digest_file(path) == digest_file(str(path)) == expected
    assert new_digest(content).hexdigest() == expected
    with (tmp_path / "copy").open("wb") as target:
        assert copy_digested(io.BytesIO(content), target) == expected
        assert (tmp_path / "copy").read_bytes() == content  # flushed


def test_a_text_has_the_hash_of_its_file() -> None:
    assert digest_text("") == EMPTY
    assert digest_text(TEXT) == OF_TEXT


def test_a_long_text_has_the_hash_of_its_file() -> None:
    text = TEXT * 200_000  # of more than two blocks, in parts
    assert digest_text(text) == new_digest(text.encode()).hexdigest()


def test_half_a_surrogate_pair_has_a_hash() -> None:
    assert (
        digest_text("\ud83e") == "60a953f0dbcf06da02ddab91267913c7524bb943089973d3fc4858baea8be713"
    )


def test_a_copy_begins_where_the_source_stands(tmp_path: Path) -> None:
    source = io.BytesIO(b"skipped" + TEXT.encode())
    source.seek(len(b"skipped"))
    with (tmp_path / "copy").open("wb") as target:
        assert copy_digested(source, target) == OF_TEXT


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_file(tmp_path / "absent")
    with pytest.raises(CorruptMediaError, match="cannot be read: Is a directory") as raised:
        digest_file(tmp_path)
    assert raised.value.source == str(tmp_path)
