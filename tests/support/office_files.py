"""Documents of office programs, made by what reads them: the extra `documents`."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PAGE = """<h1>Setup</h1><p>Do this.</p><h2>Linux</h2><p>Do that: café.</p>
<table><thead><tr><th>a</th><th>b</th></tr></thead><tr><td>1</td><td>2</td></tr></table>"""


def converted(file_format: str, page: str = PAGE) -> bytes:
    """A page of HTML as a document of a format of pandoc's."""
    import pypandoc

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{file_format}"
        options = ["--standalone", "--metadata=title:The title"]
        pypandoc.convert_text(page, file_format, "html", options, outputfile=str(path))
        return path.read_bytes()


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    """An Excel workbook of these rows."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def presentation() -> bytes:
    """Three slides: one with points and notes, one with a table, one of a group without a title."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    place = [Inches(n) for n in (1, 1, 4, 1)]
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "First & foremost"
    slide.placeholders[1].text = "one\ntwo"
    slide.notes_slide.notes_text_frame.text = "said aloud"
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Second"
    table = slide.shapes.add_table(2, 2, *place).table
    for at, words in enumerate(("x", "y", "1", "2")):
        table.cell(at // 2, at % 2).text = words
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_group_shape().shapes.add_textbox(*place).text_frame.text = "in a group"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def with_part(document: bytes, name: str, content: bytes) -> bytes:
    """A packed document in which one part is another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return out.getvalue()
