"""The words of a picture as pieces of its item: blocks of lines, each with its box."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.embed.media.ocr.lines import Line, blocks_of, box_around
from anysense.embed.media.pieces import Piece
from anysense.embed.types import WHOLE, Modality, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

    from anysense.embed.media.ocr.lines import Box
    from anysense.embed.types import Place

__all__ = ["LONGEST_SIDE", "SHORTER_SIDE", "picture_words"]

LONGEST_SIDE = 2000
"""Pixels of what is looked at at once, along its longer side: an A4 page at 170 dots an inch."""
SHORTER_SIDE = 1500
"""Pixels along the shorter side that a picture should have for its words to be read."""

_LONGEST_SCREEN = 4096
"""Pixels along the longer side up to which what is no photo is read as it is.

Letters on a screen have some ten pixels, and are lost where a picture is made smaller; those that
a photo is about are large.
"""

_MARGIN = 64  # pixels by which parts of a long picture overlap on each side, so that no line is cut
_MOST_PARTS = 64
_SMALLEST = 8  # pixels along the shorter side: below, no letter is one

_log = logging.getLogger("anysense")


def picture_words(
    picture: Image, name: str, place: Place = WHOLE, *, is_photo: bool = False
) -> Iterator[Piece]:
    """The words in a picture, block by block, as they are read.

    A photo is looked at with at most `LONGEST_SIDE` pixels along its longer side. What a screen
    shows, and what is more than twice as long as it is wide, as programs make of pages that scroll,
    is looked at in parts of so many.

    Args:
        picture: in 8-bit RGB.
        name: what a warning calls it.
        place: where the picture itself is in its item, such as the page that it is of.
        is_photo: whether its letters are not small.

    Raises:
        UsageError: what recognises words is not installed.
    """
    lines = list(_lines(picture, name, LONGEST_SIDE if is_photo else _LONGEST_SCREEN))
    width, height = picture.size
    for block in blocks_of(lines):
        boxes = tuple(_shares(line.box, width, height) for line in block)
        text = "\n".join(line.text for line in block)
        where = replace(place, box=box_around(boxes), lines=boxes)
        yield Piece(Modality.TEXT, text, where, Origin.OCR)


def _lines(picture: Image, name: str, longest: int) -> Iterator[Line]:
    from anysense.embed.media.ocr.engine import recognise

    shorter, longer = sorted(picture.size)
    if shorter < _SMALLEST:
        return
    scale = min(1.0, max(longest / longer, longest / 2 / shorter))
    parts = _parts(picture.size, round(LONGEST_SIDE / scale), round(_MARGIN / scale))
    if len(parts) > _MOST_PARTS:
        _log.warning(
            "%s: it is so long that words are read in its first %d parts alone", name, _MOST_PARTS
        )
    for box, core in parts[:_MOST_PARTS]:
        part = picture.crop(box) if box != (0, 0, *picture.size) else picture
        if part.getcolors(maxcolors=1) is not None:
            continue  # of one colour
        if scale < 1.0:
            size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
            part = part.resize(size, reducing_gap=2.0)
        across, down = (box[2] - box[0]) / part.width, (box[3] - box[1]) / part.height
        for line in recognise(part):
            left, top, right, bottom = line.box
            line = Line(
                line.text,
                (
                    box[0] + left * across,
                    box[1] + top * down,
                    box[0] + right * across,
                    box[1] + bottom * down,
                ),
            )
            if _is_in(line.box, core):
                yield line


def _parts(
    size: tuple[int, int], longest: int, margin: int
) -> list[tuple[tuple[int, int, int, int], Box]]:
    """What is looked at of a picture, one part after the other along its longer side.

    Each comes with the part of it whose lines count, so that each line counts once.
    """
    width, height = size
    length = max(size)
    if length <= longest:
        return [((0, 0, width, height), (0.0, 0.0, float(width), float(height)))]
    step = longest - 2 * margin
    parts: list[tuple[tuple[int, int, int, int], Box]] = []
    for start in range(0, length, step):
        end, first = start + step, max(0, start - margin)
        last = min(length, end + margin)
        if height >= width:
            parts.append(((0, first, width, last), (0.0, start, width, end)))
        else:
            parts.append(((first, 0, last, height), (start, 0.0, end, height)))
    return parts


def _is_in(box: Box, core: Box) -> bool:
    """Whether the middle of a box is in another; of two that touch in one alone."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return core[0] <= x < core[2] and core[1] <= y < core[3]


def _shares(box: Box, width: int, height: int) -> Box:
    left, top, right, bottom = box
    shares = (left / width, top / height, right / width, bottom / height)
    return tuple(round(min(max(share, 0.0), 1.0), 4) for share in shares)  # type: ignore[return-value]
