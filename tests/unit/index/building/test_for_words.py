"""A collection of texts alone takes pictures and recordings for the words in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from animations import animation, card
from PIL import Image
from tiny_files import inputs_encoded, summary, write_picture, write_tone
from video_files import SCENES, film
from written import REFUSED, screenshot

from anysense.embed.media.pieces import Recognition
from anysense.embed.types import Modality, Origin
from anysense.index.building.build import build
from anysense.index.building.ingest import ingest
from anysense.index.collection import Collection
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.types import NewItem
from anysense.server.cli.building.reports import print_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def texts(tmp_path: Path) -> Iterator[Collection]:
    """A collection whose encoder takes texts alone."""
    with Collection.create(tmp_path / "texts", ("tiny:text",)) as created:
        yield created


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A note, a screenshot, a picture without words, a recording and a video."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "note.txt").write_text("Ospreys fish in May.")
    screenshot().save(folder / "error.PNG", "PNG")
    write_picture(folder / "red.png", (255, 0, 0))
    write_tone(folder / "talk.wav", 440.0, 4.0)
    (folder / "film.mp4").write_bytes(film(SCENES[:1]))
    return folder


def found(collection: Collection, query: str) -> list[tuple[str, Origin]]:
    hits = CollectionRetriever(collection).retrieve(query, match="words")
    return [(hit.source.rpartition("/")[2], hit.origin) for hit in hits]


def test_without_being_asked_it_leaves_them_out(texts: Collection, files: Path) -> None:
    report = build(texts, [files])
    assert summary(report) == {"added": 1}
    assert (report.left_out, report.for_words) == (4, 0)


def test_a_screenshot_is_found_by_its_words(
    texts: Collection, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = build(texts, [files], ocr=True)
    assert summary(report) == {"added": 2}
    assert (report.left_out, report.for_words, report.wordless) == (2, 2, 1)
    assert found(texts, "ERR_CONNECTION_REFUSED") == [("error.PNG", Origin.OCR)]
    assert REFUSED[0] in (CollectionRetriever(texts).retrieve(REFUSED[0], k=1)[0].text or "")
    print_report("texts", 2, report)
    said = capsys.readouterr().err
    assert "2 files read for the words in them alone; 1 of them without, and left out" in said
    assert "could not be read" not in said


def test_what_has_no_words_is_read_once(texts: Collection, files: Path) -> None:
    build(texts, [files], ocr=True)
    before = inputs_encoded(texts)
    report = build(texts, [files])
    assert summary(report) == {"unchanged": 2}
    assert (report.for_words, report.wordless, report.untried) == (2, 1, 0)
    assert inputs_encoded(texts) == before
    screenshot(["An owl in March"]).save(files / "red.png")
    assert summary(build(texts, [files])) == {"added": 1, "unchanged": 2}
    assert found(texts, "owl") == [("red.png", Origin.OCR)]


def test_words_beside_a_picture_are_its_words(texts: Collection, files: Path) -> None:
    (files / "red.txt").write_text("A red wall in Lisbon")
    report = build(texts, [files], ocr=True)
    assert (summary(report), report.wordless) == ({"added": 3}, 0)
    assert found(texts, "lisbon") == [("red.png", Origin.CAPTION)]


def test_recordings_and_videos_are_found_by_what_is_said(
    texts: Collection, files: Path, model: str
) -> None:
    report = build(texts, [files], transcribe=model)
    assert summary(report) == {"added": 3}
    assert (report.left_out, report.for_words) == (2, 2)
    assert sorted(found(texts, "herons")) == [
        ("film.mp4", Origin.TRANSCRIPT),
        ("talk.wav", Origin.TRANSCRIPT),
    ]


def test_when_it_is_given_up_nothing_more_is_read(texts: Collection, files: Path) -> None:
    build(texts, [files], ocr=True)
    report = build(texts, [files], ocr=False)
    assert summary(report) == {"unchanged": 1}
    assert (report.left_out, report.for_words, report.wordless) == (4, 0, 0)
    assert found(texts, "ERR_CONNECTION_REFUSED") == [("error.PNG", Origin.OCR)]  # as it was


def test_an_added_picture_without_words_is_refused_in_a_sentence(
    texts: Collection, files: Path
) -> None:
    build(texts, [files], ocr=True)
    report = ingest(texts, [NewItem(files / "red.png", id="red")])
    [failure] = report.failed
    assert "in which no words were recognised" in failure.reason


@pytest.mark.parametrize(
    ("recognition", "named", "is_read"),
    [
        (Recognition(ocr=True), {Modality.IMAGE}, True),
        (Recognition(ocr=True), {Modality.AUDIO}, False),
        (Recognition(ocr=True), {Modality.IMAGE, Modality.AUDIO}, False),
        (Recognition(transcribe="a"), {Modality.IMAGE}, False),
        (Recognition(transcribe="a"), {Modality.AUDIO}, True),
        (Recognition(transcribe="a"), {Modality.IMAGE, Modality.AUDIO}, True),
        (Recognition(), {Modality.IMAGE, Modality.AUDIO}, False),
    ],
)
def test_what_each_recognition_reads(
    recognition: Recognition, named: set[Modality], is_read: bool
) -> None:
    assert recognition.reads(named) == is_read


def test_animated_pictures_are_read_for_their_words(texts: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "moving"
    folder.mkdir()
    error = screenshot().convert("RGB")
    blank = Image.new("RGB", error.size, "white")
    (folder / "error.gif").write_bytes(animation("GIF", [blank, error], 1.0))
    (folder / "colours.gif").write_bytes(animation("GIF", [card("red"), card("blue")], 1.0))
    report = build(texts, [folder], ocr=True)
    assert (report.added, [problem.path for problem in report.quarantined]) == (1, [])
    assert found(texts, "ERR_CONNECTION_REFUSED") == [("error.gif", Origin.OCR)]
