"""XMP is found in GIFs and in JPEG 2000, wherever it stands, and in no other number of bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from anysense.embed.media.image import picture_pieces
from anysense.embed.media.metadata.packets import stored_packet
from anysense.embed.media.metadata.xmp import XMP_BYTES
from anysense.embed.media.pieces import ReadOptions

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>"""
UUID = b"uuid" + bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"


def written(file_format: str, **how: object) -> bytes:
    out = io.BytesIO()
    Image.new("P" if file_format == "GIF" else "RGB", (24, 16), 1).save(out, file_format, **how)
    return out.getvalue()


def gif(packet: bytes, *, is_last: bool = False, frames: int = 1) -> bytes:
    """A GIF with a packet before its first picture, or after the last one."""
    more = [Image.new("P", (24, 16), n) for n in range(2, frames + 1)]
    data = written("GIF", save_all=True, append_images=more)
    block = b"\x21\xff\x0bXMP DataXMP" + packet + TRAILER
    at = len(data) - 1 if is_last else 13 + 3 * (2 << (data[10] & 7))
    return data[:at] + block + data[at:]


def jpeg_2000(box: bytes, *, is_last: bool = False) -> bytes:
    """A JPEG 2000 with a box after its first one, or after the last one."""
    data = written("JPEG2000")
    return data + box if is_last else data[:12] + box + data[12:]


def box(packet: bytes, length: int | None = None) -> bytes:
    size = 24 + len(packet) if length is None else length
    return size.to_bytes(4, "big") + UUID + packet


def long_box(packet: bytes) -> bytes:
    return b"\0\0\0\1uuid" + (32 + len(packet)).to_bytes(8, "big") + UUID[4:] + packet


@pytest.mark.parametrize(
    "data",
    [
        gif(XMP),
        gif(XMP, is_last=True),
        gif(XMP, frames=3),
        jpeg_2000(box(XMP), is_last=True),
        jpeg_2000(box(XMP, 0), is_last=True),
        jpeg_2000(long_box(XMP), is_last=True),
    ],
)
def test_it_is_metadata(data: bytes) -> None:
    piece = next(picture_pieces(data, ReadOptions()))
    assert piece.said == {"rating": 4}
    assert isinstance(piece.content, Image.Image)
    assert piece.content.size == (24, 16)  # as it is stored: other programs do not turn it either


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (gif(XMP), "PNG"),
        (written("GIF"), "GIF"),
        (gif(XMP).replace(TRAILER, b"\0"), "GIF"),
        (gif(bytes(XMP_BYTES)), "GIF"),
        (written("JPEG2000"), "JPEG 2000"),
        (box(XMP).replace(b"uuid", b"free"), "JPEG 2000"),
        (bytes(100_000), "JPEG 2000"),
        (b"\0\0\0\x08free" * 1000 + box(XMP), "JPEG 2000"),
        (b"", "JPEG 2000"),
    ],
)
def test_where_there_is_none_there_is_none(data: bytes, name: str) -> None:
    assert stored_packet(io.BytesIO(data), name) is None


def test_what_is_read_has_a_limit_and_the_position_stays() -> None:
    file = io.BytesIO(box(bytes(2 * XMP_BYTES)))
    file.seek(7)
    packet = stored_packet(file, "JPEG 2000")
    assert packet is not None
    assert len(packet) == XMP_BYTES + 1  # too long, as is noticed where it is parsed
    assert file.tell() == 7
    for length in (8, 23, 24):
        assert not stored_packet(io.BytesIO(box(b"", length)), "JPEG 2000")
