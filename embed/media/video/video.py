"""The reader of videos: frames as pictures, and windows of sound, as they come in the file."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.embed.errors import EmptyMediaError, MediaTooLargeError
from anysense.embed.media.files import media_name, open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.pieces import Piece, ReadOptions, captions
from anysense.embed.media.video.opened import OpenedVideo, TimedFrame, open_video
from anysense.embed.media.video.sampling import Clips, Sampler, Stills
from anysense.embed.media.video.showing import frame_side, is_blank, shown
from anysense.embed.media.video.soundtrack import Soundtrack
from anysense.embed.media.video.tracks import video_format
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.files import Media

__all__ = ["video_pieces"]


_DEMUXING: tuple[dict[str, str], ...] = ({}, {"ignore_editlist": "1"})
"""An edit list whose length was never written shows nothing of a video."""


def video_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    """The frames of a video, its sound, and the words of its tags.

    Frames come one by one for encoders that see pictures, and as clips for those that take clips;
    sound comes in windows of `options.window_seconds`. Of a file that was cut short the last piece
    says so.

    Raises:
        MediaError: it cannot be opened or decoded, or shows and sounds nothing.
    """
    name = media_name(source)
    with open_media(source, options.limits) as file:
        file_format = video_format(file, identify(file, source))
        for demuxing in _DEMUXING:
            with open_video(file, file_format, name, options.limits, **demuxing) as video:
                reading = _Reading(video, options, name)
                last: Piece | None = None
                for piece in reading.pieces():
                    if last is not None:
                        yield last
                    last = piece
                if last is not None:
                    yield replace(last, is_complete=video.is_complete)
                if video.seconds > 0:
                    break
        if last is None and (Modality.IMAGE in options.modalities or options.takes_sound):
            raise EmptyMediaError(name, reading.nothing())
        if options.takes_captions:
            from anysense.embed.media.audio.tags import recording_descriptions

            texts = recording_descriptions(file, file_format.container)
            yield from captions(texts, name, options)


class _Reading:
    """One reading of a video, from its frames to pieces."""

    def __init__(self, video: OpenedVideo, options: ReadOptions, name: str) -> None:
        self._video = video
        self._name = name
        self._most = options.limits.video_frames
        self._side = frame_side(options.sides)
        self._samplers: list[Sampler] = []
        if Modality.IMAGE in options.modalities:
            self._check_frames((video.stated or 0.0) * options.video_fps - 1)
            self._samplers = [
                Stills(options.video_fps) if wanted is None else Clips(wanted)
                for wanted in options.videos
            ]
        self._sound: Soundtrack | None = None
        if options.takes_sound:
            self._sound = Soundtrack(options.window_seconds)
        self._seen = 0

    def pieces(self) -> Iterator[Piece]:
        """What is to be encoded of it."""
        rate = max((sampler.rate for sampler in self._samplers), default=0.0)
        video = self._video
        with closing(video.frames(pictures=rate, sound=self._sound is not None)) as frames:
            for timed in frames:
                yield from self._hear(timed) if timed.is_sound else self._see(timed)
        for sampler in self._samplers:
            yield from sampler.finish(video.seen)
        if self._sound is not None:
            yield from self._sound.finish()

    def nothing(self) -> str:
        """Why there are no pieces, as an error says it."""
        what = "shows nothing but blank frames" if self._seen else "holds no frames"
        return (
            f"is a video that {what}, and no sound"
            if self._sound is not None
            else (f"is a video that {what}")
        )

    def _see(self, timed: TimedFrame) -> Iterator[Piece]:
        wanting = [sampler for sampler in self._samplers if sampler.wants(timed.start)]
        if not wanting:
            return
        self._seen += 1
        self._check_frames(self._seen)
        picture = shown(timed.frame, self._side, self._video.aspect)
        seen = None if is_blank(picture) else picture
        for sampler in wanting:
            yield from sampler.add(seen, timed.start)

    def _check_frames(self, count: float) -> None:
        if count > self._most:
            raise MediaTooLargeError(
                self._name,
                f"has over {self._most:,} frames to be encoded: index fewer of a second",
            )

    def _hear(self, timed: TimedFrame) -> Iterator[Piece]:
        assert self._sound is not None
        yield from self._sound.add(timed.frame, timed.start)
