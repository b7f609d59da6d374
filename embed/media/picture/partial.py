"""Pictures that end too early, where the decoder has given a part of them: PNG, GIF, BMP, TIFF.

Pillow keeps what it had decoded when it noticed. Where that ends it does not say, and what is not
there is black, as if the picture were. So it is decoded twice, over two grounds: where these show
through, nothing is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.picture.stored import StoredPicture, check_grid, check_share

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["load_partial"]

_ROWS = 256
_TRUNCATED = "truncated"  # as Pillow says it; what is damaged otherwise may show anything
_STEPS = (1, 2, 4, 8)
_GRIDS = sorted(((a, d) for a in _STEPS for d in _STEPS), key=lambda grid: grid[0] * grid[1])
"""How far apart, across and down, the pixels of the first passes of an interlaced picture are."""
_NO_GRID = (1 << 30, 1 << 30)


def load_partial(
    file: BinaryIO, reopen: Callable[[BinaryIO], Image], name: str, article: str
) -> StoredPicture | None:
    """What is there of a picture whose file ends too early; None if that is not what is wrong.

    Args:
        file: the picture.
        reopen: opens a file with Pillow, and checks its size.
        name: what errors call the picture.
        article: its format, as errors say it.

    Raises:
        CorruptMediaError: too little of it is there.
    """
    image = reopen(file)
    if not _load_over(image, 0):
        return None
    other = reopen(file)
    is_interlaced = _is_interlaced(other)
    if not _load_over(other, 1):
        return None
    absent = _differences(image, other)
    del other  # or three pictures were in memory at once
    if not (is_interlaced and absent.any()):
        check_share(1 - float(absent.mean()), name, article)
        return StoredPicture(image, is_complete=not absent.any(), absent=absent)
    grid = next((g for g in _GRIDS if not absent[:: g[1], :: g[0]].any()), _NO_GRID)
    check_grid(image, grid, name, article)
    return StoredPicture(image, is_complete=False, grid=grid)


def _load_over(image: Image, ground: int) -> bool:
    """Decode a picture as far as it goes over pixels of this value; whether its file ends early."""
    prepare = image.load_prepare  # type: ignore[attr-defined]

    def prepare_ground() -> None:
        prepare()
        bands = len(image.getbands())
        image.im.paste(ground if bands == 1 else (ground,) * bands, (0, 0, *image.im.size))

    image.load_prepare = prepare_ground  # type: ignore[attr-defined]
    try:
        image.load()
    except OSError as error:
        if _TRUNCATED not in str(error).lower():
            return False
    else:
        return False
    finally:
        del image.load_prepare  # type: ignore[attr-defined]  # which keeps the picture alive
    image.tile = []  # type: ignore[attr-defined]  # there is nothing more to decode
    if image.format == "TIFF":
        image.load_end()  # type: ignore[attr-defined]  # turns it upright
    return True


def _is_interlaced(image: Image) -> bool:
    """Whether a PNG or a GIF, opened and not decoded yet, is stored in passes."""
    if image.format == "GIF":
        _, is_interlaced, _ = image.tile[0][3]  # type: ignore[attr-defined]
        return bool(is_interlaced)
    return image.format == "PNG" and bool(image.info.get("interlace"))


def _differences(image: Image, other: Image) -> NDArray[np.bool_]:
    """Where two pictures differ: bool, (height, width)."""
    import numpy as np

    differences = np.zeros((image.height, image.width), np.bool_)
    for top in range(0, image.height, _ROWS):
        box = (0, top, image.width, min(top + _ROWS, image.height))
        part, other_part = np.asarray(image.crop(box)), np.asarray(other.crop(box))
        unlike = part != other_part
        differences[top : box[3]] = unlike if unlike.ndim == 2 else unlike.any(axis=2)
    return differences
