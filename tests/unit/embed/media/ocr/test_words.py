"""The words of pictures are read where they stand; by RapidOCR, which is an extra."""

from __future__ import annotations

import builtins
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
from written import REFUSED, scan, screenshot

from anysense.embed.errors import EmptyMediaError, UsageError
from anysense.embed.media import extras
from anysense.embed.media.ocr import engine
from anysense.embed.media.ocr.words import LONGEST_SIDE, picture_words
from anysense.embed.media.pieces import ReadOptions, Recognition, read_pieces
from anysense.embed.types import Modality, Origin, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.embed.media.ocr.lines import Line
    from anysense.embed.media.pieces import Piece

OCR = Recognition(ocr=True)


def words(pieces: Iterator[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.origin is Origin.OCR]


def lines_of(piece: Piece) -> list[str]:
    assert isinstance(piece.content, str)
    return piece.content.split("\n")


def test_lines_are_read_with_their_boxes() -> None:
    pieces = list(picture_words(screenshot(), "a.png"))
    assert [line for piece in pieces for line in lines_of(piece)] == list(REFUSED)
    for piece in pieces:
        left, top, right, bottom = piece.place.box or (0, 0, 0, 0)
        assert len(piece.place.lines) == len(lines_of(piece))
        assert all(
            left <= a < c <= right and top <= b < d <= bottom for a, b, c, d in piece.place.lines
        )
    [last] = [piece.place.lines[-1] for piece in pieces if "ERR" in str(piece.content)]
    assert last[0] == pytest.approx(120 / 800, abs=0.02)
    assert (last[1] + last[3]) / 2 == pytest.approx(272 / 500, abs=0.02)


def test_a_picture_without_words_has_none() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8)
    assert list(picture_words(PIL.Image.fromarray(noise), "a.png")) == []
    assert list(picture_words(PIL.Image.new("RGB", (300, 400), "navy"), "a.png")) == []
    assert list(picture_words(PIL.Image.new("RGB", (1, 4000), "navy"), "a.png")) == []


def test_a_page_that_scrolls_is_read_in_parts_each_line_once() -> None:
    lines = [f"This is line number {n} of them" for n in range(90)]
    pieces = list(picture_words(screenshot(lines, (600, 5600)), "a.png"))
    read = [line for piece in pieces for line in lines_of(piece)]
    assert sorted(read) == sorted(lines)
    last = next(
        p.place.lines[lines_of(p).index(lines[-1])] for p in pieces if lines[-1] in lines_of(p)
    )
    assert (last[1] + last[3]) / 2 == pytest.approx((80 + 89 * 60 + 12) / 5600, abs=0.005)


def test_a_picture_is_looked_at_no_larger_than_need_be(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    def recognise(picture: PIL.Image.Image) -> list[Line]:
        seen.append(picture.size)
        return []

    monkeypatch.setattr(engine, "recognise", recognise)
    list(picture_words(screenshot(size=(6000, 4000)), "a.jpg", is_photo=True))
    list(picture_words(screenshot(size=(900, 700)), "a.png"))
    assert seen == [(LONGEST_SIDE, 1333), (900, 700)]
    seen.clear()
    list(picture_words(screenshot(size=(3840, 2160)), "a.png"))
    [(width, height)] = seen  # the other part is white
    assert (height, width <= LONGEST_SIDE) == (2160, True)


def test_of_what_is_far_too_long_the_first_parts_are_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(engine, "recognise", lambda picture: seen.append(picture) or [])
    stripes = PIL.Image.new("RGB", (20, 10))
    stripes.paste("white", (0, 0, 10, 10))
    list(picture_words(stripes.resize((400_000, 10)), "a.png"))
    assert len(seen) <= 64
    with caplog.at_level(logging.WARNING):
        list(picture_words(stripes.resize((400_000, 10)), "a.png"))
    assert "a.png: it is so long that words are read in its first 64 parts alone" in caplog.text


def test_a_picture_gives_its_words_if_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    screenshot(size=(3200, 2000), letters=60, step=90).save(path)
    sides = frozenset({100})
    _, pieces = read_pieces(path, ReadOptions(sides=sides, recognition=OCR))
    found = list(pieces)
    pictures = [piece for piece in found if piece.modality is Modality.IMAGE]
    assert [piece.is_for(100) for piece in pictures] == [True]
    assert REFUSED[-1] in "\n".join(str(piece.content) for piece in words(iter(found)))
    _, pieces = read_pieces(path, ReadOptions(sides=sides))
    [alone] = pieces
    assert np.array_equal(np.asarray(alone.content), np.asarray(pictures[0].content))
    only_images = frozenset({Modality.IMAGE})
    _, pieces = read_pieces(path, ReadOptions(only_images, sides=sides, recognition=OCR))
    assert len(list(pieces)) == 1


def test_pages_without_text_give_the_words_on_them(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(scan(REFUSED, ["Page two speaks of herons"]))
    _, pieces = read_pieces(path, ReadOptions(recognition=OCR))
    found = words(pieces)
    assert {piece.place.page for piece in found} == {1, 2}
    [second] = [piece for piece in found if piece.place.page == 2]
    assert second.content == "Page two speaks of herons"
    assert (second.place.start, second.place.end) == (2, 3)
    assert second.place.box is not None


def test_a_scan_is_found_where_only_texts_are_encoded(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(scan(REFUSED))
    only_texts = frozenset({Modality.TEXT})
    _, pieces = read_pieces(path, ReadOptions(only_texts, recognition=OCR))
    assert words(pieces)
    _, pieces = read_pieces(path, ReadOptions(only_texts))
    with pytest.raises(EmptyMediaError, match=r"have its words recognised \(--ocr\)"):
        list(pieces)


def test_words_of_a_page_are_placed_on_it() -> None:
    pieces = list(picture_words(screenshot(), "a.pdf", Place.of_page(3)))
    assert {(piece.place.page, piece.place.start) for piece in pieces} == {(3, 3)}


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has_packages", lambda names: False)
    with pytest.raises(UsageError, match=r"pip install 'anysense\[ocr\]'"):
        extras.check_ocr()


def test_nothing_of_it_is_imported_where_no_words_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refusing(name: str, *args: Any, **options: Any) -> Any:
        assert not name.startswith(("rapidocr", "onnxruntime", "cv2"))
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refusing)
    path = tmp_path / "a.png"
    screenshot().save(path)
    _, pieces = read_pieces(path, ReadOptions())
    assert len(list(pieces)) == 1


def test_models_that_are_missing_are_not_looked_for_on_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rapidocr

    monkeypatch.setattr(rapidocr, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(UsageError, match="has come without its models"):
        # Those that are made stay: this makes one more.
        engine._new_engine(1)
