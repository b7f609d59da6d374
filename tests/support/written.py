"""Pictures in which something is written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSED = (
    "This site can't be reached",
    "localhost refused to connect.",
    "Check the proxy and the firewall",
    "ERR_CONNECTION_REFUSED",
)
"""What a browser says."""


def screenshot(
    lines: Sequence[str] = REFUSED,
    size: tuple[int, int] = (800, 500),
    step: int = 60,
    letters: int = 20,
) -> PIL.Image.Image:
    """Lines under each other, as a program shows them; `step` and `letters` are in pixels."""
    picture = PIL.Image.new("RGB", size, "white")
    draw = PIL.ImageDraw.Draw(picture)
    font = PIL.ImageFont.load_default(letters)
    for number, line in enumerate(lines):
        draw.text((120, 80 + number * step), line, fill=(60, 60, 60), font=font)
    return picture


def scan(*pages: Sequence[str]) -> bytes:
    """A PDF whose pages are pictures."""
    first, *others = (screenshot(page) for page in pages)
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=others)
    return file.getvalue()
