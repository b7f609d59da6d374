from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import photo

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.image import read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 48


def planar(pixels: NDArray[np.uint8], order: str, photometric: int, rows: int = HEIGHT) -> bytes:
    """A TIFF of 16 bits with a plane for each channel (height, width, channels), not compressed."""
    channels = pixels.shape[2]
    deep = (pixels.astype(np.uint16) * 257).astype(f"{order}u2")
    strips = [
        np.ascontiguousarray(deep[top : top + rows, :, channel]).tobytes()
        for channel in range(channels)
        for top in range(0, HEIGHT, rows)
    ]
    body, places = b"", []
    for strip in strips:
        places.append(8 + len(body))
        body += strip

    def listed(kind: str, numbers: list[int]) -> tuple[int, int, bytes]:
        packed = struct.pack(f"{order}{len(numbers)}{kind}", *numbers)
        return {"H": 3, "L": 4}[kind], len(numbers), packed

    fields = {
        256: listed("H", [WIDTH]),
        257: listed("H", [HEIGHT]),
        258: listed("H", [16] * channels),
        259: listed("H", [1]),
        262: listed("H", [photometric]),
        273: listed("L", places),
        277: listed("H", [channels]),
        278: listed("H", [rows]),
        279: listed("L", [len(strip) for strip in strips]),
        284: listed("H", [2]),
        **({338: listed("H", [2])} if photometric == 2 and channels == 4 else {}),
    }
    entries = b""
    for number, (kind, count, value) in fields.items():
        if len(value) > 4:
            body += value
            value = struct.pack(f"{order}L", 8 + len(body) - len(value))
        entries += struct.pack(f"{order}HHL", number, kind, count) + value.ljust(4, b"\0")
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HL", 42, 8 + len(body))
    return head + body + struct.pack(f"{order}H", len(fields)) + entries + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("rows", [HEIGHT, 16])
@pytest.mark.parametrize(("mode", "photometric"), [("RGB", 2), ("RGBA", 2), ("L", 1)])
def test_planes_of_16_bits(order: str, rows: int, mode: str, photometric: int) -> None:
    picture = photo(WIDTH, HEIGHT).convert(mode)
    pixels = np.asarray(picture).reshape(HEIGHT, WIDTH, -1)
    read = read_image(planar(pixels, order, photometric, rows))
    assert np.array_equal(np.asarray(read), np.asarray(picture.convert("RGB")))


def test_planes_that_pillow_cannot_read_are_refused() -> None:
    pixels = np.asarray(photo(WIDTH, HEIGHT).convert("CMYK"))
    with pytest.raises(UnsupportedMediaError, match="of a variety that anysense does not read"):
        read_image(planar(pixels, "<", 5))
