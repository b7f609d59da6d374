"""Animated pictures made on the spot: by Pillow, and block by block where it makes none such."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ANIMATED", "COLOURS", "animation", "card", "gif", "gif_frame"]

ANIMATED = ("GIF", "WEBP", "PNG")
"""The formats of animated pictures, by Pillow's names."""
COLOURS = ("red", "lime", "blue")


def card(name: str, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A picture of mostly one colour, with something on it."""
    picture = Image.new("RGB", size, name)
    picture.paste((90, 90, 90), (size[0] // 2, size[1] // 2, size[0] - 4, size[1] - 4))
    return picture


def animation(
    file_format: str, frames: Sequence[Image.Image], seconds: Sequence[float] | float, **more: Any
) -> bytes:
    """Frames that are each shown for so many seconds."""
    each = [seconds] * len(frames) if isinstance(seconds, float) else seconds
    options: dict[str, Any] = {"duration": [round(1000 * one) for one in each], "loop": 0, **more}
    if file_format == "WEBP":
        options.setdefault("lossless", True)
    out = io.BytesIO()
    frames[0].save(out, file_format, save_all=True, append_images=list(frames[1:]), **options)
    return out.getvalue()


def gif_frame(
    pixels: Image.Image,
    at: tuple[int, int] = (0, 0),
    *,
    delay: int | None = 10,
    disposal: int = 1,
    transparent: int | None = None,
) -> bytes:
    """A frame of a GIF: colours are numbers of the palette of `gif`.

    Args:
        pixels: in the mode L, of the numbers of colours from 0 to 3.
        at: where it lies on the canvas.
        delay: hundredths of a second; None for a frame that says nothing of it.
        disposal: 1 to keep it, 2 to clear its place, 3 to have back what was there.
        transparent: the colour that is none.
    """
    head = b""
    if delay is not None:
        flags = disposal << 2 | (transparent is not None)
        head = b"!\xf9\x04" + bytes([flags]) + delay.to_bytes(2, "little")
        head += bytes([transparent or 0, 0])
    places = (*at, *pixels.size)
    descriptor = b"".join(number.to_bytes(2, "little") for number in places)
    return head + b"," + descriptor + b"\0" + _coded(pixels.tobytes())


def _coded(numbers: bytes) -> bytes:
    """Numbers of colours up to 3 as LZW codes of three bits, which begin anew all the time."""
    bits = (
        "".join(f"{code:03b}"[::1][::-1] for number in numbers for code in (4, number)) + "101"
    )  # least significant first: 5 ends it
    data = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\x02" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def gif(*parts: bytes, size: tuple[int, int] = (64, 48)) -> bytes:
    """A GIF whose palette is black, red, lime and blue, of frames and other blocks."""
    canvas = b"".join(side.to_bytes(2, "little") for side in size)
    palette = bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    return b"GIF89a" + canvas + b"\x91\0\0" + palette + b"".join(parts) + b";"
