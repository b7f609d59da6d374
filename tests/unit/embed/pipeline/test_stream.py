"""The pipeline on a real encoder that needs no model: order, bounds, errors, and stopping."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
from tiny import TEXT_AUDIO, TEXT_IMAGE, TinyEncoder
from watched import Watched, no_threads_left, picture, sound

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    EncoderError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.limits import Limits
from anysense.embed.media.pieces import Piece
from anysense.embed.pipeline.stream import Encoded, MediaSource, encode_sources
from anysense.embed.types import WHOLE, Kind, Modality, Origin, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.embed.types import FloatArray


def run(encoders: Any, sources: Any, **options: Any) -> list[Encoded]:
    return list(encode_sources(encoders, sources, **options))


def test_results_come_in_order_and_bad_files_stop_nothing(files: list[Path]) -> None:
    results = run([TinyEncoder()], [MediaSource(i, path) for i, path in enumerate(files)])
    assert [result.source.key for result in results] == list(range(len(files)))
    kinds = [result.kind for result in results]
    assert kinds == [
        Kind.IMAGE,
        Kind.TEXT,
        Kind.AUDIO,
        Kind.IMAGE,
        None,
        Kind.IMAGE,
        None,
        Kind.TEXT,
    ]
    errors = {Path(r.source.content).name: r.error for r in results if r.error is not None}
    assert set(errors) == {"d.png", "e.txt", "g.xyz"}
    assert isinstance(errors["d.png"], CorruptMediaError)
    assert isinstance(errors["e.txt"], EmptyMediaError)
    assert isinstance(errors["g.xyz"], UnsupportedMediaError)
    for result in results:
        assert (result.error is None) == bool(result.segments)
        for segment in result.segments:
            assert segment.space == "tiny"
            assert segment.modality is result.kind.modality
            assert segment.origin is Origin.CONTENT
            assert segment.vector.shape == (32,)


def test_a_file_is_closed_when_its_piece_cannot_be_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(TinyEncoder):
        def prepare(self, modality: Modality, content: Any) -> Any:
            raise CorruptMediaError(str(path), "cannot be prepared")

    opened: list[Path] = []
    ever: list[Path] = []

    def read(source: Path, options: object) -> Iterator[Piece]:
        opened.append(source)
        ever.append(source)
        try:
            yield Piece(Modality.IMAGE, PIL.Image.new("RGB", (4, 4)))
        finally:
            opened.remove(source)

    path = tmp_path / "a.png"
    PIL.Image.new("RGB", (4, 4)).save(path)
    monkeypatch.setattr("anysense.embed.media.picture.motion.photo_pieces", read)
    [result] = run([Refusing()], [MediaSource("a", path)])
    assert result.error is not None  # which keeps what was going on when it was raised
    assert (opened, ever) == ([], [path])


def test_segments_say_where_they_are(files: list[Path]) -> None:
    image, text, audio = run([TinyEncoder()], [MediaSource(p.name, p) for p in files[:3]])
    assert [(s.place, s.text) for s in image.segments] == [(WHOLE, None)]
    windows = [Place.of_seconds(*times) for times in ((0, 10), (10, 20), (15, 25))]
    assert [(s.place, s.text) for s in audio.segments] == [(window, None) for window in windows]
    content = "A red thing. " * 30
    assert len(text.segments) == 5  # 20 words each
    for segment in text.segments:
        start, end = segment.place.start, segment.place.end
        assert segment.place == Place.of_characters(start, end)
        assert content[start:end] == segment.text


def test_each_space_that_takes_a_modality_gets_it() -> None:
    encoders = [TinyEncoder("one", TEXT_IMAGE, 24), TinyEncoder("two", TEXT_AUDIO, 24)]
    sources = [MediaSource(0, "red"), MediaSource(1, picture()), MediaSource(2, sound(1))]
    spaces = [[s.space for s in result.segments] for result in run(encoders, sources)]
    assert spaces == [["one", "two"], ["one"], ["two"]]
    (refused,) = run(encoders[:1], sources[2:])
    assert isinstance(refused.error, UnsupportedMediaError)
    assert "is audio, which none of these encoders takes: one" in str(refused.error)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 1000])
@pytest.mark.parametrize("workers", [1, 5])
def test_results_do_not_depend_on_batches_or_workers(
    files: list[Path], batch_size: int, workers: int
) -> None:
    sources = [MediaSource(i, path) for i, path in enumerate(files * 3)]
    expected = run([TinyEncoder()], sources)
    results = run([TinyEncoder()], sources, batch_size=batch_size, workers=workers)
    for left, right in zip(expected, results, strict=True):
        assert left.source == right.source
        assert str(left.error) == str(right.error)
        assert left.kind is right.kind
        assert [(s.modality, s.place, s.text, s.origin) for s in left.segments] == [
            (s.modality, s.place, s.text, s.origin) for s in right.segments
        ]
        assert all(
            np.array_equal(a.vector, b.vector)
            for a, b in zip(left.segments, right.segments, strict=True)
        )


def test_batches_are_filled_across_sources() -> None:
    encoder = Watched()
    run([encoder], [MediaSource(i, "red " * 30) for i in range(10)], batch_size=8)
    assert encoder.batches == [(Modality.TEXT, 8), (Modality.TEXT, 8), (Modality.TEXT, 4)]
    assert len(encoder.threads) == 1
    assert threading.current_thread().name not in encoder.threads


def test_a_rare_modality_does_not_hold_the_others_up() -> None:
    """One picture, whose batch never fills, before endless texts: it comes all the same."""

    def sources() -> Iterator[MediaSource]:
        yield MediaSource("picture", picture())
        n = 0
        while True:
            yield MediaSource(n, "red")
            n += 1

    with contextlib.closing(encode_sources([TinyEncoder()], sources(), batch_size=8)) as results:
        taken = [next(results).source.key for _ in range(100)]
    assert taken == ["picture", *range(99)]


def test_sources_are_read_no_further_than_needed() -> None:
    read = 0

    def sources() -> Iterator[MediaSource]:
        nonlocal read
        while True:
            read += 1
            yield MediaSource(read, "red")

    with contextlib.closing(
        encode_sources([TinyEncoder()], sources(), batch_size=4, workers=2)
    ) as results:
        for _ in range(5):
            next(results)
        assert read < 60


def test_a_long_recording_streams_in_bounded_memory() -> None:
    """Of an hour's 360 windows, and of ten such sources at once, few wait at any time."""
    encoder = Watched(heavy=1000)
    hour = sound(3600)
    sources = [MediaSource(n, hour) for n in range(3)]
    results = run([encoder], sources, batch_size=4, workers=3, look_ahead_bytes=20_000)
    assert [len(result.segments) for result in results] == [360] * 3
    assert encoder.most_waiting <= 20 + 3 + 4 * 4  # look-ahead, readers' hands, batches


def test_the_first_in_line_moves_on_when_others_fill_the_look_ahead() -> None:
    sources = [MediaSource(n, sound(100 + n)) for n in range(8)]
    results = run([TinyEncoder()], sources, batch_size=3, workers=4, look_ahead_bytes=1)
    assert [result.source.key for result in results] == list(range(8))


def test_closing_stops_the_threads_at_once() -> None:
    encoder = Watched(heavy=1_000_000)
    clip = sound(600)
    results = encode_sources([encoder], (MediaSource(n, clip) for n in range(50)))
    next(results)
    started = time.perf_counter()
    results.close()
    assert time.perf_counter() - started < 30  # not after all fifty clips
    assert no_threads_left()


def test_an_exception_in_the_callers_loop_stops_the_threads() -> None:
    def consume() -> None:
        for _ in encode_sources([TinyEncoder()], (MediaSource(n, "red") for n in range(10_000))):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert no_threads_left()


def test_an_exception_in_the_sources_reaches_the_caller() -> None:
    def sources() -> Iterator[MediaSource]:
        yield MediaSource(0, "red")
        raise ValueError("the list ends badly")

    with pytest.raises(ValueError, match="ends badly"):
        run([TinyEncoder()], sources())


class Faulty(TinyEncoder):
    """Fails on texts that say so."""

    def prepare(self, modality: Modality, content: Any) -> Any:
        if content == "crash":
            raise ZeroDivisionError("division by zero")
        if content == "memory":
            raise MemoryError
        if content == "weights":
            raise EncoderError("its weights are damaged")
        return (content, super().prepare(modality, content))

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        if any(content == "nan" for content, _ in prepared):
            raise CorruptMediaError("<input>", "its vector is not finite")
        return super().encode(modality, [vector for _, vector in prepared])


def test_one_bad_input_does_not_take_its_batch_along() -> None:
    texts = ["red", "nan", "blue", "crash", "memory", "green"]
    results = run([Faulty()], [MediaSource(text, text) for text in texts])
    errors = {r.source.key: r.error for r in results}
    assert [key for key, error in errors.items() if error is None] == ["red", "blue", "green"]
    assert str(errors["nan"]) == "nan: its vector is not finite"
    assert "ZeroDivisionError: division by zero" in str(errors["crash"])
    assert isinstance(errors["memory"], MediaTooLargeError)
    assert all(isinstance(e, MediaError) for e in errors.values() if e is not None)


def test_a_model_that_cannot_be_used_ends_the_run() -> None:
    with pytest.raises(EncoderError, match="weights are damaged"):
        run([Faulty()], [MediaSource(text, text) for text in ("red", "weights", "blue")])


def test_limits_reach_the_readers(files: list[Path]) -> None:
    limits = Limits(image_pixels=100, audio_seconds=5, text_characters=10)
    results = run([TinyEncoder()], [MediaSource(p.name, p) for p in files[:3]], limits=limits)
    assert all(isinstance(result.error, MediaTooLargeError) for result in results)
    (inline,) = run([TinyEncoder()], [MediaSource("note", "x" * 11)], limits=limits)
    assert str(inline.error) == "note: has 11 of at most 10 characters"


@pytest.mark.parametrize(
    ("content", "modality", "message"),
    [
        ("red", Modality.IMAGE, "is given as image, but holds a str"),
        ("red", Modality.AUDIO, "is given as audio, but holds a str"),
        (sound(1), Modality.TEXT, "is given as text, but holds a Waveform"),
        ("  ", None, "white space"),
    ],
)
def test_content_that_is_not_what_it_is_called(
    content: Any, modality: Modality | None, message: str
) -> None:
    (result,) = run([TinyEncoder()], [MediaSource("it", content, modality)])
    assert message in str(result.error)
    assert str(result.error).startswith("it: ")


def test_pictures_in_memory_are_turned_as_their_files_are(tmp_path: Path) -> None:
    image = PIL.Image.new("RGB", (40, 20), (255, 0, 0))
    image.paste((0, 0, 255), (20, 0, 40, 20))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)

    class Sizes(TinyEncoder):
        def prepare(self, modality: Modality, content: Any) -> Any:
            return np.float32([*content.size, *([0] * 30)])

    with PIL.Image.open(tmp_path / "turned.png") as opened:
        sources = [MediaSource(0, tmp_path / "turned.png"), MediaSource(1, opened)]
        results = run([Sizes()], sources)
    assert [tuple(r.segments[0].vector[:2]) for r in results] == [(20, 40), (20, 40)]


def test_arguments_are_checked_at_once() -> None:
    for encoders in ([], [TinyEncoder(), TinyEncoder()]):
        with pytest.raises(UsageError, match="no two of the same name"):
            encode_sources(encoders, [])
    for options in ({"batch_size": 0}, {"workers": -1}):
        with pytest.raises(UsageError, match="at least 1"):
            encode_sources([TinyEncoder()], [], **options)  # type: ignore[arg-type]


def test_nothing_gives_nothing() -> None:
    assert run([TinyEncoder()], []) == []


def test_a_decoder_that_is_not_installed_ends_the_run(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = next(path for path in files if path.suffix in (".png", ".jpg"))
    monkeypatch.setitem(sys.modules, "anysense.embed.media.picture.motion", None)
    with pytest.raises(
        EncoderError, match=r"'anysense\.embed\.media\.picture\.motion' is not installed"
    ):
        run([TinyEncoder()], [MediaSource(0, picture, Modality.IMAGE)])
