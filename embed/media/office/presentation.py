"""The slides of a PowerPoint presentation as HTML: each under its title, with its notes."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

__all__ = ["write_presentation"]

_DEEPEST = 20  # groups inside each other


def write_presentation(file: BinaryIO, out: TextIO) -> None:
    """Write each slide as a section: its title as a heading, its texts, tables and notes."""
    from pptx import Presentation

    for number, slide in enumerate(Presentation(file).slides, 1):
        title = slide.shapes.title
        out.write(f'<section id="slide-{number}">\n')
        if title is not None and title.text_frame.text.strip():
            out.write(f"<h1>{_words(title.text_frame.text)}</h1>\n")
        for shape in _shapes(slide.shapes, _DEEPEST):
            if title is None or shape.shape_id != title.shape_id:
                _write_shape(shape, out)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            _write_paragraphs(slide.notes_slide.notes_text_frame.text, out)
        out.write("</section>\n")


def _shapes(shapes: Iterable[Any], depth: int) -> Iterator[Any]:
    """The shapes of a slide, those of its groups among them, as they follow each other in it."""
    for shape in shapes:
        inner = getattr(shape, "shapes", None)
        if inner is not None and depth:
            yield from _shapes(inner, depth - 1)
        else:
            yield shape


def _write_shape(shape: Any, out: TextIO) -> None:
    if shape.has_text_frame:
        _write_paragraphs(shape.text_frame.text, out)
    elif getattr(shape, "has_table", False):
        out.write("<table>\n")
        for row in shape.table.rows:
            cells = "".join(f"<td>{_words(cell.text_frame.text)}</td>" for cell in row.cells)
            out.write(f"<tr>{cells}</tr>\n")
        out.write("</table>\n")


def _write_paragraphs(text: str, out: TextIO) -> None:
    for paragraph in text.split("\n"):
        if paragraph.strip():
            out.write(f"<p>{_words(paragraph)}</p>\n")


def _words(text: str) -> str:
    return html.escape(" ".join(text.split()))
