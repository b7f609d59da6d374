"""A file put together reads like one that was written so."""

from __future__ import annotations

import io
import os

import pytest

from anysense.embed.media.splice import Stretch, splice


def test_it_reads_as_its_parts_from_any_place() -> None:
    file = io.BytesIO(bytes(range(100)))
    parts = [Stretch(10, 20), b"between", Stretch(5, 5), Stretch(90, 100), b""]
    whole = bytes(range(10, 20)) + b"between" + bytes(range(90, 100))
    spliced = splice(file, parts)
    assert spliced.read() == whole
    assert spliced.read() == b""
    for start in range(len(whole)):
        spliced.seek(start)
        assert spliced.read(4) == whole[start : start + 4]
        assert spliced.tell() == min(start + 4, len(whole))
    assert spliced.seek(-3, os.SEEK_END) == len(whole) - 3
    assert spliced.read() == whole[-3:]


def test_a_place_after_the_end_has_nothing_and_before_the_beginning_is_none() -> None:
    spliced = splice(io.BytesIO(b"abc"), [Stretch(0, 3)])
    spliced.seek(10)
    assert spliced.read(1) == b""
    with pytest.raises(ValueError, match="before"):
        spliced.seek(-1)


def test_closing_it_leaves_the_file_open() -> None:
    file = io.BytesIO(b"abc")
    splice(file, [Stretch(0, 3)]).close()
    assert file.read() == b"abc"
