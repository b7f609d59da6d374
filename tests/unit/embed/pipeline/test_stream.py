"""The pipeline on a real encoder that needs no model: order, bounds, errors, and stopping."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
import soundfile
from media_files import ffmpeg, sndfile, tone
from tiny import TEXT_AUDIO, TEXT_IMAGE, TinyEncoder

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
from anysense.embed.pipeline import stream as pipeline
from anysense.embed.pipeline.lookahead import Budget, Buffer, Prepared, Stopped, size_of
from anysense.embed.pipeline.stream import MediaSource, encode_query, encode_sources
from anysense.embed.types import Modality, Waveform
from anysense.embed.waiting import IS_QUERY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.embed.types import FloatArray

SUPPORT = Path(__file__).parents[3] / "support"


class Watched(TinyEncoder):
    """Says what it was given: sizes of batches, and how many prepared segments wait for it."""

    def __init__(self, *args: Any, slow: float = 0.0, heavy: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slow, self.heavy = slow, heavy
        self.batches: list[tuple[Modality, int]] = []
        self.threads: set[str] = set()
        self.inside = 0
        self.waiting = 0
        self.most_waiting = 0
        self.lock = threading.Lock()

    def prepare(self, modality: Modality, content: Any) -> Any:
        with self.lock:
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
        vector = super().prepare(modality, content)
        return (vector, np.zeros(self.heavy, np.uint8)) if self.heavy else vector

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        self.inside += 1
        assert self.inside == 1, "encode was entered twice at once"
        self.threads.add(threading.current_thread().name)
        time.sleep(self.slow)
        self.batches.append((modality, len(prepared)))
        with self.lock:
            self.waiting -= len(prepared)
        vectors = super().encode(modality, [p[0] if self.heavy else p for p in prepared])
        self.inside -= 1
        return vectors


def picture(colour: tuple[int, int, int] = (255, 0, 0)) -> PIL.Image.Image:
    return PIL.Image.new("RGB", (24, 16), colour)


def sound(seconds: float, frequency: float = 200.0, rate: int = 8000) -> Waveform:
    time_axis = np.arange(int(seconds * rate)) / rate
    return Waveform(np.sin(2 * np.pi * frequency * time_axis).astype(np.float32) / 2, rate)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Every modality, with files among them that cannot be read."""
    picture((200, 10, 10)).save(tmp_path / "a.png")
    (tmp_path / "b.txt").write_text("A red thing. " * 30)
    soundfile.write(tmp_path / "c.wav", sound(25).samples, 8000)
    (tmp_path / "d.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    (tmp_path / "e.txt").write_bytes(b"")
    picture((10, 200, 10)).save(tmp_path / "f.png")
    (tmp_path / "g.xyz").write_bytes(b"\x00\x01\x02" * 30)
    (tmp_path / "h.txt").write_text("low")
    return sorted(tmp_path.iterdir())


def run(encoders: Any, sources: Any, **options: Any) -> list[pipeline.Encoded]:
    return list(encode_sources(encoders, sources, **options))


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    """What a process of its own makes of an indented script."""
    command = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(command, timeout=300, capture_output=True, text=True, check=False)


def no_threads_left() -> bool:
    names = ("anysense-read", "anysense-model")
    return not any(thread.name.startswith(names) for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    yield
    assert no_threads_left()


def test_results_come_in_order_and_bad_files_stop_nothing(files: list[Path]) -> None:
    results = run([TinyEncoder()], [MediaSource(i, path) for i, path in enumerate(files)])
    assert [result.source.key for result in results] == list(range(len(files)))
    kinds = [result.modality for result in results]
    assert kinds[:3] == [Modality.IMAGE, Modality.TEXT, Modality.AUDIO]
    errors = {Path(r.source.content).name: r.error for r in results if r.error is not None}
    assert set(errors) == {"d.png", "e.txt", "g.xyz"}
    assert isinstance(errors["d.png"], CorruptMediaError)
    assert isinstance(errors["e.txt"], EmptyMediaError)
    assert isinstance(errors["g.xyz"], UnsupportedMediaError)
    for result in results:
        assert (result.error is None) == bool(result.segments)
        for segment in result.segments:
            assert segment.space == "tiny"
            assert segment.vector.shape == (32,)


def test_segments_say_where_they_are(files: list[Path]) -> None:
    image, text, audio = run([TinyEncoder()], [MediaSource(p.name, p) for p in files[:3]])
    assert [(s.start, s.end, s.text) for s in image.segments] == [(None, None, None)]
    assert [(s.start, s.end) for s in audio.segments] == [(0, 10), (10, 20), (15, 25)]
    content = "A red thing. " * 30
    assert len(text.segments) == 5  # 20 words each
    assert all(content[int(s.start or 0) : int(s.end or 0)] == s.text for s in text.segments)


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
        assert [(s.start, s.end, s.text) for s in left.segments] == [
            (s.start, s.end, s.text) for s in right.segments
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


def test_a_long_recording_streams_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an hour's 360 windows, and of ten such sources at once, few wait at any time."""
    monkeypatch.setattr(pipeline, "LOOK_AHEAD_BYTES", 20_000)
    encoder = Watched(heavy=1000)
    hour = sound(3600)
    results = run([encoder], [MediaSource(n, hour) for n in range(3)], batch_size=4, workers=3)
    assert [len(result.segments) for result in results] == [360] * 3
    assert encoder.most_waiting <= 20 + 3 + 4 * 4  # look-ahead, readers' hands, batches


def test_the_first_in_line_moves_on_when_others_fill_the_look_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "LOOK_AHEAD_BYTES", 1)
    sources = [MediaSource(n, sound(100 + n)) for n in range(8)]
    results = run([TinyEncoder()], sources, batch_size=3, workers=4)
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


@pytest.mark.parametrize("how", ["raise SystemExit(3)", "raise KeyboardInterrupt"])
def test_the_interpreter_ends_though_a_run_was_left_open(how: str, tmp_path: Path) -> None:
    """The traceback keeps the iterator alive: nothing closes it before the threads are joined."""
    script = f"""
        import sys
        sys.path.insert(0, {str(SUPPORT)!r})
        import numpy as np
        from tiny import TinyEncoder
        from anysense.embed import pipeline
        from anysense.embed.types import Waveform
        pipeline.LOOK_AHEAD_BYTES = 1
        hour = Waveform(np.ones(8000 * 3600, np.float32) / 2, 8000)
        results = pipeline.encode_sources(
            [TinyEncoder()], (pipeline.MediaSource(n, hour) for n in range(20)), batch_size=1
        )
        keep = []
        for result in results:
            keep.append(results)
            {how}
    """
    done = run_script(script)
    assert done.returncode != 0
    assert "Timeout" not in done.stderr


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


def test_a_query_is_the_vector_that_indexing_gives(files: list[Path]) -> None:
    encoder = TinyEncoder()
    results = run([encoder], [MediaSource(p.name, p) for p in files[:3]])
    for result in results:
        assert result.modality is not None
        vector = encode_query(encoder, result.modality, result.source.content)
        if len(result.segments) == 1:
            assert np.array_equal(vector, result.segments[0].vector)
        mean = np.mean([s.vector for s in result.segments], axis=0, dtype=np.float64)
        assert np.allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)
    assert np.allclose(
        encode_query(encoder, Modality.TEXT, "red"), encode_query(encoder, Modality.TEXT, b"red")
    )


def test_queries_that_cannot_be_encoded() -> None:
    encoder = TinyEncoder("one", TEXT_IMAGE, 24)
    with pytest.raises(EncoderError, match="'one' does not take audio"):
        encode_query(encoder, Modality.AUDIO, sound(1))
    with pytest.raises(MediaTooLargeError, match="limit of 100,000 characters for a query"):
        encode_query(encoder, Modality.TEXT, "x" * 100_001)
    with pytest.raises(MediaTooLargeError, match="limit of 9 characters for a query"):
        encode_query(encoder, Modality.TEXT, b"ten signs.", limits=Limits(query_text_characters=9))
    with pytest.raises(EmptyMediaError, match="the query"):
        encode_query(encoder, Modality.TEXT, " ")


def test_a_sound_to_search_by_is_short(tmp_path: Path) -> None:
    encoder, limits = Watched(), Limits(query_audio_seconds=25)
    long = tmp_path / "long.flac"
    long.write_bytes(sndfile(tone(26.0), 44100, "FLAC", "PCM_16"))
    said = "is longer than the limit of 25 seconds for a query; search by a part of it"
    for content in (long, long.read_bytes(), sound(26.0)):
        with pytest.raises(MediaTooLargeError, match=said):
            encode_query(encoder, Modality.AUDIO, content, limits=limits)
    assert encoder.waiting == 0  # known before a sample was decoded
    unstated = ffmpeg(tone(26.0), kind="adts")
    with pytest.raises(MediaTooLargeError, match=said):
        encode_query(encoder, Modality.AUDIO, unstated, limits=limits)
    exact = sndfile(tone(25.0), 44100, "FLAC", "PCM_16")  # not at the encoder's rate
    assert encode_query(encoder, Modality.AUDIO, exact, limits=limits).shape == (32,)
    [indexed] = encode_sources([encoder], [MediaSource(0, long)], limits=limits)
    assert len(indexed.segments) == 3  # an item may be as long as it likes


def test_the_budget_counts_bytes() -> None:
    assert size_of(np.zeros((2, 3), np.float32)) == 24
    assert size_of({"a": np.zeros(4, np.uint8), "b": [np.zeros(1)]}) == 12
    assert size_of(object()) == 64


def test_a_buffer_waits_for_room_and_is_stopped() -> None:
    budget = Budget(100)
    first, second = Buffer(budget), Buffer(budget)
    item = Prepared(0, None, None, None, np.zeros(80, np.uint8))
    budget.give_right_of_way(first)
    second.put(item)
    first.put(item)  # over the budget, but first in line and empty
    stopped = threading.Event()

    def more() -> None:
        try:
            second.put(item)
        except Stopped:
            stopped.set()

    thread = threading.Thread(target=more)
    thread.start()
    time.sleep(0.05)
    assert len(second.items) == 1
    budget.close()
    thread.join(5)
    assert stopped.is_set()


def test_searches_and_builds_take_turns_with_an_encoder() -> None:
    encoder = Watched(slow=0.01)
    texts = [MediaSource(i, f"text {i}") for i in range(20)]
    asking = [
        threading.Thread(target=encode_query, args=(encoder, Modality.TEXT, f"query {i}"))
        for i in range(4)
    ]
    for thread in asking:
        thread.start()
    assert all(done.error is None for done in encode_sources([encoder], texts, batch_size=2))
    for thread in asking:
        thread.join()
    assert len(encoder.batches) == 14  # `Watched` refuses to be called while it is inside


def test_a_query_of_a_reentrant_encoder_waits_for_no_batch() -> None:
    encoder, answered = Reentrant(), threading.Event()

    def ask() -> None:
        assert encoder.began.wait(60)
        encode_query(encoder, Modality.TEXT, "blue")
        answered.set()

    encoder.answered = answered
    asking = threading.Thread(target=ask)
    asking.start()
    assert run([encoder], [MediaSource(0, "red")])[0].error is None
    asking.join()


class Reentrant(TinyEncoder):
    """Encodes an item only when a query was answered meanwhile."""

    is_reentrant = True

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()
        self.answered = threading.Event()

    def encode(self, modality: Modality, prepared: Any) -> Any:
        if not IS_QUERY.get():
            self.began.set()
            assert self.answered.wait(60)
        return super().encode(modality, prepared)


def test_a_build_goes_on_when_the_main_thread_has_ended(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text(f"red {number} " * 2000)
    script = f"""
        import sys, threading
        sys.path.insert(0, {str(SUPPORT)!r})
        from pathlib import Path
        import tiny; tiny.register()
        from anysense import Collection, build
        folder = Path({str(tmp_path)!r})
        collection = Collection.create(folder / "c", ["tiny"])
        main = threading.main_thread()

        def work():
            main.join()
            print(build(collection, [folder]).added)

        threading.Thread(target=work).start()
    """
    done = run_script(script)
    assert (done.stdout, done.stderr) == ("30\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_in_the_middle_of_a_batch_encodes(tmp_path: Path) -> None:
    script = f"""
        import os, sys
        sys.path.insert(0, {str(SUPPORT)!r})
        from tiny import TinyEncoder
        from anysense.embed.pipeline.stream import MediaSource, encode_query, encode_sources
        from anysense.embed.types import Modality

        class Forking(TinyEncoder):
            def encode(self, modality, prepared):
                child = os.fork()
                if child == 0:
                    encode_query(TinyEncoder(), Modality.TEXT, "red")
                    os._exit(7)
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                return super().encode(modality, prepared)

        list(encode_sources([Forking()], [MediaSource(0, "red")]))
    """
    done = run_script(script)
    assert done.stdout == "7\n", done.stderr


def test_a_decoder_that_is_not_installed_ends_the_run(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = next(path for path in files if path.suffix in (".png", ".jpg"))
    monkeypatch.setitem(sys.modules, "anysense.embed.media.image", None)
    with pytest.raises(EncoderError, match=r"'anysense\.embed\.media\.image' is not installed"):
        list(encode_sources([TinyEncoder()], [MediaSource(0, picture, Modality.IMAGE)]))
