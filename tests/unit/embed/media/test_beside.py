"""Texts beside pictures, sounds and videos are paired by name and read; other texts are not."""

from __future__ import annotations

import io

import pytest

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.beside import pair_sidecars, read_sidecar, sidecar_names

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Winter</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">OLYMPUS DIGITAL CAMERA</rdf:li></rdf:Alt>
</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"""


def read(data: bytes, name: str = "photo.txt", limits: Limits = DEFAULT_LIMITS) -> list[str]:
    return read_sidecar(io.BytesIO(data), name, limits)


# Names


def test_names() -> None:
    assert sidecar_names("photo.jpg") == (
        "photo.jpg.txt",
        "photo.txt",
        "photo.jpg.xmp",
        "photo.xmp",
        "photo.jpg.json",
        "photo.jpg.supplemental-metadata.json",
        "photo.json",
    )
    assert sidecar_names("IMG_20240102_030405_678.jpg")[5:] == (
        "IMG_20240102_030405_678.jpg.supplemental-metad.json",
        "IMG_20240102_030405_678.json",
    )
    for name in ("a.md", "a.pdf", "a.docx"):
        assert sidecar_names(name)[0] == f"{name}.json"
    assert sidecar_names("a/b.c/my.song.MP3")[:2] == ("a/b.c/my.song.MP3.txt", "a/b.c/my.song.txt")
    assert sidecar_names("clip.mov")[1] == "clip.txt"


@pytest.mark.parametrize(
    "name", ["a.txt", "a.md", "a.html", "a.pdf", "a.xmp", "a", "", ".jpg", "jpg", "a.jpg.txt"]
)
def test_texts_and_documents_have_no_words_beside_them(name: str) -> None:
    assert all(beside.endswith(".json") for beside in sidecar_names(name))


@pytest.mark.parametrize("name", ["a.xmp", "a", "", ".jpg", "jpg", "a.json", "a.zip"])
def test_what_is_not_read_has_none(name: str) -> None:
    assert sidecar_names(name) == ()


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["a.jpg", "a.txt"], {"a.jpg": ["a.txt"]}),
        (["a.jpg", "a.jpg.txt"], {"a.jpg": ["a.jpg.txt"]}),
        (["a.jpg", "a.xmp", "a.txt"], {"a.jpg": ["a.txt", "a.xmp"]}),
        # The whole name is meant more than the stem.
        (["a.jpg", "a.txt", "a.jpg.txt"], {"a.jpg": ["a.jpg.txt"]}),
        (
            ["a.jpg", "a.png", "a.txt", "a.jpg.txt"],
            {"a.jpg": ["a.jpg.txt"], "a.png": ["a.txt"]},
        ),
        (["a.jpg", "a.jpg.txt", "a.xmp"], {"a.jpg": ["a.jpg.txt", "a.xmp"]}),
        # Files of one stem are one object.
        (["a.jpg", "a.png", "a.txt"], {"a.jpg": ["a.txt"], "a.png": ["a.txt"]}),
        (["I.HEIC", "I.MOV", "I.xmp"], {"I.HEIC": ["I.xmp"], "I.MOV": ["I.xmp"]}),
        (["D.JPG", "D.WAV", "D.TXT"], {"D.JPG": ["D.TXT"], "D.WAV": ["D.TXT"]}),
        # Case: the same before the nearly same.
        (["A.JPG", "a.txt"], {"A.JPG": ["a.txt"]}),
        (["A.JPG", "a.txt", "A.txt"], {"A.JPG": ["A.txt"]}),
        (["A.JPG", "a.jpg.TXT", "A.txt"], {"A.JPG": ["a.jpg.TXT"]}),
        # Other texts are documents.
        (["a.pdf", "a.txt"], {}),
        (["a.md", "a.txt", "b.jpg"], {}),
        (["a.jpg", "b.txt", "a1.txt", "a.jpeg.txt"], {}),
        (["a.txt", "a.txt.txt", "a.xmp"], {}),
        (["a.txt"], {}),
        ([], {}),
        # Metadata.
        (["a.jpg", "a.json", "a.txt"], {"a.jpg": ["a.txt", "a.json"]}),
        (["a.jpg", "a.json", "a.jpg.JSON"], {"a.jpg": ["a.jpg.JSON"]}),
        (["a.md", "a.json"], {}),
        (["a.md", "a.md.json", "b.json", "b.json.json"], {"a.md": ["a.md.json"]}),
    ],
)
def test_pairs(names: list[str], pairs: dict[str, list[str]]) -> None:
    assert pair_sidecars(names) == pairs
    assert pair_sidecars(iter(names[::-1])) == pairs


def test_a_large_folder_takes_no_time() -> None:
    names = [f"{at}.{suffix}" for at in range(20_000) for suffix in ("jpg", "txt")]
    pairs = pair_sidecars(names)
    assert len(pairs) == 20_000
    assert pairs["123.jpg"] == ["123.txt"]


# Words


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_file_is_one_text(encoding: str) -> None:
    text = "Zwei Füchse im Schnee.\n\nÜber dem Hügel die Sonne."
    assert read((text + "\r\n").encode(encoding)) == [text]


def test_what_somebody_wrote_is_not_doubted() -> None:
    assert read(b"SAMSUNG") == ["SAMSUNG"]


def test_xmp_files() -> None:
    assert read(XMP.encode(), "photo.jpg.XMP") == ["Winter"]
    assert read(XMP.encode(), "photo.txt") == [XMP.strip()]


@pytest.mark.parametrize(
    "data",
    [
        b"no XML",
        XMP[:-50].encode(),
        b"<!DOCTYPE a>" + XMP.encode(),
        b" " * 5_000_000 + XMP.encode(),
    ],
)
def test_xmp_files_that_are_broken_are_told(data: bytes) -> None:
    with pytest.raises(CorruptMediaError, match=r"a\.xmp: (is no XML|has)"):
        read(data, "a.xmp")


@pytest.mark.parametrize("data", [b"", b" \n", XMP.replace("Winter", "").encode()])
def test_xmp_files_without_words(data: bytes) -> None:
    assert read(data, "a.xmp") == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyMediaError),
        (b" \n\t", EmptyMediaError),
        (b"text\0with a hole", CorruptMediaError),
        (b"\xff\xfea", CorruptMediaError),
        (bytes(range(1, 160)), UnsupportedMediaError),
        (b"\x89PNG\r\n\x1a\n\0\0", CorruptMediaError),
    ],
)
def test_texts_that_are_none(data: bytes, error: type[MediaError]) -> None:
    with pytest.raises(error):
        read(data, "a.txt")


def test_the_limit_of_characters() -> None:
    limits = Limits(text_characters=10)
    assert read(b"ten words.", limits=limits) == ["ten words."]
    with pytest.raises(MediaTooLargeError, match="has over 10 characters"):
        read(b"eleven word", limits=limits)
    assert read("日本語日本語日本語日".encode(), limits=limits) == ["日本語日本語日本語日"]
    with pytest.raises(MediaTooLargeError):
        read(b"word " * 1000, limits=limits)
