"""A video that is damaged, hostile or odd costs no more than another, and is read or refused."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media_files import photo, saved
from video_files import AUDIO, IMAGE, SCENES, film, of, pieces_of, places, seen

from anysense.embed.errors import CorruptMediaError, EmptyMediaError, MediaTooLargeError
from anysense.embed.limits import Limits
from anysense.embed.media.pieces import ReadOptions, read_pieces


def damaged(data: bytes, count: int) -> bytes:
    """A file with a few bytes of other values in so many places."""
    random, changed = np.random.default_rng(1), bytearray(data)
    for at in random.integers(len(data) // 4, len(data) * 3 // 4, count):
        changed[at : at + 20] = random.bytes(20)
    return bytes(changed)


@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts", "avi"])
def test_a_little_damage_is_passed_over(container: str) -> None:
    pieces = pieces_of(damaged(film(SCENES, container), 1))
    assert len(of(pieces, IMAGE)) == 6
    assert len(of(pieces, AUDIO)) == 1


def test_much_damage_is_refused() -> None:
    with pytest.raises(CorruptMediaError, match=r"\d+ of \d+ packets of sound are damaged"):
        pieces_of(damaged(film(SCENES, "mp4"), 30))


def test_frames_of_a_huge_size_are_refused_and_take_no_memory() -> None:
    data = film(SCENES[:1], "avi", "mjpeg")
    huge = (16_000).to_bytes(2, "big") * 2
    data = re.sub(rb"(\xff\xc0\x00\x11\x08)....", lambda m: m[1] + huge, data, flags=re.DOTALL)
    with pytest.raises((CorruptMediaError, MediaTooLargeError)):
        pieces_of(data)


def test_too_many_frames_are_refused_before_any_is_read() -> None:
    _, pieces = read_pieces(film(SCENES), ReadOptions(limits=Limits(video_frames=4)))
    with pytest.raises(MediaTooLargeError, match="over 4 frames"):
        next(pieces)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted by /proc")
def test_a_reading_that_is_given_up_leaves_no_threads() -> None:
    data = film(SCENES, "matroska", "libsvtav1")

    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    before = threads()
    for number in range(8):
        _, pieces = read_pieces(data, ReadOptions())
        next(pieces)
        if number % 2:
            pieces.close()  # type: ignore[attr-defined]
        del pieces
    assert threads() <= before


def with_cover(data: bytes) -> bytes:
    """A video with a picture in front that is marked as its cover."""
    cover = av.Packet(saved(photo(), "JPEG"))
    with (
        tempfile.NamedTemporaryFile() as file,
        av.open(io.BytesIO(data)) as source,
        av.open(file.name, "w", format="mp4") as container,
    ):
        picture: Any = container.add_stream("mjpeg", rate=1)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
        picture.disposition = av.stream.Disposition.attached_pic.value
        copies = {s.index: container.add_stream_from_template(s) for s in source.streams}
        cover.stream, cover.pts, cover.dts = picture, 0, 0
        cover.time_base, cover.is_keyframe = Fraction(1), True
        container.mux(cover)
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                container.mux(packet)
        container.close()
        return Path(file.name).read_bytes()


def test_a_cover_is_no_frame() -> None:
    frames = of(pieces_of(with_cover(film(SCENES))), IMAGE)
    assert [seen(frame) for frame in frames] == ["red", "red", "lime", "lime", "blue", "blue"]


def edited(data: bytes, shown: int, scales: tuple[int, ...]) -> bytes:
    """An MP4 whose edit lists show so many milliseconds, its last ones."""
    changed = bytearray(data)
    for box, scale in zip(re.finditer(b"elst", data), scales, strict=True):
        length, first = box.end() + 8, box.end() + 12
        hidden = int.from_bytes(data[length:first], "big") - shown
        start = int.from_bytes(data[first : first + 4], "big") + scale * hidden // 1000
        changed[length : first + 4] = shown.to_bytes(4, "big") + start.to_bytes(4, "big")
    return bytes(changed)


def test_what_an_edit_list_hides_is_not_there() -> None:
    pieces = pieces_of(edited(film(SCENES), 3000, (10240, 48000)))
    assert [seen(frame) for frame in of(pieces, IMAGE)] == ["lime", "blue", "blue"]
    assert places(of(pieces, AUDIO))[0] == pytest.approx((0.0, 3.0), abs=0.05)
    assert all(piece.is_complete for piece in pieces)


def test_a_video_without_a_frame_is_refused() -> None:
    with pytest.raises(EmptyMediaError, match="is a video that holds no frames"):
        pieces_of(film(SCENES, "mpegts")[:1200] + b"G" * 400)
