"""The square that the starter model's image network sees of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.picture.reduced import needed_side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["IMAGE_SIDE", "SIDE", "letterbox"]

SIDE = 260
"""Pixels of one side of the square."""

IMAGE_SIDE = needed_side(SIDE)
"""Pixels along the shorter side that a picture is given with, or all that it has."""


def letterbox(image: Image) -> NDArray[np.uint8]:
    """The whole picture on a white square, its sides kept in proportion: shape (260, 260, 3)."""
    import numpy as np
    import PIL.Image

    rgb = image if image.mode == "RGB" else image.convert("RGB")  # which would copy it
    scale = SIDE / max(rgb.size)
    width, height = (max(1, round(side * scale)) for side in rgb.size)
    small = rgb.resize((width, height), PIL.Image.Resampling.BICUBIC, reducing_gap=3.0)
    canvas = PIL.Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
    canvas.paste(small, ((SIDE - width) // 2, (SIDE - height) // 2))
    return np.asarray(canvas, dtype=np.uint8)
