"""From many sources to vectors: decoding runs ahead in threads while the model works.

Three kinds of thread share the work. Readers decode sources and prepare their segments for the
encoders; one runner, or two beside a GPU, runs the models on batches gathered across sources; the
caller's own thread takes the results in order. What is read ahead is bounded in bytes, so an
hour-long recording streams through. Decoders, resamplers and models release the interpreter's lock:
threads are enough.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import (
    AnysenseError,
    EncoderError,
    MediaError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.pieces import (
    DEFAULT_VIDEO_FPS,
    NO_RECOGNITION,
    ReadOptions,
    Recognition,
    check_recognition,
)
from anysense.embed.media.wordless import wordless
from anysense.embed.pipeline.lookahead import Budget, Buffer, Prepared, Stopped
from anysense.embed.pipeline.merging import merge_frames, without_repeats
from anysense.embed.pipeline.reading import (
    MediaSource,
    name_of,
    picture_sides,
    pieces_of,
    prepare_pieces,
    refusal,
    video_inputs,
    window_seconds,
)
from anysense.embed.pipeline.threads import Workers
from anysense.embed.pipeline.turn import DEFAULT_BATCH, batches_at_once, encode_in_turn
from anysense.embed.types import EncodedSegment, Kind, Modality
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from anysense.embed.media.speech.recogniser import SpeechRecogniser
    from anysense.embed.types import Encoder, FloatArray

__all__ = ["Encoded", "EncodedSegment", "MediaSource", "encode_sources"]

LOOK_AHEAD_BYTES = 256 * 1024**2
"""How much is read ahead of the models, over all sources."""


@dataclass(frozen=True)
class Encoded:
    """What became of a source: its segments, or the error that says why there are none.

    `is_complete` is false where a part of it is not in its file any more, as of a picture that lost
    its last lines. `said` is what its file says of itself, as metadata.
    """

    source: MediaSource
    kind: Kind | None
    segments: list[EncodedSegment]
    error: MediaError | None
    is_complete: bool = True
    said: Mapping[str, Any] = field(default_factory=dict)


def encode_sources(
    encoders: Sequence[Encoder],
    sources: Iterable[MediaSource],
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    captions: bool = True,
    encoding: str | None = None,
    overlap: int = 0,
    video_fps: float = DEFAULT_VIDEO_FPS,
    recognition: Recognition = NO_RECOGNITION,
    recogniser: SpeechRecogniser | None = None,
    limits: Limits = DEFAULT_LIMITS,
    look_ahead_bytes: int = LOOK_AHEAD_BYTES,
    progress: Callable[[int], None] | None = None,
) -> Generator[Encoded, None, None]:
    """Encode the pieces of each source in every space that takes them; results come in input order.

    A source that cannot be read comes back with its error and stops nothing; a model that cannot
    be used raises, since no source can be encoded then. Closing the iterator,
    or an exception in the caller's loop, stops the threads; `sources` is read in the caller's
    thread, no further ahead than the look-ahead needs.

    Args:
        encoders: one or more, of different spaces.
        sources: what to encode; may be endless.
        batch_size: how many segments the model gets at once; by default what the encoder asks for
            (an attribute `batch_size`), or 32.
        workers: how many threads decode; by default one for each processor.
        captions: whether words about a picture or a sound that lie in its file belong to it.
        encoding: what texts are in that are not Unicode; found out where it is None.
        overlap: how much of a passage may repeat the one before it, in percent of its tokens.
        video_fps: how many frames of a second of a video are encoded.
        recognition: which words are recognised in what is no text.
        recogniser: the model that writes down speech, if that is to be done.
        limits: what is too large to be read.
        look_ahead_bytes: how much is read ahead of the models, over all sources.
        progress: called with the number of segments encoded so far, as one source may have many.

    Raises:
        UsageError: no encoder, two of one space, or a size or number below 1; or what recognises
            words is not installed.
        EncoderError: while iterating: a model cannot be used.
        AbandonedError, DeadlineError: while iterating: nobody waits for it any more; see
            `anysense.embed.waiting`.
    """
    spaces = [encoder.space.id for encoder in encoders]
    if not encoders or len(set(spaces)) < len(spaces):
        raise UsageError("Give one or more encoders, no two of the same name.")
    if (batch_size is not None and batch_size < 1) or (workers is not None and workers < 1):
        raise UsageError("The batch size and the number of workers must be at least 1.")
    workers = workers or os.cpu_count() or 1
    modalities = frozenset[Modality]().union(*(e.space.modalities for e in encoders))
    check_recognition(recognition)
    options = ReadOptions(
        modalities,
        captions,
        limits,
        encoding,
        overlap,
        picture_sides(encoders),
        video_inputs(encoders),
        video_fps,
        window_seconds(encoders),
        recognition,
        recogniser,
    )
    pipeline = _Pipeline(encoders, batch_size, workers, options, look_ahead_bytes, progress)
    return pipeline.run(sources)


@dataclass
class _Job:
    """A source on its way: its buffer of prepared segments, then the vectors they become."""

    source: MediaSource
    buffer: Buffer
    kind: Kind | None = None
    error: MediaError | None = None
    fatal: AnysenseError | None = None  # not the source's fault: ends the run
    segments: list[Prepared] = field(default_factory=list)  # without their content
    vectors: list[FloatArray | None] = field(default_factory=list)
    waiting: int = 0
    is_drained: bool = False  # whether the buffer was taken from to its end

    def result(self, encoders: Sequence[Encoder]) -> Encoded:
        if self.error is not None:
            return Encoded(self.source, self.kind, [], self.error)
        segments = [
            EncodedSegment(
                space=encoders[s.encoder].space.id,
                modality=s.modality,
                vector=vector,
                place=s.place,
                text=s.text,
                origin=s.origin,
                heading=s.heading,
            )
            for s, vector in zip(self.segments, self.vectors, strict=True)
            if vector is not None
        ]
        if self.kind is Kind.VIDEO:
            of_frames = {e.space.id for e in encoders if getattr(e, "video", None) is None}
            segments = merge_frames(segments, of_frames)
        elif self.kind is Kind.IMAGE and len(segments) > len(encoders):
            segments = without_repeats(segments)
        is_complete = all(segment.is_complete for segment in self.segments)
        said = {key: value for s in self.segments for key, value in s.said.items()}
        return Encoded(self.source, self.kind, segments, None, is_complete, said)


@dataclass
class _Group:
    """Segments of one encoder and modality that wait for their batch to fill."""

    encoder: Encoder
    modality: Modality
    size: int
    waiting: list[tuple[_Job, int, Any]] = field(default_factory=list)


_Outcome: TypeAlias = "list[FloatArray | MediaError]"


class _Pipeline:
    """One run. All but `_read` and `_encode` happens in the caller's thread."""

    def __init__(
        self,
        encoders: Sequence[Encoder],
        batch_size: int | None,
        workers: int,
        options: ReadOptions,
        look_ahead_bytes: int,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.encoders = encoders
        self.options = options
        self.progress = progress
        self.segments_encoded = 0
        self.groups = {
            (at, modality): _Group(
                encoder, modality, batch_size or int(getattr(encoder, "batch_size", DEFAULT_BATCH))
            )
            for at, encoder in enumerate(encoders)
            for modality in encoder.space.modalities
        }
        largest = max(group.size for group in self.groups.values())
        self.ahead = 2 * (largest + workers)  # sources being read
        self.at_once = max(batches_at_once(encoder) for encoder in encoders)
        # Sources whose batches are not full or not done.
        self.behind = (3 + self.at_once) * largest
        self.budget = Budget(look_ahead_bytes)
        self.jobs: deque[_Job] = deque()  # what was not yielded yet, in input order
        self.reading: deque[_Job] = deque()  # of those, what was not taken to its end
        self.running: deque[tuple[Future[_Outcome], list[tuple[_Job, int, Any]]]] = deque()
        self.readers = Workers(workers, "anysense-read")
        self.runners = Workers(self.at_once, "anysense-model")

    def run(self, sources: Iterable[MediaSource]) -> Generator[Encoded, None, None]:
        try:
            rest = self._start_reading(iter(sources))
            while self.jobs:
                check_waiter()
                if self.reading:
                    self._take_segment(self.reading[0])
                is_held_up = len(self.jobs) > self.behind + len(self.reading)
                if is_held_up or not self.reading:
                    self._flush(self.jobs[0])
                self._collect(0 if is_held_up or not self.reading else 1 + self.at_once)
                while self.jobs and self.jobs[0].is_drained and self.jobs[0].waiting == 0:
                    yield self.jobs.popleft().result(self.encoders)
                rest = self._start_reading(rest)
        finally:
            self.budget.close()  # wakes every reader that waits for room, and ends it
            self.readers.stop()
            self.runners.stop()

    def _start_reading(self, sources: Iterator[MediaSource]) -> Iterator[MediaSource]:
        while len(self.reading) < self.ahead:
            source = next(sources, None)
            if source is None:
                return iter(())
            job = _Job(source, Buffer(self.budget))
            self.jobs.append(job)
            self.reading.append(job)
            self.readers.submit(self._read, job)
        return sources

    def _read(self, job: _Job) -> None:
        try:
            self.budget.check()
            job.kind, pieces = pieces_of(job.source, self.options)
            is_empty = True
            with closing(pieces):  # or what it has open stays so for as long as an error is kept
                for segment in prepare_pieces(self.encoders, pieces, self.options):
                    check_waiter()
                    job.buffer.put(segment)
                    is_empty = False
            if is_empty:
                job.error = self._not_taken(job)
        except Stopped:
            pass
        except MediaError as error:
            job.error = refusal(job.source, error)
        except AnysenseError as error:
            job.fatal = error
        except ImportError as error:  # of a decoder that is not installed: no source's fault
            job.fatal = EncoderError(f"The package '{error.name}' is not installed; install it.")
        except Exception as error:  # decoders of other projects can raise anything
            job.error = refusal(job.source, error)
        finally:
            job.buffer.end()

    def _not_taken(self, job: _Job) -> MediaError:
        names = ", ".join(encoder.space.id for encoder in self.encoders)
        assert job.kind is not None
        if self.options.reads_words_of(job.kind):
            return wordless(name_of(job.source), job.kind)
        return UnsupportedMediaError(
            name_of(job.source),
            f"is {job.kind}, which none of these encoders takes: {names}",
        )

    def _take_segment(self, job: _Job) -> None:
        """Move one segment of the first source in line to its group."""
        self.budget.give_right_of_way(job.buffer)
        segment = job.buffer.take()
        if segment is None:
            if job.fatal is not None:
                raise job.fatal
            job.is_drained = True
            self.reading.popleft()
            return
        group = self.groups[segment.encoder, segment.modality]
        group.waiting.append((job, len(job.segments), segment.content))
        job.segments.append(replace(segment, content=None))
        job.vectors.append(None)
        job.waiting += 1
        if len(group.waiting) >= group.size:
            self._submit(group)

    def _submit(self, group: _Group) -> None:
        batch, group.waiting = group.waiting, []
        future = self.runners.submit(
            _encode, group.encoder, group.modality, [content for _, _, content in batch]
        )
        self.running.append((future, [(job, at, None) for job, at, _ in batch]))

    def _flush(self, first: _Job) -> None:
        """Send the batches that the first source waits for, full or not."""
        for group in self.groups.values():
            if any(job is first for job, _, _ in group.waiting):
                self._submit(group)

    def _collect(self, most: int) -> None:
        """Take what the model has done; wait for it while more than `most` batches are with it."""
        while self.running and (len(self.running) > most or self.running[0][0].done()):
            future, batch = self.running.popleft()
            for (job, at, _), outcome in zip(batch, future.result(), strict=True):
                job.waiting -= 1
                if isinstance(outcome, MediaError):
                    job.error = job.error or refusal(job.source, outcome)
                else:
                    job.vectors[at] = outcome
            self.segments_encoded += len(batch)
            if self.progress is not None:
                self.progress(self.segments_encoded)


def _encode(encoder: Encoder, modality: Modality, contents: list[Any]) -> _Outcome:
    """A vector for each content, or the error of that content alone."""
    check_waiter()
    try:
        return list(encode_in_turn(encoder, modality, contents))
    except MediaError as error:
        if len(contents) == 1:
            return [error]
    return [outcome for content in contents for outcome in _encode(encoder, modality, [content])]
