"""Every format has a reader, which gives what the file holds, and no more than is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import PIL.Image
import pytest
from media_files import ffmpeg, page, pdf, photo, saved, sndfile, tone, write

from anysense.embed.errors import CorruptMediaError, MediaTooLargeError, UnsupportedMediaError
from anysense.embed.limits import Limits
from anysense.embed.media import pieces, signatures
from anysense.embed.media.image import read_image
from anysense.embed.media.pieces import Piece, ReadOptions, captions, read_pieces
from anysense.embed.types import WHOLE, Kind, Modality, Origin

if TYPE_CHECKING:
    from pathlib import Path

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
WORDS = b"Two dogs in the snow"
TAGS = {"title": "Blue Rain", "artist": "The Band", "comment": "A song about the weather"}
TAG_TEXTS = ["Blue Rain - The Band", "A song about the weather"]


def described_photo(file_format: str = "JPEG") -> bytes:
    """A picture with two descriptions, and the default of a camera, which is none."""
    exif = PIL.Image.Exif()
    exif[0x010E] = "Two dogs"
    exif[0x9C9B] = "OLYMPUS DIGITAL CAMERA".encode("utf-16-le")
    exif[0x9C9C] = "Winter at home".encode("utf-16-le")
    return saved(photo(), file_format, exif=exif)


def tagged_sound() -> bytes:
    return ffmpeg(tone(0.2), file_format="flac", codec="flac", tags=TAGS)


def read(source: Path | bytes, modality: Modality | None = None, **options: Any) -> list[Piece]:
    return list(read_pieces(source, ReadOptions(**options), modality)[1])


def captions_of(source: Path | bytes, **options: Any) -> list[str]:
    """The contents of the captions, after a look at what they say of themselves."""
    about = [piece for piece in read(source, **options) if piece.origin is not Origin.CONTENT]
    for piece in about:
        assert (piece.modality, piece.origin) == (TEXT, Origin.CAPTION)
        assert piece.place == WHOLE
    return [str(piece.content) for piece in about]


# Readers


def formats() -> list[signatures.Format]:
    """Every format that the registry of signatures tells apart."""
    tables = [
        *vars(signatures).values(),
        *signatures.OFFICE_FORMATS.values(),
        # Every row of its tables is asked for: a head that finds each would be a second registry.
        *(file_format for _, file_format in signatures._PREFIXES),
        signatures.format_of(b"RIFF....WEBP"),
        signatures.format_of(b"BM....\0\0\0\0...." + b"\x28\0\0\0"),
    ]
    return [entry for entry in tables if isinstance(entry, signatures.Format)]


def test_every_format_has_a_reader() -> None:
    names = {file_format.name for file_format in formats()}
    assert names >= {"text", "HTML", "PDF", "JPEG", "WebP", "BMP", "HEIC", "WAV", "Ogg", "WebM"}
    # A reader is asked for without a file of its format: `read_pieces` would want one of each.
    readers = {pieces._reader(file_format) for file_format in formats()}
    assert all(callable(reader) for reader in readers)
    assert len(readers) == len(set(pieces._READERS.values()))  # of the table, none is of no use
    assert names >= pieces._READERS.keys() - {kind.value for kind in Kind}


@pytest.mark.parametrize(
    ("name", "data", "kind", "modalities"),
    [
        ("a.txt", WORDS, Kind.TEXT, [TEXT]),
        ("a.md", WORDS, Kind.TEXT, [TEXT]),
        ("a.html", b"<!doctype html><p>" + WORDS, Kind.TEXT, [TEXT]),
        ("a.pdf", pdf([page("Two dogs")]), Kind.DOCUMENT, [TEXT, IMAGE]),
        ("a.png", saved(photo(), "PNG"), Kind.IMAGE, [IMAGE]),
        ("a.heic", saved(photo(), "HEIF"), Kind.IMAGE, [IMAGE]),
        ("a.wav", sndfile(tone(0.2)), Kind.AUDIO, [AUDIO]),
        ("a.m4a", ffmpeg(tone(0.2)), Kind.AUDIO, [AUDIO]),
        # The content tells what it is, whatever the name says.
        ("a.jpg", sndfile(tone(0.2)), Kind.AUDIO, [AUDIO]),
        ("a.txt", pdf([page("Two dogs")]), Kind.DOCUMENT, [TEXT, IMAGE]),
    ],
)
def test_what_files_hold(
    name: str, data: bytes, kind: Kind, modalities: list[Modality], tmp_path: Path
) -> None:
    path = write(tmp_path, name, data)
    told, contents = read_pieces(path, ReadOptions())
    listed = list(contents)
    assert told is kind
    assert [piece.modality for piece in listed] == modalities
    assert {piece.origin for piece in listed} == {Origin.CONTENT}
    if name not in ("a.md", "a.html"):  # of which a payload is plain text, or as the file
        again, contents = read_pieces(data, ReadOptions())
        assert (again, [piece.modality for piece in contents]) == (kind, modalities)


def test_contents_are_ready_for_encoders(tmp_path: Path) -> None:
    [text] = read(write(tmp_path, "a.txt", "Cafe\u0301\r\n".encode()))
    assert (text.content, text.place) == ("Caf\u00e9\n", WHOLE)
    data = described_photo("PNG")
    picture = read(data)[0]
    assert isinstance(picture.content, PIL.Image.Image)
    assert picture.content.mode == "RGB"
    assert picture.content.tobytes() == read_image(data).tobytes()
    path = write(tmp_path, "a.flac", tagged_sound())
    assert read(path)[0].content == path  # each encoder hears windows of its own
    assert read(path.read_bytes())[0].content == path.read_bytes()


def test_pieces_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    cut = write(tmp_path, "a.png", saved(photo(), "PNG")[:60])
    kind, contents = read_pieces(cut, ReadOptions())
    assert kind is Kind.IMAGE
    with pytest.raises(CorruptMediaError, match="damaged or truncated"):
        next(contents)


# What is wanted


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_words_in_a_picture_are_captions(file_format: str) -> None:
    assert captions_of(described_photo(file_format)) == ["Two dogs", "Winter at home"]


def test_words_in_the_tags_of_a_recording_are_captions(tmp_path: Path) -> None:
    data = tagged_sound()
    assert captions_of(data) == TAG_TEXTS
    assert captions_of(write(tmp_path, "a.flac", data)) == TAG_TEXTS


@pytest.mark.parametrize("data", [described_photo(), tagged_sound()], ids=["photo", "sound"])
@pytest.mark.parametrize("options", [{"captions": False}, {"modalities": {IMAGE, AUDIO}}])
def test_captions_that_nobody_wants_are_not_read(
    data: bytes, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> list[str]:
        raise AssertionError("read")

    for module in ("descriptions.picture_descriptions", "audio.tags.recording_descriptions"):
        monkeypatch.setattr(f"anysense.embed.media.{module}", refuse)
    [content] = read(data, **options)
    assert content.origin is Origin.CONTENT


def test_a_text_that_is_the_content_is_no_caption() -> None:
    [text] = read(WORDS, captions=False)
    assert (text.content, text.origin) == (WORDS.decode(), Origin.CONTENT)


def test_captions_of_texts() -> None:
    assert [piece.content for piece in captions(["a", "b"], "a", ReadOptions())] == ["a", "b"]
    assert list(captions([], "a", ReadOptions())) == []
    for options in (ReadOptions(captions=False), ReadOptions(frozenset({IMAGE}))):
        assert list(captions(["a"], "a", options)) == []


def test_limits_reach_every_reader() -> None:
    for data, limits in (
        (WORDS, Limits(text_characters=5)),
        (pdf([page("Two dogs")]), Limits(text_characters=5)),
        (pdf([page("Two dogs")] * 3), Limits(document_pages=2)),
        (saved(photo(), "PNG"), Limits(image_pixels=100)),
        (tagged_sound(), Limits(file_bytes=100)),
    ):
        with pytest.raises(MediaTooLargeError):
            read(data, limits=limits)


# What it must be


@pytest.mark.parametrize(
    ("data", "modality"),
    [
        (WORDS, TEXT),
        (pdf([page("Two dogs")]), TEXT),
        (described_photo(), IMAGE),
        (tagged_sound(), AUDIO),
    ],
)
def test_what_a_file_must_be_and_is(data: bytes, modality: Modality) -> None:
    """It changes nothing: the other pieces of the file are read too."""
    assert [piece.modality for piece in read(data, modality)] == [
        piece.modality for piece in read(data)
    ]


@pytest.mark.parametrize(
    ("data", "modality", "message"),
    [
        (WORDS, IMAGE, "is a text, not an image"),
        (WORDS, AUDIO, "is a text, not a recording"),
        (b"<!doctype html><p>words", IMAGE, "is an HTML page, not an image"),
        (pdf([page("words")]), IMAGE, "is a PDF document, not an image"),
        (pdf([page("words")]), AUDIO, "is a PDF document, not a recording"),
        (saved(photo(), "AVIF"), TEXT, "is an AVIF image, not a text"),
        (described_photo(), AUDIO, "is a JPEG image, not a recording"),
        (tagged_sound(), TEXT, "is a FLAC recording, not a text"),
        (sndfile(tone(0.1), file_format="MP3", subtype="MPEG_LAYER_III"), IMAGE, "is an MP3"),
    ],
)
def test_what_a_file_must_be_and_is_not(
    data: bytes, modality: Modality, message: str, tmp_path: Path
) -> None:
    for source, name in ((data, "<bytes>"), (write(tmp_path, "a", data), str(tmp_path / "a"))):
        with pytest.raises(UnsupportedMediaError) as caught:
            read_pieces(source, ReadOptions(), modality)  # at once, before a piece is asked for
        assert str(caught.value).startswith(f"{name}: {message}")


def test_captions_have_a_limit_together(caplog: pytest.LogCaptureFixture) -> None:
    options = ReadOptions(limits=Limits(text_characters=10))
    pieces = list(captions(["12345", "67890", "1", "2"], "a.mp3", options))
    assert [piece.content for piece in pieces] == ["12345", "67890"]
    assert caplog.messages == ["a.mp3: further words about it are left out: too many characters"]
