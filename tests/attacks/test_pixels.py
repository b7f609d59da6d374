"""Small files that are large pictures: what they may take together, and what stays of it."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from PIL import Image
from scripts import check_script

from anysense.embed.media.image import picture_pieces, read_image
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


MEMORY = """
import sys, threading, time
from test_pixels import SIDE, large_picture, resident_bytes
from anysense.embed.media.picture.budget import PIXELS
from anysense.embed.media.image import picture_pieces
from anysense.embed.media.pieces import ReadOptions

PIXELS.most = SIDE * SIDE
data = large_picture(sys.argv[1])

def read():
    for _ in picture_pieces(data, ReadOptions(captions=False)):
        pass

def watch():
    global peak
    while not is_over.wait(0.01):
        peak = max(peak, resident_bytes())

time.sleep(2.5)
before, peak, is_over = resident_bytes(), 0, threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
is_over.set()
watcher.join()
deadline = time.monotonic() + 10
while resident_bytes() - before > 200e6 and time.monotonic() < deadline:
    time.sleep(0.2)
print(peak - before, resident_bytes() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "most"), [("RGB", 2), ("RGBA", 4)])
def test_memory_is_bounded_and_given_back(
    mode: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, where no other test takes or gives back any."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    peak, kept = map(int, check_script(MEMORY, mode).split())
    # Without the budget twice so much, and a quarter for what else the process does meanwhile.
    assert peak < 1.25 * most * BYTES
    assert kept <= 200e6
