"""Some seconds of a video are a small MP4 with the picture and the sound of these seconds."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from media_files import photo
from video_files import CONTAINERS, Scene, colour, film, tones

from anysense.embed.errors import EmptyMediaError
from anysense.embed.media.identify import media_type
from anysense.embed.media.video.clips.cutting import CLIP_SIDE, cut_video
from anysense.embed.media.video.hearing import read_soundtrack

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERTZ = {"red": 300.0, "lime": 600.0, "blue": 900.0, "yellow": 1200.0}
SCENES = [Scene(colour(name), 2.0, tones((hz, 2.0))) for name, hz in HERTZ.items()]


def cut(data: bytes, start: float, end: float) -> bytes:
    out = io.BytesIO()
    cut_video(data, start, end, out)
    return out.getvalue()


def frames_of(data: bytes) -> list[tuple[float, NDArray[Any]]]:
    with av.open(io.BytesIO(data)) as container:
        return [(f.time or 0.0, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def pitch(samples: NDArray[np.float32], rate: int) -> float:
    """The loudest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


@pytest.mark.parametrize("file_format", sorted(CONTAINERS))
def test_the_seconds_are_cut_out_of_every_container(file_format: str) -> None:
    data = cut(film(SCENES, file_format), 3.0, 5.5)
    assert media_type(data) == "video/mp4"
    frames = frames_of(data)
    times = [time for time, _ in frames]
    assert (times[0], times == sorted(times)) == (0.0, True)
    assert 2.3 < times[-1] <= 2.5
    middles = {round(time, 1): frame[4, 4] for time, frame in frames}
    assert middles[0.5].argmax() == 1  # green until 1 s
    assert middles[1.5].argmax() == 2
    sound = read_soundtrack(data, 0, 60)
    assert abs(sound.seconds - 2.5) < 0.1
    first, second = sound.samples[5000:43000], sound.samples[53000:95000]
    assert abs(pitch(first, 48000) - 600) < 5
    assert abs(pitch(second, 48000) - 900) < 5


def test_a_clip_begins_with_the_frame_that_is_shown_then() -> None:
    slides = film([Scene(colour("red"), 4.0), Scene(colour("blue"), 4.0)], times=[0.0, 4.0, 8.0])
    frames = frames_of(cut(slides, 2.0, 6.0))
    assert [frame[4, 4].argmax() for _, frame in frames] == [0, 2, 2]
    assert [time for time, _ in frames[:2]] == [0.0, 2.0]
    assert 3.9 < frames[-1][0] < 4.0  # so that players show it till the end


def test_a_clip_is_small_upright_and_of_few_frames_a_second() -> None:
    large = film([Scene(photo(1200, 800), 1.0)], size=(1200, 800), rate=50, turned=90)
    frames = frames_of(cut(large, 0.0, 1.0))
    assert frames[0][1].shape[:2] == (CLIP_SIDE, 568)
    assert len(frames) <= 31


def test_what_has_no_sound_has_none_in_its_clip() -> None:
    with av.open(io.BytesIO(cut(film([Scene(colour("red"))]), 0.0, 1.0))) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_sound_that_begins_late_is_late_in_the_clip() -> None:
    late = film([Scene(colour("red"), 4.0)], sounds=[tones((500, 2.0))], delay=2.0)
    sound = read_soundtrack(cut(late, 1.0, 3.0), 0, 60)
    loud = np.abs(sound.samples) > 0.1
    assert abs(loud.argmax() / sound.rate - 1.0) < 0.05


def test_a_clip_ends_where_the_video_ends() -> None:
    short = cut(film(SCENES), 7.0, 60.0)
    assert frames_of(short)[-1][0] < 1.0
    with pytest.raises(EmptyMediaError, match="without a frame from 90 s on"):
        cut(film(SCENES), 90.0, 95.0)
