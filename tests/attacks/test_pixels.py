"""Small files that are large pictures: what they may take together, and what stays of it."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from anysense.embed.media.image import picture_pieces, read_image
from anysense.embed.media.picture import budget
from anysense.embed.media.picture.budget import PIXELS
from anysense.embed.media.pieces import ReadOptions

SIDE = 7_000
BYTES = SIDE * SIDE * 4
"""What Pillow takes for such a picture in RGB."""


def large_picture(mode: str) -> bytes:
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize((SIDE, SIDE)).convert("RGB").convert(mode)
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def resident_bytes() -> int:
    with Path("/proc/self/status").open() as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def test_pictures_at_once_share_a_budget_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    data, taken = large_picture("L"), []
    take = PIXELS.take

    def noted(pixels: int) -> None:
        take(pixels)
        taken.append(PIXELS.used)

    monkeypatch.setattr(PIXELS, "most", SIDE * SIDE)
    monkeypatch.setattr(PIXELS, "take", noted)
    threads = [threading.Thread(target=read_image, args=(data,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [SIDE * SIDE] * 4
    assert PIXELS.used == 0


def test_a_share_comes_back_whatever_happens() -> None:
    data = large_picture("L")
    pieces = picture_pieces(data, ReadOptions(captions=False))
    piece = next(pieces)
    assert PIXELS.used == SIDE * SIDE
    piece.leave()
    assert PIXELS.used == 0
    unfinished = picture_pieces(data, ReadOptions(captions=False))
    next(unfinished)
    del unfinished
    assert PIXELS.used == 0
    with pytest.raises(Exception, match="damaged"):
        read_image(data[: len(data) // 10])
    assert PIXELS.used == 0


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_memory_is_bounded_and_given_back(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc")
    monkeypatch.setattr(budget.PIXELS, "most", SIDE * SIDE)
    data = large_picture(mode)
    time.sleep(2.5)
    before, peak, is_over = resident_bytes(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_over.wait(0.01):
            peak = max(peak, resident_bytes())

    def read() -> None:
        for _ in picture_pieces(data, ReadOptions(captions=False)):
            pass

    watcher = threading.Thread(target=watch)
    watcher.start()
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_over.set()
    watcher.join()
    assert peak - before < 8 * BYTES  # it was over four times two copies
    deadline = time.monotonic() + 10
    while resident_bytes() - before > 200e6 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert resident_bytes() - before <= 200e6
