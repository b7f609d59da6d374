"""What photos say of themselves: true, in one form, and never an error."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from anysense.embed.media.image import picture_pieces
from anysense.embed.media.metadata.dates import local_time, year_of
from anysense.embed.media.metadata.photo import photo_facts
from anysense.embed.media.pieces import ReadOptions

EXIF, GPS = 0x8769, 0x8825
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmp:Rating="4"
 photoshop:DateCreated="2023-07-08T09:10:11+02:00"><dc:title><rdf:Alt><rdf:li>The pier</rdf:li>
 </rdf:Alt></dc:title><dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>wood</rdf:li></rdf:Bag>
 </dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"""


def photo(taken: Any = None, gps: dict[int, Any] | None = None, **how: Any) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Tiny ", "Tiny\0One"
    if taken is not None:
        exif.get_ifd(EXIF)[0x9003] = taken
    if gps is not None:
        exif.get_ifd(GPS).update(gps)
    out = io.BytesIO()
    Image.new("RGB", (32, 32)).save(out, "JPEG", exif=exif, **how)
    return out.getvalue()


def facts(data: bytes) -> dict[str, Any]:
    with Image.open(io.BytesIO(data)) as image:
        return photo_facts(image)


def test_time_place_and_camera() -> None:
    munich = {1: "N", 2: (48.0, 8.0, 13.2), 3: "E", 4: (11.0, 34.0, 30.0)}
    assert facts(photo("2024:05:01 18:30:00", munich)) == {
        "taken": "2024-05-01T18:30:00",
        "latitude": 48.137,
        "longitude": 11.575,
        "camera": {"make": "Tiny", "model": "Tiny One"},
    }
    rio = {1: "S", 2: (22.0, 54.0, 0.0), 3: "W", 4: (43.0, 12.0, 0.0)}
    assert facts(photo(gps=rio))["latitude"] == -22.9
    assert facts(photo(gps=rio))["longitude"] == -43.2


def test_title_keywords_and_rating() -> None:
    told = facts(photo(xmp=XMP.encode()))
    assert (told["title"], told["keywords"], told["rating"]) == ("The pier", ["sea", "wood"], 4)
    assert told["taken"] == "2023-07-08T09:10:11"
    assert facts(photo("2024:05:01 18:30:00", xmp=XMP.encode()))["taken"] == "2024-05-01T18:30:00"


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (11.0, 0.0, 0.0)},
        {1: "N", 2: (48.0, 0.0, 0.0)},
        {},
    ],
)
def test_a_place_that_cannot_be_is_left_out(gps: dict[int, Any]) -> None:
    assert set(facts(photo(gps=gps))) == {"camera"}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024:05:01 18:30:00", "2024-05-01T18:30:00"),
        ("2024-05-01T18:30:00Z", "2024-05-01T18:30:00"),
        ("2024-05-01T18:30:00.25+02:00", "2024-05-01T18:30:00"),
        ("2024-05-01T18:30", "2024-05-01T18:30:00"),
        ("20240501T183000+0200", "2024-05-01T18:30:00"),
        ("20240501", "2024-05-01"),
        ("2024:05:01 18:30:00\0", "2024-05-01T18:30:00"),
        ("0000:00:00 00:00:00", None),
        ("0001-01-01T00:00:00", None),
        ("2024:13:01 18:30:00", None),
        ("    :  :     :  :  ", None),
        ("", None),
        (None, None),
        (b"2024", None),
    ],
)
def test_times_have_one_form_or_are_left_out(text: object, time: str | None) -> None:
    assert local_time(text) == time


def test_years() -> None:
    assert [year_of(text) for text in ("1999", "2001-02-03", "0000", "20010203", "x", None)] == [
        1999,
        2001,
        None,
        None,
        None,
        None,
    ]


def test_broken_exif_says_nothing() -> None:
    good = photo("2024:05:01 18:30:00", {1: "N", 2: (48.0, 8.0, 13.2), 3: "E", 4: (11.0, 0.0, 0.0)})
    start = good.index(b"Exif")
    for at in range(start, start + 200, 3):
        broken = bytearray(good)
        broken[at : at + 4] = b"\xff\xff\xff\xff"
        [piece] = picture_pieces(bytes(broken), ReadOptions(captions=False))
        assert piece.said.keys() <= {"taken", "latitude", "longitude", "camera", "rating"}


def test_a_picture_has_them_as_metadata() -> None:
    piece = next(picture_pieces(photo("2024:05:01 18:30:00"), ReadOptions()))
    assert piece.said["taken"] == "2024-05-01T18:30:00"
