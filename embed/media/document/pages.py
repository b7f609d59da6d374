"""The pages of a PDF as pictures, drawn by pdfium in a process of its own.

A PDF is a program that draws pages, and pdfium runs it to its end: a form that draws ten forms,
which draw ten forms each, six deep, is a kilobyte that takes 2 s, and nine deep half an hour.
pdfium's way to pause (`FPDF_RenderPageBitmap_Start`) is of no help, as it asks only between the
outermost objects of a page: not once in those 2 s (pypdfium2 5.15.2). Besides, pdfium is no place
for two threads at once, and a fault in it would end the process. So each document is drawn by a
process that may be ended at any time, and several are drawn at once; starting one takes 0.1 s.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import (
    CorruptMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.media.files import decoding
from anysense.embed.media.own_process import KILLED, descriptor_of, python_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

    from anysense.embed.limits import Limits

__all__ = ["DEFAULT_BUDGET", "RenderBudget", "render_pages"]

_RENDERER = "anysense.embed.media.document.renderer"
_TOO_SLOW = 1  # the status with which the renderer's watchdog ends it
_LONGEST_LINE = 200
_END_SECONDS = 10.0


@dataclass(frozen=True)
class RenderBudget:
    """What drawing a document may take; waiting for whoever reads the pages does not count.

    Attributes:
        page_seconds: for opening the document, and for one page.
        document_seconds: for all of it, or one of 10,000 pages might take days.
        memory_bytes: address space beside the document's, where the system limits it: a page may
            hold a picture of 200 million pixels.
    """

    page_seconds: float = 30.0
    document_seconds: float = 3600.0
    memory_bytes: int = 2 * 1024**3


DEFAULT_BUDGET = RenderBudget()


def render_pages(
    file: BinaryIO,
    name: str,
    limits: Limits,
    *,
    longest_side: int = 1024,
    first_page: int = 1,
    only: Sequence[int] | None = None,
    budget: RenderBudget = DEFAULT_BUDGET,
) -> Iterator[tuple[int, Image]]:
    """Draw the pages of a PDF one at a time, with their annotations and filled-in fields.

    A page of nothing but one colour is passed over: whatever its vector is, it shows nothing that
    anybody could look for, and it would come up for queries at random. A page is scaled so that its
    longest side has `longest_side` pixels, whatever size it states.

    pdfium repairs what it can: of a document cut short it may draw the pages that are left. Ending
    the iteration early ends the process that draws.

    Args:
        file: the document; read from its descriptor where it has one, without moving its position.
        name: what an error calls the document.
        limits: of which the number of pages counts.
        longest_side: width or height of a picture in pixels, whichever is larger.
        first_page: the page, from 1, at which to begin.
        only: the pages to draw; all if None.
        budget: the most that drawing may take.

    Yields:
        The number of a page, from 1, and its picture in 8-bit RGB.

    Raises:
        UnsupportedMediaError: it has a password, or pdfium is not on this machine.
        CorruptMediaError: damaged, so that pdfium cannot open it or draw a page.
        MediaTooLargeError: too many pages, or one that takes too long to draw.
        MediaError: the process that draws cannot be started, or was killed.
    """
    pages = {"first_page": first_page, "only": None if only is None else list(only)}
    options = {"longest_side": longest_side, **pages, **asdict(budget)}
    with _renderer(file, name, options) as renderer, decoding(name, "a PDF document"):
        if "started" not in _next_line(renderer):
            raise UnsupportedMediaError(
                name, "is a PDF document whose pages cannot be drawn here: is pypdfium2 installed?"
            )
        page = 0
        line = _next_line(renderer)
        while "finished" not in line:
            if "refused" in line or not line:
                raise _refusal(renderer, line, name, page + 1)
            if "pages" in line:
                _check_count(line["pages"], name, limits)
            else:
                page = line["page"]
                picture = _next_picture(renderer, line, longest_side)
                if picture is None:
                    raise _refusal(renderer, {}, name, page)
                if not _is_blank(picture):
                    yield page, picture
            line = _next_line(renderer)


@contextmanager
def _renderer(
    file: BinaryIO, name: str, options: dict[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    """The process that draws the document; ended when the block is left."""
    try:
        with descriptor_of(file) as document:
            renderer = subprocess.Popen(  # noqa: S603 - nothing of the document is in the command
                python_command(_RENDERER, json.dumps(options)),
                stdin=document,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
    except OSError as error:  # too many processes or files, a full disk, no Python
        raise MediaError(
            name, f"is a PDF document whose pages cannot be drawn now ({error.strerror})"
        ) from error
    with renderer:
        try:
            yield renderer
        finally:
            renderer.kill()


def _next_line(renderer: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What the renderer says next; empty if it has ended or broken off."""
    assert renderer.stdout is not None
    line = renderer.stdout.readline(_LONGEST_LINE)
    message: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
    return message


def _next_picture(
    renderer: subprocess.Popen[bytes], line: dict[str, Any], longest_side: int
) -> Image | None:
    """The picture that the renderer has told of; None if it has ended before that was out."""
    import PIL.Image

    assert renderer.stdout is not None
    width, height, stride = line["width"], line["height"], line["stride"]
    if not (0 < width <= longest_side and 0 < height <= longest_side and stride < 4 * width + 4):
        raise ValueError("a picture that nobody asked for")
    rows = renderer.stdout.read(stride * height)
    if len(rows) < stride * height:
        return None
    return PIL.Image.frombytes("RGB", (width, height), rows, "raw", "RGB", stride)


def _is_blank(picture: Image) -> bool:
    return picture.getcolors(maxcolors=1) is not None


def _check_count(count: int, name: str, limits: Limits) -> None:
    if count == 0:
        raise CorruptMediaError(name, "is a PDF document without pages")
    if count > limits.document_pages:
        raise MediaTooLargeError(
            name, f"has {count:,} pages, over the limit of {limits.document_pages:,}"
        )


def _refusal(
    renderer: subprocess.Popen[bytes], line: dict[str, Any], name: str, page: int
) -> MediaError:
    """The error for what the renderer said last, or for the way in which it ended."""
    if line.get("refused") == "password":
        return UnsupportedMediaError(
            name, "is a PDF document encrypted with a password: remove the password first"
        )
    if line.get("refused") == "damaged":
        where = f"page {line['page']} of it is damaged" if line["page"] else "is damaged"
        return CorruptMediaError(name, f"looks like a PDF document, but {where}")
    status = renderer.wait(_END_SECONDS)
    if status == KILLED:
        return MediaError(
            name,
            f"is a PDF document whose page {page} cannot be drawn now: the process that draws was "
            "killed, maybe for lack of memory",
        )
    if status == _TOO_SLOW:
        return MediaTooLargeError(
            name, f"is a PDF document whose page {page} takes too long to draw"
        )
    return CorruptMediaError(
        name, f"is a PDF document whose page {page} pdfium fails to draw, or lacks the memory for"
    )
