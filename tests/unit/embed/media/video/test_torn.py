"""Videos that state no length, and end in the midst of something; and Theora in Ogg."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from video_files import AUDIO, IMAGE, SCENES, film, of, pieces_of, places, seen

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.identify import media_type
from anysense.embed.media.video.torn import is_torn

THEORA = Path(__file__).parents[4] / "support" / "data" / "theora.ogv"
NULL_PACKET = b"G\x1f\xff\x10" + b"\xff" * 184


@pytest.mark.parametrize(("container", "packet"), [("mpegts", 188), ("mpeg", 2048)])
def test_a_stream_that_ends_within_a_packet_says_so(container: str, packet: int) -> None:
    data = film(SCENES, container)
    assert all(piece.is_complete for piece in pieces_of(data))
    for end in (len(data) // packet // 2 * packet + packet // 2, len(data) - 3):
        pieces = pieces_of(data[:end])
        assert [piece.is_complete for piece in pieces].count(False) == 1
        assert not pieces[-1].is_complete
        assert of(pieces, IMAGE)
    whole = data[: len(data) // packet // 2 * packet]  # of which nobody can tell
    assert all(piece.is_complete for piece in pieces_of(whole))


def torn(data: bytes, container: str) -> bool:
    file = io.BytesIO(data)
    file.seek(7)
    try:
        return is_torn(file, container)
    finally:
        assert file.tell() == 7


def test_what_lies_behind_the_last_packet_is_no_part_of_one() -> None:
    packets = NULL_PACKET * 20
    of_camera = b"".join([b"\0\0\0\0" + NULL_PACKET] * 20)
    assert not torn(packets + b"\0" * 100, "mpegts")
    assert torn(packets + NULL_PACKET[:100], "mpegts")
    assert torn(of_camera + b"\0\0\0\0" + NULL_PACKET[:50], "mpegts")
    assert not torn(of_camera, "mpegts")
    assert not torn(b"x" * 5_000, "mpegts")
    assert not torn(b"", "mpegts")


def test_packs_are_walked_to_the_end() -> None:
    pack = b"\0\0\1\xba" + b"\x44" + b"\0" * 8 + b"\xf8"
    old_pack = b"\0\0\1\xba" + b"\x21" + b"\0" * 7
    packet = b"\0\0\1\xe0" + (300).to_bytes(2, "big") + b"\1" * 300
    for start in (pack, old_pack):
        stream = (start + packet) * 3
        assert not torn(stream, "mpeg")
        assert not torn(stream + b"\0\0\1\xb9", "mpeg")
        assert not torn(stream + b"\0" * 40, "mpeg")
        assert torn(stream[:-1], "mpeg")
        assert torn(stream[:-301], "mpeg")
    assert torn((pack + packet) * 3 + pack[:6], "mpeg")
    assert not torn(b"\0\0\1\xba", "mov")
    assert not torn(b"no pack", "mpeg")


def test_theora_in_ogg_is_a_video() -> None:
    data = THEORA.read_bytes()
    assert media_type(data) == "video/ogg"
    pieces = pieces_of(data)
    assert [seen(piece) for piece in of(pieces, IMAGE)] == ["red", "blue"]
    [sound] = of(pieces, AUDIO)
    [(start, end)] = places([sound])
    assert (start, end) == (0.0, pytest.approx(2.0, abs=0.1))
    assert all(piece.is_complete for piece in pieces)


def test_theora_that_is_cut_is_told() -> None:
    data = THEORA.read_bytes()
    assert torn(data[:-1], "ogg")
    assert torn(data[: data.rindex(b"OggS") + 10], "ogg")
    assert not torn(data, "ogg")
    with pytest.raises(CorruptMediaError):
        pieces_of(data[: len(data) * 2 // 3])
