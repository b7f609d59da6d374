"""From a source to segments: of which modality, from which place, and of which origin they are."""

from __future__ import annotations

import base64
import contextlib
import logging
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
from media_files import ffmpeg, page, pdf, photo, saved, sndfile, tone, write
from tiny import PASSAGE_WORDS, TEXT_AUDIO, TEXT_IMAGE, TinyEncoder
from watched import picture, sound

from anysense.embed.encoders.passages import split_passages
from anysense.embed.errors import EmptyMediaError, UnsupportedMediaError
from anysense.embed.limits import Limits
from anysense.embed.media.document.document import read_document
from anysense.embed.media.pieces import Piece, ReadOptions
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.reading import MediaSource, pieces_of, prepare_pieces
from anysense.embed.pipeline.stream import Encoded, encode_sources
from anysense.embed.types import WHOLE, EncodedSegment, Kind, Modality, Origin, Passage, Place

if TYPE_CHECKING:
    from pathlib import Path

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
CONTENT, CAPTION = Origin.CONTENT, Origin.CAPTION
LONG = " ".join(["word"] * PASSAGE_WORDS)
RED_SQUARE = b"1 0 0 rg 100 500 200 200 re f"
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Winter</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def encode(*sources: MediaSource, encoders: Any = None, **options: Any) -> list[Encoded]:
    return list(encode_sources(encoders or [TinyEncoder()], sources, **options))


def segments_of(content: Any, *sidecars: Path, **options: Any) -> list[EncodedSegment]:
    [result] = encode(MediaSource("it", content, sidecars=sidecars), **options)
    assert result.error is None, result.error
    return result.segments


def listed(segments: list[EncodedSegment]) -> list[tuple[Any, ...]]:
    """All that segments say, but for their vectors."""
    return [(s.space, s.modality, s.origin, s.place, s.text) for s in segments]


def described_photo(text: str = "A red bus") -> bytes:
    exif = PIL.Image.Exif()
    exif[0x010E] = text
    return saved(photo(), "JPEG", exif=exif)


def tagged_sound(seconds: float = 25) -> bytes:
    tags = {"title": "Blue Rain", "artist": "The Band"}
    return ffmpeg(tone(seconds, 8000), 8000, "flac", "flac", tags=tags)


# One item of several modalities


def test_a_picture_and_the_words_in_its_file(tmp_path: Path) -> None:
    for source in (described_photo(), write(tmp_path, "a.jpg", described_photo())):
        [result] = encode(MediaSource("it", source))
        assert result.kind is Kind.IMAGE
        assert listed(result.segments) == [
            ("tiny", IMAGE, CONTENT, WHOLE, None),
            ("tiny", TEXT, CAPTION, WHOLE, "A red bus"),
        ]
        words = encode_query(TinyEncoder(), TEXT, "A red bus")
        assert np.array_equal(result.segments[1].vector, words)


def test_a_recording_and_the_words_of_its_tags() -> None:
    [result] = encode(MediaSource("it", tagged_sound()))
    assert result.kind is Kind.AUDIO
    assert listed(result.segments) == [
        ("tiny", AUDIO, CONTENT, Place.of_seconds(0, 10), None),
        ("tiny", AUDIO, CONTENT, Place.of_seconds(10, 20), None),
        ("tiny", AUDIO, CONTENT, Place.of_seconds(15, 25), None),
        ("tiny", TEXT, CAPTION, WHOLE, "Blue Rain - The Band"),
    ]


def test_long_words_about_an_item_are_passages_that_are_nowhere_in_it() -> None:
    first, *others = segments_of(described_photo(f"{LONG} {LONG} end"))
    assert first.modality is IMAGE
    assert listed(others) == [
        ("tiny", TEXT, CAPTION, WHOLE, LONG),
        ("tiny", TEXT, CAPTION, WHOLE, LONG),
        ("tiny", TEXT, CAPTION, WHOLE, "end"),
    ]


def test_a_document_has_passages_and_pages() -> None:
    data = pdf([page("one"), b"", page(f"{LONG} three"), RED_SQUARE])
    [result] = encode(MediaSource("it", data))
    assert result.kind is Kind.DOCUMENT
    text = read_document(data)
    passages, pages = result.segments[:-3], result.segments[-3:]
    for passage, number in zip(passages, (1, 3, 3), strict=True):
        start, end = passage.place.start, passage.place.end
        assert (passage.modality, passage.origin) == (TEXT, CONTENT)
        assert passage.place == Place.of_characters(start, end, number)
        assert text[start:end] == passage.text
    assert " ".join(passage.text or "" for passage in passages).split() == text.split()
    assert listed(pages) == [
        ("tiny", IMAGE, CONTENT, Place.of_page(number), None) for number in (1, 3, 4)
    ]


class Sentences(TinyEncoder):
    """Splits texts as the real encoders do, by words."""

    def passages(self, text: str) -> list[Passage]:
        return split_passages(text, lambda part: len(part.split()), 3)


def test_no_passage_goes_on_over_the_end_of_its_page() -> None:
    data = pdf(
        [b"", page("One two three."), page("Four"), b"", page("five. Six seven eight.", "Nine.")]
    )
    segments = segments_of(data, encoders=[Sentences(modalities=frozenset({TEXT}))])
    assert [(s.text.split(), s.place.page) for s in segments if s.text] == [
        (["One", "two", "three."], 2),
        (["Four"], 3),
        (["five."], 5),
        (["Six", "seven", "eight."], 5),
        (["Nine."], 5),
    ]


def test_only_documents_have_pages(tmp_path: Path) -> None:
    for source in ("red", b"red", write(tmp_path, "a.txt", b"red"), b"<!doctype html><p>red"):
        [segment] = segments_of(source)
        assert (segment.place, segment.text) == (Place.of_characters(0, 3), "red")


# Encoders that take some of it


ENCODERS = [
    TinyEncoder("words", frozenset({TEXT}), 24),
    TinyEncoder("seen", TEXT_IMAGE, 24),
    TinyEncoder("heard", TEXT_AUDIO, 24),
]


def spaces_of(content: Any, **options: Any) -> list[tuple[str, str]]:
    return [
        (segment.space, segment.modality.value)
        for segment in segments_of(content, encoders=ENCODERS, **options)
    ]


def test_segments_are_in_the_order_of_pieces_then_of_encoders() -> None:
    texts = [("words", "text"), ("seen", "text"), ("heard", "text")]
    assert spaces_of("red") == texts
    assert spaces_of(described_photo()) == [("seen", "image"), *texts]
    assert spaces_of(tagged_sound()) == [("heard", "audio")] * 3 + texts
    assert spaces_of(pdf([page("red"), RED_SQUARE])) == [*texts, *[("seen", "image")] * 2]
    assert spaces_of(pdf([RED_SQUARE, RED_SQUARE])) == [("seen", "image")] * 2
    assert spaces_of(picture()) == [("seen", "image")]
    assert spaces_of(sound(1)) == [("heard", "audio")]


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_the_order_does_not_depend_on_batches(batch_size: int) -> None:
    contents = [described_photo(), tagged_sound(), pdf([page("red"), RED_SQUARE]), "red"] * 3
    sources = [MediaSource(number, content) for number, content in enumerate(contents)]
    expected = encode(*sources, encoders=ENCODERS)
    results = encode(*sources, encoders=ENCODERS, batch_size=batch_size, workers=3)
    for left, right in zip(expected, results, strict=True):
        assert listed(left.segments) == listed(right.segments)
        for one, other in zip(left.segments, right.segments, strict=True):
            assert np.array_equal(one.vector, other.vector)


@pytest.mark.parametrize(
    ("modalities", "content", "kind", "expected"),
    [
        ({TEXT}, described_photo(), Kind.IMAGE, [(TEXT, CAPTION)]),
        ({TEXT}, tagged_sound(1), Kind.AUDIO, [(TEXT, CAPTION)]),
        ({TEXT}, pdf([page("red"), RED_SQUARE]), Kind.DOCUMENT, [(TEXT, CONTENT)]),
        ({IMAGE}, pdf([page("red"), RED_SQUARE]), Kind.DOCUMENT, [(IMAGE, CONTENT)] * 2),
        ({IMAGE}, described_photo(), Kind.IMAGE, [(IMAGE, CONTENT)]),
        ({AUDIO}, tagged_sound(1), Kind.AUDIO, [(AUDIO, CONTENT)]),
    ],
)
def test_an_encoder_takes_what_it_can_of_an_item(
    modalities: set[Modality], content: Any, kind: Kind, expected: list[tuple[Modality, Origin]]
) -> None:
    encoder = TinyEncoder("one", frozenset(modalities))
    [result] = encode(MediaSource("it", content), encoders=[encoder])
    assert result.kind is kind
    assert [(s.modality, s.origin) for s in result.segments] == expected


@pytest.mark.parametrize(
    ("modalities", "content", "message"),
    [
        ({TEXT}, saved(photo(), "PNG"), "is image, which none of these encoders takes: one"),
        ({TEXT}, sndfile(tone(0.5)), "is audio, which none of these encoders takes: one"),
        ({IMAGE, AUDIO}, "red", "is text, which none of these encoders takes: one"),
        ({AUDIO}, described_photo(), "is image, which none of these encoders takes: one"),
        ({IMAGE}, tagged_sound(1), "is audio, which none of these encoders takes: one"),
        ({AUDIO}, pdf([page("red")]), "is document, which none of these encoders takes: one"),
        ({AUDIO}, pdf([RED_SQUARE]), "is document, which none of these encoders takes: one"),
    ],
)
def test_what_no_encoder_takes(modalities: set[Modality], content: Any, message: str) -> None:
    encoder = TinyEncoder("one", frozenset(modalities))
    [result] = encode(MediaSource("it", content), encoders=[encoder])
    assert isinstance(result.error, UnsupportedMediaError)
    assert str(result.error) == f"it: {message}"
    assert result.segments == []
    assert encoder.encoded == 0


def test_a_scan_without_an_encoder_of_images_says_what_to_do() -> None:
    [result] = encode(
        MediaSource("scan.pdf", pdf([RED_SQUARE])), encoders=[TinyEncoder("one", TEXT_AUDIO)]
    )
    assert isinstance(result.error, EmptyMediaError)
    assert result.kind is Kind.DOCUMENT
    assert str(result.error) == (
        "scan.pdf: is a PDF document without a text layer, such as a scan: have its words "
        "recognised (--ocr), or use its pages as pictures"
    )


def test_options_say_what_is_prepared() -> None:
    options = ReadOptions(frozenset({IMAGE}))
    both = iter([Piece(TEXT, "red"), Piece(IMAGE, picture())])
    prepared = list(prepare_pieces([TinyEncoder()], both, options))
    assert [segment.modality for segment in prepared] == [IMAGE]


def test_captions_may_be_left_out(tmp_path: Path) -> None:
    words = write(tmp_path, "a.txt", b"Words")
    for content in (described_photo(), tagged_sound(1)):
        assert {s.origin for s in segments_of(content, words)} == {CONTENT, CAPTION}
        assert {s.origin for s in segments_of(content, words, captions=False)} == {CONTENT}
    [result] = encode(
        MediaSource("it", described_photo(), sidecars=[words]),
        encoders=[TinyEncoder("one", frozenset({TEXT}))],
        captions=False,
    )
    assert "is image, which none of these encoders takes" in str(result.error)


def test_a_query_is_the_content_alone() -> None:
    encoder = TinyEncoder()
    for content, modality in ((described_photo(), IMAGE), (tagged_sound(1), AUDIO)):
        [alone] = segments_of(content, captions=False)
        assert np.array_equal(encode_query(encoder, modality, content), alone.vector)
    [passage, _] = segments_of(pdf([page("red")]))
    assert np.array_equal(encode_query(encoder, TEXT, pdf([page("red")])), passage.vector)
    with pytest.raises(UnsupportedMediaError, match="is a PDF document, not an image"):
        encode_query(encoder, IMAGE, pdf([RED_SQUARE]))


# Sidecars


def test_words_beside_a_file_follow_those_in_it(tmp_path: Path) -> None:
    words = write(tmp_path, "a.txt", f"{LONG} more\n".encode())
    about = write(tmp_path, "a.jpg.xmp", XMP)
    assert listed(segments_of(write(tmp_path, "a.jpg", described_photo()), words, about)) == [
        ("tiny", IMAGE, CONTENT, WHOLE, None),
        ("tiny", TEXT, CAPTION, WHOLE, "A red bus"),
        ("tiny", TEXT, CAPTION, WHOLE, LONG),
        ("tiny", TEXT, CAPTION, WHOLE, "more"),
        ("tiny", TEXT, CAPTION, WHOLE, "Winter"),
    ]


@pytest.mark.parametrize("content", [picture(), sound(1), described_photo()])
def test_anything_may_have_words_beside_it(content: Any, tmp_path: Path) -> None:
    words = write(tmp_path, "a.txt", b"Words")
    *_, last = segments_of(content, words)
    assert listed([last]) == [("tiny", TEXT, CAPTION, WHOLE, "Words")]
    [alone] = segments_of(content, words, encoders=[TinyEncoder("w", frozenset({TEXT}))])[-1:]
    assert alone.text == "Words"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", ""),
        ("a.txt", b" \n", ""),
        ("a.txt", b"text\0with a hole", "it holds NUL characters, so it is not a text"),
        ("a.txt", b"x" * 101, "it has over 100 characters"),
        ("a.txt", b"x" * 10_000, "it has over 100 characters"),
        ("a.xmp", b"no XML", "it is no XML: Start tag expected, '<' not found, line 1, column 1"),
        ("a.xmp", b"", ""),
    ],
)
def test_words_beside_a_file_that_are_none_are_no_error(
    name: str, data: bytes, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits, path = Limits(text_characters=100), write(tmp_path, name, data)
    [segment] = segments_of(picture(), path, limits=limits)
    assert segment.modality is IMAGE
    warnings = [f"{path}: its words are left out: {reason}"] if reason else []
    assert caplog.messages == warnings


def test_a_file_beside_another_that_cannot_be_read_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, gone = tmp_path / "folder.txt", tmp_path / "gone.txt"
    folder.mkdir()
    words = write(tmp_path, "a.txt", b"Words")
    assert [s.text for s in segments_of(picture(), gone, folder, words)] == [None, "Words"]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert [record.getMessage() for record in caplog.records] == [
        f"{gone}: its words are left out: it does not exist",
        f"{folder}: its words are left out: it is a directory, not a file",
    ]


def test_words_beside_a_broken_file_do_not_save_it(tmp_path: Path) -> None:
    words = write(tmp_path, "a.txt", b"Words")
    cut = described_photo()[:300]
    for encoders in (None, [TinyEncoder("one", frozenset({TEXT}))]):
        [result] = encode(MediaSource("it", cut, sidecars=[words]), encoders=encoders)
        assert "it: looks like a JPEG image, but is damaged" in str(result.error)
        assert result.segments == []


# Pieces


def test_pieces_of_content_in_memory() -> None:
    for content, kind, modality in (
        ("red", Kind.TEXT, TEXT),
        (picture(), Kind.IMAGE, IMAGE),
        (sound(1), Kind.AUDIO, AUDIO),
    ):
        for given in (None, modality):
            told, pieces = pieces_of(MediaSource("it", content, given), ReadOptions())
            [piece] = pieces
            assert (told, piece.modality, piece.place) == (kind, modality, WHOLE)
            assert piece.origin is CONTENT
        wrong = next(other for other in Modality if other is not modality)
        with pytest.raises(UnsupportedMediaError, match=f"^it: is given as {wrong}, but holds"):
            pieces_of(MediaSource("it", content, wrong), ReadOptions())
    with pytest.raises(UnsupportedMediaError, match="is a list, which anysense does not read"):
        pieces_of(MediaSource("it", [1, 2]), ReadOptions())  # type: ignore[arg-type]


def test_a_run_that_ends_early_ends_the_process_that_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    sources = (MediaSource(number, pdf([RED_SQUARE] * 30)) for number in range(4))
    with contextlib.closing(
        encode_sources([TinyEncoder()], sources, workers=2, look_ahead_bytes=1)
    ) as results:
        assert len(next(results).segments) == 30
    assert started
    assert all(process.returncode is not None for process in started)


def test_a_ruled_line_is_no_segment() -> None:
    words = [*["word"] * PASSAGE_WORDS, *["-----"] * PASSAGE_WORDS, "end"]
    assert [s.text for s in segments_of(" ".join(words))] == [LONG, "end"]


def test_data_in_a_text_is_left_out() -> None:
    [segment] = segments_of("before " + "QUJD" * 100 + "9 after")
    assert segment.text == "before … after"


def test_texts_are_read_in_a_named_encoding(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "Š".encode("cp1250"))
    [segment] = segments_of(path, encoding="cp1250")
    assert segment.text == "Š"


class Looking(TinyEncoder):
    """Notes how large pictures come to it."""

    def __init__(self, name: str, image_side: int | None) -> None:
        super().__init__(name, image_side=image_side)
        self.seen: list[tuple[int, int]] = []

    def prepare(self, modality: Modality, content: Any) -> Any:
        if modality is IMAGE:
            self.seen.append(content.size)
        return super().prepare(modality, content)


def test_each_encoder_sees_a_jpeg_as_large_as_it_needs_whoever_looks_too() -> None:
    data = saved(photo().resize((1280, 960)), "JPEG")
    encoders = [Looking(f"tiny-{side}", side) for side in (100, 240, None, 480)]
    [together] = encode(MediaSource("it", data), encoders=encoders)
    assert [encoder.seen for encoder in encoders] == [
        [(160, 120)], [(320, 240)], [(1280, 960)], [(640, 480)]
    ]  # fmt: skip
    found = {segment.space: segment.vector for segment in together.segments}
    assert list(found) == ["tiny-None", "tiny-480", "tiny-240", "tiny-100"]
    for encoder in encoders:
        [alone] = encode(MediaSource("it", data), encoders=[encoder])
        queried = encode_query(encoder, IMAGE, data)
        assert np.array_equal(alone.segments[0].vector, found[encoder.space.id])
        assert np.array_equal(queried, found[encoder.space.id])
        assert len(set(encoder.seen)) == 1


def test_a_jpeg_inside_a_text_is_seen_like_one_by_itself() -> None:
    data = saved(photo().resize((1280, 960)), "JPEG")
    encoder = Looking("tiny", 100)
    uri = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    text = f"A photo of mine.\n\n![it]({uri})\n".encode()
    [result] = encode(MediaSource("it", text), encoders=[encoder])
    [inside] = [s.vector for s in result.segments if s.modality is IMAGE]
    [alone] = encode(MediaSource("it", data), encoders=[encoder])
    assert encoder.seen == [(160, 120)] * 2
    assert np.array_equal(inside, alone.segments[0].vector)
