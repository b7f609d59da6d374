"""The reader of videos: frames as pictures, and windows of sound, as they come in the file."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.embed.errors import EmptyMediaError, MediaTooLargeError
from anysense.embed.media.files import media_name
from anysense.embed.media.pieces import Piece, ReadOptions, captions
from anysense.embed.media.video.animation import OpenedAnimation
from anysense.embed.media.video.opened import open_video, video_file
from anysense.embed.media.video.sampling import Clips, Sampler, Stills
from anysense.embed.media.video.showing import frame_side, is_blank, shown
from anysense.embed.media.video.soundtrack import Soundtrack
from anysense.embed.types import Modality, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.files import Media
    from anysense.embed.media.video.footage import Footage, TimedFrame

__all__ = ["video_pieces"]


_DEMUXING: tuple[dict[str, str], ...] = ({}, {"ignore_editlist": "1"})
"""An edit list whose length was never written shows nothing of a video."""


def video_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    """The frames of a video or an animated picture, its sound, and the words of its tags.

    Frames come one by one for encoders that see pictures, and as clips for those that take clips;
    sound comes in windows of `options.window_seconds`. Of a file that was cut short the last piece
    says so. Of an animated picture the words in its first frame are read, if they are wanted.

    Raises:
        MediaError: it cannot be opened or decoded, or shows and sounds nothing.
    """
    name, texts = media_name(source), list[str]()
    with video_file(source, options.limits) as (file, file_format):
        what = "a video" if file_format.container else file_format.article
        for demuxing in _DEMUXING:
            with open_video(file, file_format, name, options.limits, **demuxing) as video:
                reading = _Reading(video, options, name)
                last: Piece | None = None
                for piece in reading.pieces():
                    if last is not None:
                        yield last
                    last = piece
                if isinstance(video, OpenedAnimation):
                    texts = video.words()
                    last = last and replace(last, said=video.facts())
                if last is not None:
                    yield replace(last, is_complete=video.is_complete)
                yield from reading.words
                if video.seconds > 0:
                    break
        if last is None and reading.is_empty(options):
            raise EmptyMediaError(name, reading.nothing(what))
        if options.takes_captions:
            if file_format.container:
                from anysense.embed.media.audio.tags import recording_descriptions

                texts = recording_descriptions(file, file_format.container)
            yield from captions(texts, name, options)


class _Reading:
    """One reading of a video, from its frames to pieces.

    Attributes:
        words: those in the first frame of an animated picture, once it was read.
    """

    def __init__(self, video: Footage, options: ReadOptions, name: str) -> None:
        self._video = video
        self._name = name
        self._most = options.limits.video_frames
        self._side = frame_side(options.sides)
        self._samplers: list[Sampler] = []
        if Modality.IMAGE in options.modalities:
            rate = video.frame_rate(options.video_fps)
            self._check_frames((video.stated or 0.0) * rate - 1)
            self._samplers = [
                Stills(rate) if wanted is None else Clips(wanted) for wanted in options.videos
            ]
        self._sound: Soundtrack | None = None
        if options.takes_sound:
            self._sound = Soundtrack(options.window_seconds)
        self._seen = self._shown = 0
        self._is_animation = isinstance(video, OpenedAnimation)
        self._reads_words = self._is_animation and options.takes_words_of_pictures
        self.words: list[Piece] = []

    def pieces(self) -> Iterator[Piece]:
        """What is to be encoded of it."""
        least = float(self._reads_words)
        rate = max((sampler.rate for sampler in self._samplers), default=least)
        video = self._video
        with closing(video.frames(pictures=rate, sound=self._sound is not None)) as frames:
            for timed in frames:
                yield from self._hear(timed) if timed.is_sound else self._see(timed)
        for sampler in self._samplers:
            yield from sampler.finish(video.seen)
        if self._sound is not None:
            yield from self._sound.finish()

    def is_empty(self, options: ReadOptions) -> bool:
        """Whether it should have given pieces, of an item that has none."""
        is_looked_at = options.modalities & {Modality.IMAGE, Modality.AUDIO}
        has_ears = options.takes_sound and not self._is_animation
        return not self.words and bool(is_looked_at or has_ears)

    def nothing(self, what: str) -> str:
        """Why there are no pieces of what is so called, as an error says it."""
        if self._is_animation and not self._samplers:
            return f"is {what}, which has no sound"
        why = "shows nothing but blank frames" if self._seen else "holds no frames"
        has_ears = self._sound is not None and not self._is_animation
        return f"is {what} that {why}, and no sound" if has_ears else f"is {what} that {why}"

    def _see(self, timed: TimedFrame) -> Iterator[Piece]:
        wanting = [sampler for sampler in self._samplers if sampler.wants(timed.start)]
        if not wanting:
            if not self._is_animation or self._shown:
                return
            wanting = self._samplers  # it may begin with nothing and be over soon
        self._seen += 1
        self._check_frames(self._seen)
        picture = shown(timed.frame, self._side, self._video.aspect)
        seen = None if is_blank(picture) else picture
        self._shown += seen is not None
        for sampler in wanting:
            yield from sampler.add(seen, timed.start)
        if seen is not None and self._reads_words:
            self._reads_words = False
            self.words = list(self._words_in(timed))

    def _words_in(self, timed: TimedFrame) -> Iterator[Piece]:
        """The words in a frame of an animated picture, in all of its pixels, at its time."""
        from anysense.embed.media.ocr.words import picture_words

        for piece in picture_words(timed.frame.to_image(), self._name, is_photo=False):
            place = replace(piece.place, start=timed.start, end=timed.end, unit=Unit.SECONDS)
            yield replace(piece, place=place)

    def _check_frames(self, count: float) -> None:
        if count > self._most:
            raise MediaTooLargeError(
                self._name,
                f"has over {self._most:,} frames to be encoded: index fewer of a second",
            )

    def _hear(self, timed: TimedFrame) -> Iterator[Piece]:
        assert self._sound is not None
        yield from self._sound.add(timed.frame, timed.start)
