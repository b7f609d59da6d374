"""Lines of words in a picture, and the blocks that they make: what is read together.

What recognises words gives a box for each run of them: a line of a paragraph, a cell of a table, a
label. Alone most say little, and all of a screen is about nothing. So lines that stand under each
other are a paragraph, and small neighbours go together until there is a sentence's worth of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Box", "Line", "blocks_of", "box_around"]

Box: TypeAlias = "tuple[float, float, float, float]"
"""Left, top, right and bottom."""

CHARACTERS = 300
"""Small blocks that are near each other go together up to so many."""
_SAME_ROW = 0.6  # of the lower one's height that both share
_WORD_GAP = 1.0  # heights between runs of words of one line
_LINE_GAP = 0.9  # heights between lines of one paragraph
_BLOCK_GAP = 3.0  # heights between small blocks that go together
_OTHER_SIZE = 1.6  # by which heights differ of what is not one paragraph
_ABOVE = 0.5  # of the narrower one's width that both share


@dataclass(frozen=True)
class Line:
    """A line of words, and where it is in its picture, in pixels."""

    text: str
    box: Box

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]


def box_around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds some boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def blocks_of(runs: Sequence[Line]) -> list[list[Line]]:
    """Runs of words as lines, and these as blocks, in the order in which they are read.

    Args:
        runs: in any order.
    """
    paragraphs: list[list[Line]] = []
    for line in _lines_of(runs):
        above = [p for p in paragraphs if _continues(p[-1], line)]
        if above:
            max(above, key=lambda paragraph: paragraph[-1].box[3]).append(line)
        else:
            paragraphs.append([line])
    blocks: list[list[Line]] = []
    for paragraph in sorted(paragraphs, key=_reading_order):
        if blocks and _go_together(blocks[-1], paragraph):
            blocks[-1] += paragraph
        else:
            blocks.append(paragraph)
    return blocks


def _lines_of(runs: Sequence[Line]) -> list[Line]:
    """Runs of words that stand close behind each other as one line; from top to bottom."""
    lines: list[Line] = []
    for run in sorted(runs, key=lambda run: run.box[0]):
        before = [i for i, line in enumerate(lines) if _goes_on(line, run)]
        if before:
            nearest = max(before, key=lambda i: lines[i].box[2])
            line = lines[nearest]
            lines[nearest] = Line(f"{line.text} {run.text}", box_around([line.box, run.box]))
        else:
            lines.append(run)
    return sorted(lines, key=lambda line: (line.box[1], line.box[0]))


def _goes_on(line: Line, run: Line) -> bool:
    shared = min(line.box[3], run.box[3]) - max(line.box[1], run.box[1])
    height = min(line.height, run.height)
    gap = run.box[0] - line.box[2]
    is_near = -0.5 * height <= gap <= _WORD_GAP * height
    return is_near and shared >= _SAME_ROW * height and _are_of_one_size(line, run)


def _continues(above: Line, line: Line) -> bool:
    height = min(above.height, line.height)
    gap = line.box[1] - above.box[3]
    shared = min(above.box[2], line.box[2]) - max(above.box[0], line.box[0])
    is_below = -0.5 * height <= gap <= _LINE_GAP * height
    return (
        is_below
        and shared >= _ABOVE * min(above.width, line.width)
        and _are_of_one_size(above, line)
    )


def _are_of_one_size(one: Line, other: Line) -> bool:
    low, high = sorted((one.height, other.height))
    return high <= _OTHER_SIZE * low


def _reading_order(paragraph: Sequence[Line]) -> tuple[float, float]:
    left, top, _, _ = box_around(line.box for line in paragraph)
    return top, left


def _go_together(block: Sequence[Line], paragraph: Sequence[Line]) -> bool:
    characters = sum(len(line.text) + 1 for line in (*block, *paragraph))
    _, top, _, bottom = box_around(line.box for line in block)
    _, next_top, _, next_bottom = box_around(line.box for line in paragraph)
    gap = max(next_top - bottom, top - next_bottom)
    height = max(line.height for line in (*block, *paragraph))
    return characters <= CHARACTERS and gap <= _BLOCK_GAP * height
