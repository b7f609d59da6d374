"""What photos say of themselves: true, in one form, and never an error."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from anysense.embed.media.descriptions import picture_descriptions
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
        "camera": {"make": "Tiny", "model": "Tiny"},  # a text ends at its NUL
    }
    rio = {1: "S", 2: (22.0, 54.0, 0.0), 3: "W", 4: (43.0, 12.0, 0.0)}
    assert facts(photo(gps=rio))["latitude"] == -22.9
    assert facts(photo(gps=rio))["longitude"] == -43.2


def test_title_keywords_and_rating() -> None:
    told = facts(photo(xmp=XMP.encode()))
    assert (told["title"], told["keywords"], told["rating"]) == ("The pier", ["sea", "wood"], 4)
    assert told["taken"] == "2023-07-08T09:10:11"
    assert facts(photo("2024:05:01 18:30:00", xmp=XMP.encode()))["taken"] == "2024-05-01T18:30:00"


def with_keywords(*keywords: str) -> bytes:
    """IPTC-IIM records."""
    return b"".join(
        b"\x1c\x02\x19" + len(word).to_bytes(2, "big") + word.encode() for word in keywords
    )


def photoshop_document(**resources: bytes) -> bytes:
    """A Photoshop document of one colour, with resources by their numbers."""
    numbers = {"iptc": 0x0404, "exif": 0x0422, "xmp": 0x0424}
    parts = b"".join(
        b"8BIM" + struct.pack(">HHI", numbers[name], 0, len(data)) + data + b"\0" * (len(data) % 2)
        for name, data in resources.items()
    )
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 8, 8, 8, 3)
    pixels = struct.pack(">H", 0) + bytes(3 * 64)
    return head + bytes(4) + len(parts).to_bytes(4, "big") + parts + bytes(4) + pixels


def test_what_one_source_lacks_another_says() -> None:
    packet = XMP.replace("<rdf:li>sea</rdf:li><rdf:li>wood</rdf:li>", "").encode()
    records = b"8BIM\x04\x04\0\0" + struct.pack(">I", 11) + with_keywords("harbor") + b"\0"
    segment = b"Photoshop 3.0\0" + records
    data = photo(xmp=packet)
    data = data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    assert facts(data)["keywords"] == ["harbor"]
    assert facts(data)["title"] == "The pier"


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "utf-16", "utf-8"])
def test_xmp_in_any_unicode(encoding: str) -> None:
    assert facts(photo(xmp=XMP.encode(encoding)))["title"] == "The pier"


def test_camera_and_place_in_xmp() -> None:
    said = (
        'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        'tiff:Make="Tiny" tiff:Model="Two" exif:GPSLatitude="22,54S" exif:GPSLongitude="43,12,36W"'
    )
    out = io.BytesIO()
    packet = XMP.replace('xmp:Rating="4"', f'xmp:Rating="4" {said}')
    Image.new("RGB", (8, 8)).save(out, "WEBP", xmp=packet.encode())
    told = facts(out.getvalue())
    assert told["camera"] == {"make": "Tiny", "model": "Two"}
    assert (told["latitude"], told["longitude"]) == (-22.9, -43.21)
    broken = packet.replace("22,54S", "22.9 south").encode()
    assert "longitude" not in facts(photo(xmp=broken))
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "WEBP", xmp=packet.replace("Two", "2" * 301).encode())
    assert facts(out.getvalue())["camera"] == {"make": "Tiny"}


def test_a_photoshop_document_says_it_in_its_resources() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x010F], exif[0x0112] = "Fog at dawn", "Tiny", 6
    data = photoshop_document(
        iptc=with_keywords("harbor"), exif=exif.tobytes()[6:], xmp=XMP.encode()
    )
    told = facts(data)
    assert (told["camera"], told["title"]) == ({"make": "Tiny"}, "The pier")
    assert told["keywords"] == ["sea", "wood"]
    with Image.open(io.BytesIO(data)) as image:
        assert "Fog at dawn" in picture_descriptions(image)
    assert facts(photoshop_document(iptc=with_keywords("harbor")))["keywords"] == ["harbor"]


@pytest.mark.parametrize("start", [b"", b"8BIM\x04\x04\0\0\0\0\0\x0b"])
def test_iptc_of_a_png(start: bytes) -> None:
    texts = PngImagePlugin.PngInfo()
    records = start + with_keywords("harbor")
    digits = records.hex()
    lines = ("", "iptc", f"{len(records):8}", digits[:20], digits[20:], "")
    texts.add_text("Raw profile type iptc", "\n".join(lines))
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=texts)
    assert facts(out.getvalue())["keywords"] == ["harbor"]


@pytest.mark.parametrize("kind", [1, 4, 7])
@pytest.mark.parametrize("is_turned", [False, True])
def test_iptc_of_a_tiff(kind: int, is_turned: bool) -> None:
    records = with_keywords("harbor", "boat", "fog")
    records += bytes(-len(records) % 4)
    if is_turned:
        records = b"".join(records[at : at + 4][::-1] for at in range(0, len(records), 4))
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "TIFF", tiffinfo={0x83BB: records})
    stated = struct.pack("<HHI", 0x83BB, 7, len(records))
    assert stated in out.getvalue()
    other = struct.pack("<HHI", 0x83BB, kind, len(records) // (4 if kind == 4 else 1))
    assert facts(out.getvalue().replace(stated, other))["keywords"] == ["harbor", "boat", "fog"]


def test_the_equator_is_a_place() -> None:
    gps = {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (11.0, 34.0, 30.0)}
    assert facts(photo(gps=gps))["latitude"] == 0
    assert facts(photo(gps=gps))["longitude"] == 11.575


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
