"""The words in pictures' files come out, the defaults of cameras do not, and nothing raises."""

from __future__ import annotations

import io
import random
import struct
import warnings
from typing import Any

import PIL.Image
import pytest
from media_files import photo, saved
from PIL.PngImagePlugin import PngInfo

from anysense.embed.media.descriptions import picture_descriptions
from anysense.embed.media.metadata.iptc import iptc_texts
from anysense.embed.media.metadata.xmp import XMP_BYTES, xmp_texts
from anysense.embed.media.phrases import descriptions, is_description

EXIF_IFD, USER_COMMENT = 0x8769, 0x9286


def described(data: bytes) -> list[str]:
    if data[4:8] == b"ftyp" and b"heic" in data[:40]:
        import pillow_heif

        return picture_descriptions(pillow_heif.HeifImageFile(io.BytesIO(data)))
    with PIL.Image.open(io.BytesIO(data)) as image:
        image.load()
        return picture_descriptions(image)


def with_exif(fields: dict[int, Any], kind: str = "JPEG") -> bytes:
    exif = PIL.Image.Exif()
    for field, value in fields.items():
        exif[field] = value
    return saved(photo(), kind, exif=exif.tobytes() if kind == "HEIF" else exif)


def comment(value: bytes) -> bytes:
    return with_exif({EXIF_IFD: {USER_COMMENT: value}})


def packet(properties: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        'xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" '
        'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        f"{properties}</rdf:Description></rdf:RDF></x:xmpmeta>"
        f"{' ' * 2000}<?xpacket end='w'?>"
    ).encode()


def alternatives(name: str, **texts: str) -> str:
    items = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{text}</rdf:li>'
        for language, text in texts.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


FULL = packet(
    'photoshop:Headline="A headline">'
    + alternatives("dc:description", x_default="Two dogs", de="Zwei Hunde im Schnee")
    + alternatives("dc:title", x_default="Winter")
    + "<dc:subject><rdf:Bag><rdf:li>dog</rdf:li><rdf:li>snow</rdf:li></rdf:Bag></dc:subject>"
    + alternatives("Iptc4xmpCore:AltTextAccessibility", x_default="Dogs running")
    + "<xmpMM:Ingredients><rdf:Bag><rdf:li><rdf:Description>"
    + alternatives("dc:title", x_default="another picture")
    + "</rdf:Description></rdf:li></rdf:Bag></xmpMM:Ingredients>"
)
FULL_TEXTS = [
    "Winter",
    "A headline",
    "Two dogs",
    "Zwei Hunde im Schnee",
    "Dogs running",
    "dog, snow",
]


def records(*sets: tuple[int, int, bytes]) -> bytes:
    return b"".join(
        b"\x1c" + bytes([record, number]) + struct.pack(">H", len(value)) + value
        for record, number, value in sets
    )


def with_iptc(data: bytes) -> bytes:
    """A JPEG with these IPTC records in its APP13."""
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    body = b"Photoshop 3.0\0" + resource
    jpeg = saved(photo(), "JPEG")
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


# EXIF


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_exif_of_every_kind(kind: str) -> None:
    fields = {0x010E: "A red bus", 0x9C9B: "Straße".encode("utf-16-le") + b"\0\0"}
    assert described(with_exif(fields, kind)) == ["A red bus", "Straße"]


def test_a_tiff_has_all_of_them() -> None:
    data = saved(
        photo(),
        "TIFF",
        tiffinfo={0x010E: "A red bus", 0x83BB: records((2, 120, b"A caption")), 700: FULL},
    )
    assert described(data) == [*FULL_TEXTS, "A caption", "A red bus"]


def test_the_iptc_of_a_tiff_may_be_said_to_be_numbers() -> None:
    said = records((2, 120, b"A caption of some length"))
    said += b"\0" * (-len(said) % 4)
    data = saved(photo(), "TIFF", tiffinfo={0x83BB: said})
    as_bytes = struct.pack("<HHI", 0x83BB, 7, len(said))
    assert data.count(as_bytes) == 1
    as_numbers = struct.pack("<HHI", 0x83BB, 4, len(said) // 4)
    assert described(data.replace(as_bytes, as_numbers)) == ["A caption of some length"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_the_description_has_no_stated_encoding(encoding: str) -> None:
    text = "Café in der Straße"
    marked = with_exif({0x010E: "x" * len(text.encode(encoding))})
    data = marked.replace(b"x" * len(text.encode(encoding)), text.encode(encoding))
    assert described(data) == [text]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"ASCII\0\0\0a plain comment", "a plain comment"),
        (b"ASCII\0\0\0a padded comment\0\0\0", "a padded comment"),
        (b"ASCII\0\0\0" + "ein Gruß".encode(), "ein Gruß"),
        (b"\0\0\0\0\0\0\0\0of no stated code", "of no stated code"),
        (b"UNICODE\0" + "Grüße".encode("utf-16-le"), "Grüße"),
        (b"UNICODE\0" + "Grüße".encode("utf-16-be"), "Grüße"),
        (b"UNICODE\0" + "日本の犬".encode("utf-16-be"), "日本の犬"),  # as the file's byte order
        (b"UNICODE\0" + "日本の犬".encode("utf-16"), "日本の犬"),
        (b"UNICODE\0" + b"really UTF-8", "really UTF-8"),
        (b"JIS\0\0\0\0\0" + "日本の犬".encode("iso2022_jp"), "日本の犬"),
        (b"no header at all", "no header at all"),
    ],
)
def test_user_comments(value: bytes, text: str) -> None:
    assert described(comment(value)) == [text]


@pytest.mark.parametrize("value", [b"", b"ASCII\0\0\0", b"UNICODE\0", b"UNICODE\0a", b"\0" * 99])
def test_empty_user_comments(value: bytes) -> None:
    assert described(comment(value)) == []


def test_windows_fields() -> None:
    fields = {
        0x9C9B: "A title",
        0x9C9C: "A comment",
        0x9C9E: "dog;snow",
        0x9C9F: "A subject",
        0x9C9D: "An author",  # says nothing of what is shown
    }
    data = with_exif({field: text.encode("utf-16-le") for field, text in fields.items()})
    assert described(data) == ["A title", "A subject", "A comment", "dog, snow"]


def test_the_codes_of_huawei() -> None:
    for make, texts in (("HUAWEI", []), ("HONOR", []), ("Canon", ["cuvabtf"])):
        assert described(with_exif({0x010E: "cuvabtf", 0x010F: make})) == texts
    assert described(with_exif({0x010E: "two words", 0x010F: "HUAWEI"})) == ["two words"]


# XMP


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_xmp_of_every_kind(kind: str) -> None:
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", FULL.decode())
        data = saved(photo(), "PNG", pnginfo=info)
    else:
        data = saved(photo(), kind, xmp=FULL)
    assert described(data) == FULL_TEXTS


def test_forms_of_xmp() -> None:
    assert xmp_texts(FULL.replace(b"x:xmpmeta", b"x:xapmeta")) == FULL_TEXTS
    start, end = FULL.index(b"<rdf:RDF"), FULL.index(b"</x:xmpmeta")
    assert xmp_texts(FULL[start:end]) == FULL_TEXTS
    assert xmp_texts(FULL.decode().encode("utf-16")) == FULL_TEXTS
    plain = packet(">  <dc:description> just text </dc:description>")
    assert xmp_texts(plain) == ["just text"]


BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "'
    + b"x" * 1000
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + at, b"&%c;" % (97 + at) * 20) for at in range(9))
    + b"]>"
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no XML",
        FULL[:-2100],
        FULL.replace(b"</dc:title>", b""),
        b"<a>" * 100_000,
        BOMB + packet(">" + alternatives("dc:title", x="&j;")),
        (BOMB + packet(">" + alternatives("dc:title", x="&j;"))).decode().encode("utf-16"),
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        + packet(">" + alternatives("dc:title", x="&a;")),
        FULL + b" " * XMP_BYTES + b"<end/>",
        b"<rdf:RDF/>",
        b'<?xml version="1.0" encoding="nonsense"?>' + FULL,
        FULL.replace(b"Winter", b"\xff\xfe\xff"),
        b"\xff\xfe" + FULL,
    ],
)
def test_hostile_xmp_has_no_texts(data: bytes) -> None:
    assert xmp_texts(data) == []
    if len(data) < 60_000:
        assert described(saved(photo(), "JPEG", xmp=data)) == []


# IPTC


def test_iptc() -> None:
    data = records(
        (1, 90, b"\x1b%G"),
        (2, 0, b"\0\2"),
        (2, 5, b"A title"),
        (2, 25, "Straße".encode()),
        (2, 25, b"bus"),
        (2, 80, b"An author"),
        (2, 105, b"A headline"),
        (2, 120, "Der Bus fährt".encode()),
    )
    expected = ["A title", "A headline", "Der Bus fährt", "Straße, bus"]
    assert iptc_texts(data) == expected
    assert described(with_iptc(data)) == expected
    latin = records((2, 120, "Der Bus fährt".encode("latin-1")))
    assert described(with_iptc(latin)) == ["Der Bus fährt"]


@pytest.mark.parametrize(
    "rest",
    [
        b"\x1c",
        b"\x1c\x02\x78",
        b"\x1c\x02\x78\x7f\xffshort",
        b"\x1c\x02\x78\x80\x04\xff\xff\xff\xff",
    ],
)
def test_broken_iptc_ends_where_it_breaks(rest: bytes) -> None:
    assert iptc_texts(records((2, 5, b"A title")) + rest) == ["A title"]
    assert iptc_texts(rest) == []
    assert described(with_iptc(records((2, 5, b"A title")) + rest)) == ["A title"]


# PNG texts and comments


def test_png_texts() -> None:
    info = PngInfo()
    info.add_text("Title", "A title")
    info.add_itxt("Description", "日本の犬")
    info.add_text("Comment", "Created with GIMP")
    info.add_text("Software", "a program")
    info.add_text("parameters", "a dog, masterpiece\nSteps: 20, Sampler: Euler")
    assert described(saved(photo(), "PNG", pnginfo=info)) == ["A title", "日本の犬"]


def test_comments_of_jpeg_and_gif() -> None:
    for text, expected in (
        ("A comment", ["A comment"]),
        ("CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90\n", []),
    ):
        assert described(saved(photo(), "JPEG", comment=text.encode())) == expected
        assert described(saved(photo().convert("P"), "GIF", comment=text.encode())) == expected


# Together


def test_what_several_say_is_given_once() -> None:
    exif = PIL.Image.Exif()
    exif[0x010E] = "two  DOGS"
    exif[0x9C9C] = "Another comment".encode("utf-16-le")
    data = saved(photo(), "JPEG", exif=exif, xmp=FULL)
    assert described(data) == [*FULL_TEXTS, "Another comment"]


def test_most_pictures_say_nothing() -> None:
    assert described(saved(photo(), "BMP")) == []
    assert picture_descriptions(photo()) == []


def test_damaged_metadata_never_raises() -> None:
    chance = random.Random(7)
    exif = PIL.Image.Exif()
    exif[0x010E] = "A red bus"
    exif[EXIF_IFD] = {USER_COMMENT: b"UNICODE\0" + "Grüße".encode("utf-16-le")}
    whole = saved(photo(), "JPEG", exif=exif, xmp=FULL)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(20):
            data[chance.randrange(20, len(FULL) + 200)] = chance.randrange(256)
        try:
            image = PIL.Image.open(io.BytesIO(bytes(data)))
        except Exception:
            continue
        assert isinstance(picture_descriptions(image), list)


def test_damage_gives_no_warning() -> None:
    whole = with_exif({0x010E: "A red bus"}, "WEBP")
    damaged = whole.replace(b"\x01\x0e\0\x02\0\0\0", b"\x01\x0e\0\x02\xff\xff\xff")
    assert damaged != whole
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        image = PIL.Image.open(io.BytesIO(damaged))
        before = len(shown)
        picture_descriptions(image)
    assert len(shown) == before


def test_odd_values_never_raise() -> None:
    for value in (None, 5, ("a", 1), {"b": 2}, [3], "text", b"\xff" * 9, "\ud800"):
        image = photo()
        image.format = "PNG"
        for key in ("xmp", "photoshop", "comment", "Title", "exif"):
            image.info[key] = value
        assert isinstance(picture_descriptions(image), list)


# What is a description


@pytest.mark.parametrize(
    "text",
    [
        "Two dogs",
        "Cat",
        "猫",
        "犬と猫",
        "Boeing 747",
        "My first digital camera",
        "Sony store in Berlin",
        "Created with love by grandma",
        "See www.example.org for more dogs",
        "Anniversary 1999",
        "Größe",
        "the sea; the sun",
        "Photo by Anna",
        "IMG_0599 shows a cat",
        "Paris, 2019-05-01",
    ],
)
def test_descriptions_are_kept(text: str) -> None:
    assert is_description(text)
    assert descriptions([text]) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "OLYMPUS DIGITAL CAMERA         ",
        "SONY DSC",
        "MINOLTA DSC",
        "KONICA MINOLTA DIGITAL CAMERA",
        "KODAK Digital Still Camera",
        "MOULTRIE DIGITAL GAME CAMERA",
        "MEDION DIGITAL CAMERA",
        "Digital Camera",
        "SAMSUNG",
        "SAMSUNG CAMERA PICTURES",
        "<KENOX S1050  / Samsung S1050>",
        "My beautiful picture",
        "DCIM",
        "DCIM\\108GOPRO\\GOPR2137.JPG",
        "hdrpl",
        "binary comment",
        "Created with GIMP",
        "Created with The GIMP",
        "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90",
        "File written by Adobe Photoshop¨ 4.0",
        "LEAD Technologies Inc. V1.01",
        "Created by Imlib",
        "Lavc58.54.100",
        "IMG_0599",
        "_DSC1234",
        "P101",
        "PXL_20230408_060152625",
        "20190405_123456",
        "holiday.jpg",
        "my holiday at sea.JPG",
        "0f343b0931126a20f133d67c2b018a3b",
        "",
        " \0\0 ",
        "12345",
        "!!! ???",
        "a",
        "https://example.org/a/b?c=d",
        "www.example.org",
        '{"prompt": "a dog"}',
        "[1, 2, a]",
        "a dog\nNegative prompt: cat\nSteps: 28, Sampler: Euler a, CFG scale: 7",
        "with a control \x07 character",
        "not \ufffd decoded",
        "word " * 1000,
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert not is_description(text)
    assert descriptions([text]) == []


@pytest.mark.parametrize(
    "text", ["1" * 3999 + "é", "a." * 2000, "A" * 3999 + "!", "{" * 4000, "- " * 1999 + "ab"]
)
def test_deciding_takes_no_time(text: str) -> None:
    for _ in range(100):
        is_description(text)
