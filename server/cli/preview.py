"""Small pictures of hits in a terminal: as pixels where it can show them, else as half blocks.

Which of the ways a terminal has (those of kitty and of iTerm2, or sixels) is told from its
environment, as it tells its name there. It is not asked: an answer may come late, or never, and
would be taken for what the user types.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from anysense.embed.errors import AnysenseError, UsageError
from anysense.embed.types import Kind, Modality
from anysense.index.hits.places import show_time
from anysense.server.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL.Image import Image

    from anysense.index.hits.hit import Hit

__all__ = ["EXTRA", "can_preview", "print_previews"]

EXTRA = "pip install 'anysense[preview]'"
COLUMNS, ROWS = 40, 12
MOST = 50
_SEEN = (Kind.IMAGE, Kind.VIDEO)
CELL = (10, 20)
"""Pixels of a sign's width and height, where a terminal does not tell."""


def can_preview() -> bool:
    """Whether pictures can be shown; says why, if standard output is no terminal.

    Raises:
        UsageError: the library that shows them is missing.
    """
    if not console.stdout_is_terminal():
        console.note("--preview shows pictures in a terminal, and standard output is none.")
        return False
    try:
        import chafa  # noqa: F401
    except (ImportError, OSError) as error:  # or a library of the system that it needs
        raise UsageError(f"--preview needs an extra: {EXTRA} ({error}).") from None
    return True


def print_previews(hits: Sequence[Hit]) -> None:
    """Show pictures, pages of PDFs and frames of videos, of hits that know who reads their files.

    Args:
        hits: best first.
    """
    pictured = [hit for hit in hits if hit.kind in _SEEN or hit.modality is Modality.IMAGE]
    for hit in pictured[:MOST]:
        part = "" if hit.page is None else f", page {hit.page:,}"
        part = part if hit.frame is None else f", {show_time(hit.frame)}"
        name = console.printable(f"{console.shown_path(hit.source)}{part}")
        try:
            picture = _picture(hit)
        except AnysenseError as error:
            console.note(f"{name}: {error}")
            continue
        click.echo(f"\n{hit.score:.2f}  {name}")
        click.echo(_drawn(picture))
    if len(pictured) > MOST:
        console.note(f"{len(pictured) - MOST:,} more pictures are not shown.")


def _picture(hit: Hit) -> Image:
    """A small picture of a hit, of the size at which it is shown, or smaller.

    Raises:
        AnysenseError: it cannot be read.
    """
    from anysense.embed.media.image import read_image

    width, height = _cell()
    small = hit.thumbnail(max(COLUMNS * width, ROWS * height))
    picture = read_image(small.data)  # whatever a service has sent, in RGB
    picture.thumbnail((COLUMNS * width, ROWS * height))
    return picture


def _drawn(picture: Image) -> bytes:
    """A picture as what a terminal is sent."""
    import chafa

    terminal = chafa.TermDb().detect()
    config = chafa.CanvasConfig()
    config.width, config.height = COLUMNS, ROWS
    config.cell_width, config.cell_height = _cell()
    config.calc_canvas_geometry(picture.width, picture.height, _cell()[0] / _cell()[1])
    config.pixel_mode = _pixel_mode(terminal)
    config.canvas_mode = _canvas_mode(terminal)
    canvas = chafa.Canvas(config)
    canvas.draw_all_pixels(
        chafa.PixelType.CHAFA_PIXEL_RGB8,
        bytearray(picture.tobytes()),
        picture.width,
        picture.height,
        3 * picture.width,
    )
    drawn: bytes = canvas.print(terminal, fallback=True)
    return drawn


def _pixel_mode(terminal: Any) -> Any:
    from chafa import PixelMode, TermSeq

    ways = (
        (TermSeq.CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1, PixelMode.CHAFA_PIXEL_MODE_KITTY),
        (TermSeq.CHAFA_TERM_SEQ_BEGIN_ITERM2_IMAGE, PixelMode.CHAFA_PIXEL_MODE_ITERM2),
        (TermSeq.CHAFA_TERM_SEQ_BEGIN_SIXELS, PixelMode.CHAFA_PIXEL_MODE_SIXELS),
    )
    return _first_of(ways, terminal, PixelMode.CHAFA_PIXEL_MODE_SYMBOLS)


def _canvas_mode(terminal: Any) -> Any:
    """The most colours that a terminal has, for half blocks."""
    from chafa import CanvasMode, TermSeq

    ways = (
        (TermSeq.CHAFA_TERM_SEQ_SET_COLOR_FGBG_DIRECT, CanvasMode.CHAFA_CANVAS_MODE_TRUECOLOR),
        (TermSeq.CHAFA_TERM_SEQ_SET_COLOR_FGBG_256, CanvasMode.CHAFA_CANVAS_MODE_INDEXED_240),
        (TermSeq.CHAFA_TERM_SEQ_SET_COLOR_FGBG_16, CanvasMode.CHAFA_CANVAS_MODE_INDEXED_16),
    )
    return _first_of(ways, terminal, CanvasMode.CHAFA_CANVAS_MODE_FGBG)


def _first_of(ways: Iterable[tuple[Any, Any]], terminal: Any, otherwise: Any) -> Any:
    """The first mode whose sequence a terminal knows."""
    return next((mode for sequence, mode in ways if terminal.have_seq(sequence)), otherwise)


def _cell() -> tuple[int, int]:
    """How many pixels a sign has in this terminal, as far as it tells."""
    try:
        import fcntl
        import struct
        import termios

        answer = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        rows, columns, width, height = struct.unpack("HHHH", answer)
    except (ImportError, OSError, ValueError):
        return CELL
    if not (rows and columns and width >= columns and height >= rows):
        return CELL
    return width // columns, height // rows
