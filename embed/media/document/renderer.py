"""Draws the pages of one PDF, as a process of its own that `pages.py` starts.

The document comes as the standard input, which is mapped, not read. The answer goes to the standard
output: a line of JSON for each thing that is said, and after the line of a page its rows of pixels.

    {"started": true}                              pdfium is loaded
    {"pages": 12}                                  the document is open
    {"page": 1, "width": 768, "height": 1024, "stride": 2304}    and stride * height bytes
    {"finished": true}
    {"refused": "password" | "damaged", "page": 3}    at a page, or at 0 before there are any

A time limit stands over each step: a watchdog thread in C ends the process with status 1.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import math
import mmap
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from anysense.embed.media.own_process import limit_memory

__all__ = ["main", "pixels_of"]

_DEFAULT_SIZE = (612.0, 792.0)  # of a page that states none: US Letter, as pdfium has it
_PASSWORD_ERRORS = (4, 5)  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY (an unknown scheme)


def main() -> None:
    """Draw the document on the standard input.

    The arguments of the process, as one JSON object: `longest_side` in pixels; `first_page`, from
    which on pages are drawn; `only`, the pages that are, or null for all; `page_seconds` and
    `document_seconds`, the most that drawing may take; `memory_bytes`, the most that the process
    may have beside the document.
    """
    options = json.loads(sys.argv.pop())
    # Whoever interrupts the application means the application: it ends this process, and if it died
    # the next write fails.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    limit_memory(options["memory_bytes"] + os.fstat(0).st_size)
    import pypdfium2  # noqa: F401 - before it says that it has started

    output = sys.stdout.buffer
    _say(output, started=True)
    watch = _Watch(options["page_seconds"], options["document_seconds"])
    page = 0
    try:
        with watch:
            document = _open_document()
            document.init_forms()  # before any page is loaded, or forms are not drawn
            count = len(document)
        _say(output, pages=count)
        only = options["only"]
        for page in range(options["first_page"], count + 1):
            if only is not None and page not in only:
                continue
            with watch:
                header, rows = _draw_page(document, page, options["longest_side"])
            _say(output, **header)
            output.write(rows)
        _say(output, finished=True)
    except BrokenPipeError:  # nobody reads on
        os._exit(0)
    except Exception as error:  # also MemoryError, at the limit
        is_locked = getattr(error, "err_code", None) in _PASSWORD_ERRORS
        _say(output, refused="password" if is_locked else "damaged", page=page)


def _say(output: BinaryIO, **message: object) -> None:
    output.write(json.dumps(message).encode() + b"\n")
    output.flush()


def _open_document() -> Any:
    import pypdfium2

    # A private copy on write: ctypes takes no read-only buffer, and nothing writes to it.
    content = mmap.mmap(0, 0, access=mmap.ACCESS_COPY)
    return pypdfium2.PdfDocument((ctypes.c_ubyte * len(content)).from_buffer(content))


def _draw_page(document: Any, number: int, longest_side: int) -> tuple[dict[str, int], bytes]:
    """One page with its annotations and filled-in fields on white, as rows of RGB."""
    import pypdfium2

    page = document[number - 1]
    width, height = pixels_of(page.get_size(), longest_side)
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pypdfium2.raw.FPDFBitmap_BGR)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    flags = pypdfium2.raw.FPDF_ANNOT | pypdfium2.raw.FPDF_REVERSE_BYTE_ORDER
    target = (bitmap, page, 0, 0, width, height, 0, flags)
    pypdfium2.raw.FPDF_RenderPageBitmap(*target)
    if document.formenv:
        pypdfium2.raw.FPDF_FFLDraw(document.formenv, *target)
    header = {"page": number, "width": width, "height": height, "stride": bitmap.stride}
    rows = bytes(bitmap.buffer)
    bitmap.close()
    page.close()
    return header, rows


def pixels_of(size: tuple[float, float], longest_side: int) -> tuple[int, int]:
    """Width and height of the picture of a page of a size in points, whatever that is."""
    if not all(math.isfinite(side) and side > 0 for side in size):
        size = _DEFAULT_SIZE
    scale = longest_side / max(size)
    width, height = (min(longest_side, max(1, round(side * scale))) for side in size)
    return width, height


class _Watch:
    """Ends the process if a step takes too long, or all steps together do.

    Waiting for whoever reads the pages is no part of a step.
    """

    def __init__(self, step_seconds: float, all_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._seconds_left = all_seconds
        self._started = 0.0
        self._unread = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process

    def __enter__(self) -> None:
        self._started = time.monotonic()
        most = max(0.001, min(self._step_seconds, self._seconds_left))
        faulthandler.dump_traceback_later(most, exit=True, file=self._unread)

    def __exit__(self, *_: object) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._seconds_left -= time.monotonic() - self._started
