"""A video as FFmpeg opens it, and its frames in the order of the file, pictures and sound together.

The file is read once. Frames that no other frame is made from are not decoded where there are many
more than are wanted. One thread decodes: others do other files. Damaged packets are passed over, as
players do, but not more than a few.
"""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import (
    CorruptMediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import CODEC_PADDING
from anysense.embed.media.audio.calm import CalmFile
from anysense.embed.media.audio.ffmpeg import open_container, packet_decoder
from anysense.embed.media.files import decoding, open_media
from anysense.embed.media.formats.front_tags import after_tags
from anysense.embed.media.identify import identify
from anysense.embed.media.quiet import quiet_decoders
from anysense.embed.media.video.animation import open_animation
from anysense.embed.media.video.clock import Clock, end_of_packet, seconds_of
from anysense.embed.media.video.footage import Footage, TimedFrame
from anysense.embed.media.video.length import is_cut_short, stated_seconds
from anysense.embed.media.video.torn import is_torn
from anysense.embed.media.video.tracks import picture_stream, sound_stream, video_format
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from anysense.embed.limits import Limits
    from anysense.embed.media.files import Media
    from anysense.embed.media.signatures import Format

__all__ = ["OpenedVideo", "open_video", "video_file"]

_BAD_PACKETS = 0.02
"""The share of damaged packets of a stream that is passed over, with one always allowed."""
_BROADCASTS = frozenset({"mpegts", "mpeg"})
"""Containers of which parts are joined as they are, whatever times each has."""
_FRAMES_FOR_ONE = 12
"""From so many frames for each one that is wanted, those that no other needs are left out."""


@contextmanager
def video_file(source: Media, limits: Limits) -> Iterator[tuple[BinaryIO, Format]]:
    """A video or an animated picture as a file, and its format, with which `open_video` opens it.

    Raises:
        MediaError: it cannot be opened, or is no format that anysense reads.
    """
    with open_media(source, limits) as file:
        yield file, video_format(file, identify(file, source))


@contextmanager
def open_video(
    file: BinaryIO, file_format: Format, name: str, limits: Limits, **options: str
) -> Iterator[Footage]:
    """Open a video, with options of FFmpeg's demuxer, or an animated picture.

    Raises:
        MediaError: it cannot be decoded, or is too large.
    """
    if not file_format.container:
        with open_animation(file, file_format, name, limits) as animation:
            yield animation
        return
    # A cell of memory for each pixel is taken before the first frame is seen.
    options["max_pixels"] = str(limits.video_pixels)
    whole = after_tags(file)
    with quiet_decoders(), decoding(name, file_format.article):
        calm = CalmFile(whole)
        with closing(open_container(calm, file_format, **options)) as container:
            video = OpenedVideo(container, file_format, name, limits)
            video.stated = stated_seconds(container, video.pictures, whole, file_format.container)
            video.is_torn = is_torn(whole, file_format.container)
            yield video
            if calm.error is not None:
                raise calm.error


class OpenedVideo:
    """A video that is open.

    Attributes:
        aspect: the width of a pixel by its height.
        seconds: how far it goes, as far as it has been read.
        seen: how far its pictures go.
        stated: how long it says that it is, if that can be believed.
        is_torn: whether it ends in the midst of something.
        is_complete: once all is read, whether all that it states is there.
    """

    def __init__(self, container: Any, file_format: Format, name: str, limits: Limits) -> None:
        self._container = container
        self._format = file_format
        self._name = name
        self._limits = limits
        self.pictures = picture_stream(container)
        self.sound = sound_stream(container)
        if self.pictures is None and self.sound is None:
            reason = f"is {file_format.article} of codecs that FFmpeg does not know"
            raise UnsupportedMediaError(name, reason)
        ratio = None if self.pictures is None else self.pictures.sample_aspect_ratio
        self.aspect = float(ratio) if ratio else 1.0
        self._start = (container.start_time or 0) / 1e6
        self._reached = self._longest = 0.0
        self.seconds = self.seen = 0.0
        self.stated: float | None = None
        self.is_torn = False
        self.is_complete = True
        self._check_size(self.pictures)
        self._check_seconds(float(container.duration or 0) / 1e6 if self._is_stated() else 0.0)

    @property
    def is_silent(self) -> bool:
        """Whether it has no sound at all."""
        return self.sound is None

    def frame_rate(self, wanted: float) -> float:
        """How many frames of a second are encoded where so many are wanted."""
        return wanted

    def frames(self, *, pictures: float, sound: bool) -> Generator[TimedFrame]:
        """The frames of the default streams, as `Footage` gives them."""
        streams = {}
        if pictures and self.pictures is not None:
            self._prepare_pictures(self.pictures, pictures)
            streams[self.pictures.index] = _Stream(self.pictures, self._clock(), is_sound=False)
        if sound and self.sound is not None:
            streams[self.sound.index] = _Stream(self.sound, self._clock(), is_sound=True)
        if not streams:
            return
        # Also what is not decoded tells how far the file goes.
        with closing(self._container.demux()) as packets:
            for packet in self._readable(packets):
                check_waiter()
                self._reached = max(self._reached, end_of_packet(packet) - self._start)
                stream = streams.get(packet.stream.index)
                for timed in stream.decode(packet) if stream is not None else ():
                    self._check(timed)
                    yield timed
        for stream in streams.values():
            self._check_damage(stream)
        reached = max(self.seconds, self._reached)
        if self.is_torn or is_cut_short(self.stated, reached, self._longest):
            self.is_complete = False

    def seek(self, seconds: float) -> None:
        """Go, before `frames`, to where all that is shown from a time on can be decoded.

        What cannot be sought in is read from its beginning; where there is no index, or it is
        wrong, the first frames may come later. A time before 0 is sure to be the beginning.
        """
        from av.error import FFmpegError

        stream: Any = self.pictures or self.sound
        start = (self._container.start_time or 0) / 1e6
        with suppress(FFmpegError):
            self._container.seek(int((start + seconds) / stream.time_base), stream=stream)

    def _prepare_pictures(self, stream: Any, wanted: float) -> None:
        context = stream.codec_context
        if not context.is_open:
            context.thread_count = 1
        context.options = {"max_pixels": str(self._limits.video_pixels)}
        rate = float(stream.average_rate or 0)
        if rate >= _FRAMES_FOR_ONE * wanted:
            context.skip_frame = "NONREF"

    def _clock(self) -> Clock:
        return Clock(self._start, is_broadcast=self._format.container in _BROADCASTS)

    def _readable(self, packets: Iterator[Any]) -> Iterator[Any]:
        """The packets up to where the file cannot be read on, as where it was cut."""
        from av.error import FFmpegError

        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:
                self.is_complete = False
                return
            if packet is None:
                return
            yield packet

    def _check(self, timed: TimedFrame) -> None:
        self._check_seconds(timed.start)
        if not timed.is_sound:
            self._check_size(timed.frame)
            self._longest = max(self._longest, timed.start - self.seen)
            self.seen = max(self.seen, timed.end)
        self.seconds = max(self.seconds, timed.end)

    def _check_size(self, pictures: Any) -> None:
        if pictures is not None and pictures.width * pictures.height > self._limits.video_pixels:
            raise MediaTooLargeError(
                self._name,
                f"has frames of {pictures.width} x {pictures.height} pixels, over the limit of "
                f"{self._limits.video_pixels:,} for one frame",
            )

    def _is_stated(self) -> bool:
        return self._format.container in ("mov", "matroska")

    def _check_seconds(self, seconds: float) -> None:
        if seconds > self._limits.video_seconds + CODEC_PADDING:
            raise MediaTooLargeError(
                self._name,
                f"is longer than the limit of {self._limits.video_seconds:g} s for one video",
            )

    def _check_damage(self, stream: _Stream) -> None:
        if stream.bad > max(1, _BAD_PACKETS * stream.packets):
            raise CorruptMediaError(
                self._name,
                f"is {self._format.article} of which {stream.bad} of {stream.packets} packets of "
                f"{'sound' if stream.is_sound else 'pictures'} are damaged",
            )


class _Stream:
    """One of the streams that are decoded, with what could not be."""

    def __init__(self, stream: Any, clock: Clock, *, is_sound: bool) -> None:
        self.stream = stream
        self.is_sound = is_sound
        self.packets = self.bad = 0
        self._clock = clock
        self._decode = packet_decoder(stream)

    def decode(self, packet: Any) -> Iterator[TimedFrame]:
        from av.error import FFmpegError

        if not packet.size and packet.pts is not None:
            return  # a picture that is as the one before, as Theora has it; decoders refuse it
        self.packets += 1
        try:
            frames = self._decode(packet)
        except FFmpegError:
            self.bad += 1
            return
        for frame in frames:
            yield _timed(frame, self._clock.seconds(frame), is_sound=self.is_sound)


def _timed(frame: Any, start: float, *, is_sound: bool) -> TimedFrame:
    return TimedFrame(frame, start, start + seconds_of(frame), is_sound=is_sound)
