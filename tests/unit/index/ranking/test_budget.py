"""What the terms of a query may be together."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import sndfile, tone
from PIL import Image

from anysense.embed.errors import MediaTooLargeError, UsageError
from anysense.embed.limits import Limits
from anysense.embed.media.audio import recording
from anysense.embed.types import Modality, Waveform
from anysense.index.ranking.query import Term, parse_query

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = Limits(query_text_characters=30, query_audio_seconds=3, query_image_pixels=10_000)


def picture(side: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(out, "PNG")
    return out.getvalue()


def test_texts_are_counted_together() -> None:
    parse_query(["fifteen letters"] * 2, LIMITS)
    with pytest.raises(UsageError, match="45 characters together, or more; the limit is 30"):
        parse_query([Term("fifteen letters"), *[Term("fifteen letters", -1)] * 2], LIMITS)
    document = Term(b"some words in a document.", modality=Modality.TEXT)
    with pytest.raises(UsageError, match="characters together"):
        parse_query([document, "a text"], LIMITS)


def test_pixels_are_counted_together_by_their_headers(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(70))
    cut = picture(80)[:60]  # no more than a header
    parse_query([tmp_path / "a.png", picture(70)], LIMITS)
    for terms in (
        [picture(101)],
        [picture(70), tmp_path / "a.png", picture(70)],
        [picture(80), Image.new("RGB", (70, 70))],
        [Term(picture(80)), Term(picture(80), -1.0)],
        [picture(70), Term(cut, modality=Modality.IMAGE)],
    ):
        with pytest.raises(MediaTooLargeError, match="over the limit of 10,000 pixels"):
            parse_query(terms, LIMITS)


def test_seconds_are_counted_together(tmp_path: Path) -> None:
    two = sndfile(tone(2.0, 8000), 8000)
    (tmp_path / "two.wav").write_bytes(two)
    waveform = Waveform(np.ones(16_000, np.float32), 8000)
    parse_query([two], LIMITS)
    for terms in ([two, two, two], [tmp_path / "two.wav", waveform, two], [waveform] * 3):
        with pytest.raises(MediaTooLargeError, match=r"6 seconds together, .* of 3 seconds"):
            parse_query(terms, LIMITS)


def test_a_header_that_lies_hides_no_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    two = sndfile(tone(2.0, 8000), 8000)
    monkeypatch.setattr(recording, "stated_seconds", lambda *_: 0.1)
    with pytest.raises(MediaTooLargeError, match=r"seconds together, .* of 3 seconds"):
        parse_query([two, two, two], LIMITS)


def test_what_cannot_be_read_is_left_to_whoever_reads_it() -> None:
    parse_query([Term(b"nothing", modality=Modality.IMAGE), "a"], LIMITS)
    parse_query([Term(b"nothing", modality=Modality.AUDIO)] * 2, LIMITS)
