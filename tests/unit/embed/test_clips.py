from __future__ import annotations

import pytest
from PIL import Image

from anysense.embed.clips import Clip, pixels_of
from anysense.embed.errors import UsageError

FRAME = Image.new("RGB", (4, 3))


def test_a_clip_knows_when_each_frame_is_shown() -> None:
    clip = Clip((FRAME, FRAME), (0.0, 1.5), 2.0)
    assert clip.spans() == [(0.0, 1.5), (1.5, 2.0)]
    assert (pixels_of(clip), pixels_of(FRAME)) == (24, 12)


@pytest.mark.parametrize(
    ("frames", "times", "seconds", "word"),
    [
        (0, (), 1.0, "at least one frame"),
        (2, (0.0,), 1.0, "1 for 2"),
        (2, (0.5, 0.5), 1.0, "ascend"),
        (2, (0.0, 1.0), 1.0, "ascend"),
        (1, (-0.1,), 1.0, "ascend"),
        (1, (float("nan"),), 1.0, "ascend"),
    ],
)
def test_what_is_no_clip_is_refused(
    frames: int, times: tuple[float, ...], seconds: float, word: str
) -> None:
    with pytest.raises(UsageError, match=word):
        Clip((FRAME,) * frames, times, seconds)
