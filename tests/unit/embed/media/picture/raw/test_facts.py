"""What RAW files say of themselves is read, wherever they keep it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from raw_files import dng_bytes

from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.image import picture_pieces
from anysense.embed.media.picture.raw.developed import developed
from anysense.embed.media.picture.raw.facts import jpeg_exif, raw_exif
from anysense.embed.media.pieces import ReadOptions

EXIF, GPS = 0x8769, 0x8825
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>"""


def told_of() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Tiny"
    exif.get_ifd(EXIF)[0x9003] = "2024:05:01 18:30:00"
    exif.get_ifd(GPS).update({1: "N", 2: (48.0, 8.0, 13.2), 3: "E", 4: (11.0, 34.0, 30.0)})
    return exif


def as_tiff() -> bytes:
    exif = told_of()
    exif.endian = "<"
    return exif.tobytes()[6:]


def is_told(exif: Image.Exif) -> bool:
    told = (exif.get(0x010F), exif.get_ifd(EXIF).get(0x9003), exif.get_ifd(GPS).get(1))
    return told == ("Tiny", "2024:05:01 18:30:00", "N")


def box(name: bytes, data: bytes) -> bytes:
    return (8 + len(data)).to_bytes(4, "big") + name + data


def part(tags: dict[int, Any]) -> bytes:
    """A TIFF of one directory."""
    exif = Image.Exif()
    exif.update(tags)
    return exif.tobytes()[6:]


@pytest.mark.parametrize("start", [b"II\x2a\0", b"IIRO", b"IIU\0"])
def test_of_what_is_built_as_a_tiff(start: bytes) -> None:
    assert is_told(raw_exif(io.BytesIO(start + as_tiff()[4:])))


def test_of_what_is_built_as_an_mp4() -> None:
    place = {1: "N", 2: (48.0, 8.0, 13.2)}
    boxes = box(b"CMT1", part({0x010F: "Tiny"}))
    boxes += box(b"CMT2", part({0x9003: "2024:05:01 18:30:00"})) + box(b"CMT4", part(place))
    data = box(b"ftyp", b"crx \0\0\0\1") + box(b"moov", box(b"uuid", bytes(16) + boxes))
    assert is_told(raw_exif(io.BytesIO(data)))
    number = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    packet = XMP + b" " * 65536 + b"<?xpacket end='w'?>"
    told = raw_exif(io.BytesIO(data + box(b"uuid", number + packet) + b"after"))
    assert is_told(told)
    assert told[0x02BC] == XMP  # without the spaces, which would not fit into a JPEG


def test_a_file_that_names_more_than_is_read_is_not_read_on() -> None:
    exif = told_of()
    exif.endian = "<"
    exif[0x0001] = bytes(33 * 1024**2)  # which stands before all that is looked for
    assert not raw_exif(io.BytesIO(exif.tobytes()[6:]))


def test_texts_too_long_for_a_jpeg_are_left_out() -> None:
    exif = told_of()
    exif[0x010E] = "long " * 13_000
    assert not raw_exif(io.BytesIO(exif.tobytes()[6:]))


def test_of_the_picture_in_it() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=told_of())
    assert is_told(jpeg_exif(out.getvalue()))
    assert not jpeg_exif(b"no picture")


@pytest.mark.parametrize("length", [0, 3, 8, 12, 60])
def test_of_a_broken_one_nothing(length: int) -> None:
    for data in (as_tiff(), box(b"ftyp", b"crx \0\0\0\1") + b"CMT1CMT2"):
        assert not raw_exif(io.BytesIO(data[:length])).get(0x010F)


@pytest.mark.parametrize(
    "data",
    [
        dng_bytes(xmp=XMP),
        dng_bytes(preview=(0, 0, 250), xmp=XMP, orientation=6),
        dng_bytes(preview=(0, 0, 250), preview_xmp=XMP),
        dng_bytes(preview=(0, 0, 250), preview_xmp=XMP.replace(b"4", b"2"), xmp=XMP),
        dng_bytes(preview=(0, 0, 250), preview_xmp=XMP, xmp=XMP + b" " * 65536 + b"<x/>"),
    ],
)
def test_a_photo_has_it_as_metadata(data: bytes) -> None:
    pytest.importorskip("rawpy")
    piece = next(picture_pieces(data, ReadOptions()))
    assert piece.said["camera"] == {"make": "Tiny", "model": "Tiny One"}
    assert piece.said["rating"] == 4


@pytest.mark.parametrize("preview", [None, (0, 0, 250)])
def test_all_of_it_stands_in_the_picture_made_of_it(
    preview: tuple[int, int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rawpy")
    said = raw_exif(io.BytesIO(as_tiff()))
    monkeypatch.setattr(
        "anysense.embed.media.picture.raw.developed.raw_exif", lambda file: file and said
    )
    made = developed(io.BytesIO(dng_bytes(preview=preview)), "a.dng", DEFAULT_LIMITS)
    with Image.open(made) as picture:
        assert is_told(picture.getexif())


def test_xmp_does_not_turn_what_is_upright() -> None:
    pytest.importorskip("rawpy")
    made = developed(io.BytesIO(dng_bytes(xmp=XMP)), "a.dng", DEFAULT_LIMITS)
    with Image.open(made) as picture:
        assert picture.getexif()[0x0112] == 1
