"""Whether words in pictures are recognised is kept, and pictures of before are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from animations import animation
from PIL import Image
from tiny_files import inputs_encoded, summary, write_picture
from video_files import Scene, colour, film
from written import REFUSED, scan, screenshot

from anysense.embed.errors import UsageError
from anysense.embed.media import extras
from anysense.embed.types import Origin
from anysense.index.building.build import build
from anysense.index.building.ingest import ingest
from anysense.index.building.settings.recognition import items_to_recognise, recognition_of
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A screenshot, and a picture without words."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    screenshot().save(folder / "error.png")
    write_picture(folder / "red.png", (255, 0, 0))
    return folder


def words_of(collection: Collection, name: str) -> str:
    """What is written in the picture of a name, as far as the collection knows."""
    [item_id] = [
        file.item_id for path, file in collection.folder.files().items() if path.endswith(name)
    ]
    segments = collection.folder.snapshot().item(item_id).segments
    return "\n".join(s.text or "" for s in segments if s.origin is Origin.OCR)


def test_a_screenshot_is_found_by_the_words_it_shows(
    collection: Collection, pictures: Path
) -> None:
    build(collection, [pictures], ocr=True)
    retriever = CollectionRetriever(collection)
    for query in ("ERR_CONNECTION_REFUSED", "the site refused to connect"):
        hit = retriever.retrieve(query, match="words")[0]
        assert hit.source.endswith("error.png")
        assert (hit.origin, hit.kind.value, hit.modality.value) == (Origin.OCR, "image", "text")


def test_a_hit_shows_the_line(collection: Collection, pictures: Path) -> None:
    build(collection, [pictures], ocr=True)
    hit = CollectionRetriever(collection).retrieve("ERR_CONNECTION_REFUSED", match="words")[0]
    assert hit.text == "ERR_CONNECTION_REFUSED"
    assert hit.box is not None
    assert (hit.box[1] + hit.box[3]) / 2 == pytest.approx(272 / 500, abs=0.02)


def test_pictures_that_were_read_before_are_read_again_once(
    collection: Collection, pictures: Path
) -> None:
    assert summary(build(collection, [pictures])) == {"added": 2}
    assert words_of(collection, "error.png") == ""
    assert summary(build(collection, [pictures], ocr=True)) == {"updated": 2}
    assert REFUSED[-1] in words_of(collection, "error.png")
    before = inputs_encoded(collection)
    assert summary(build(collection, [pictures], ocr=True)) == {"unchanged": 2}
    assert summary(build(collection, [pictures])) == {"unchanged": 2}
    assert inputs_encoded(collection) == before


def test_a_build_that_was_stopped_goes_on_with_the_rest(
    collection: Collection, pictures: Path
) -> None:
    build(collection, [pictures])
    build(collection, [pictures / "red.png"], ocr=True)  # as far as it came
    assert len(items_to_recognise(collection.folder)) == 1
    assert summary(build(collection, [pictures])) == {"updated": 1, "unchanged": 1}
    assert REFUSED[-1] in words_of(collection, "error.png")
    assert not items_to_recognise(collection.folder)


def test_texts_and_sounds_are_left_alone(collection: Collection, media: Path) -> None:
    build(collection, [media])
    files = collection.folder.files()
    report = build(collection, [media], ocr=True)
    kinds = [collection.folder.snapshot().item(f.item_id).kind.value for f in files.values()]
    assert report.updated == sum(kind in ("image", "document") for kind in kinds)
    assert report.unchanged == len(kinds) - report.updated > 0


def test_it_is_kept_for_what_is_added_later(
    collection: Collection, pictures: Path, tmp_path: Path
) -> None:
    build(collection, [pictures], ocr=True)
    other = tmp_path / "other.png"
    screenshot(["Herons nest in April"]).save(other)
    ingest(collection, [NewItem(other), NewItem(screenshot(["An osprey in May"]), id="osprey")])
    assert words_of(collection, "other.png") == "Herons nest in April"
    hit = CollectionRetriever(collection).retrieve("osprey", match="words")[0]
    assert (hit.id, hit.text) == ("osprey", "An osprey in May")


def test_it_can_be_given_up(collection: Collection, pictures: Path, tmp_path: Path) -> None:
    build(collection, [pictures], ocr=True)
    build(collection, [pictures], ocr=False)
    assert not recognition_of(collection.folder).ocr
    assert REFUSED[-1] in words_of(collection, "error.png")  # it is as it was
    build(collection, [pictures], reread=True)
    assert words_of(collection, "error.png") == ""
    assert summary(build(collection, [pictures], ocr=True)) == {"updated": 2}


def test_pages_that_are_pictures_are_found_by_their_words(
    collection: Collection, tmp_path: Path
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(scan(["First page of a letter"], ["Herons nest in April"]))
    build(collection, [folder], ocr=True)
    hit = CollectionRetriever(collection).retrieve("herons", match="words")[0]
    assert (hit.page, hit.text, hit.origin) == (2, "Herons nest in April", Origin.OCR)


def test_a_missing_extra_leaves_the_collection_as_it_was(
    collection: Collection, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "has_packages", lambda names: False)
    with pytest.raises(UsageError, match=r"anysense\[ocr\]"):
        build(collection, [pictures], ocr=True)
    assert not recognition_of(collection.folder).ocr
    assert summary(build(collection, [pictures])) == {"added": 2}


def test_an_animated_picture_is_found_by_the_words_of_its_first_frame(
    collection: Collection, tmp_path: Path
) -> None:
    folder = tmp_path / "moving"
    folder.mkdir()
    blank = Image.new("RGB", screenshot().size, "white")
    data = animation("GIF", [blank, screenshot().convert("RGB")], 1.0)
    (folder / "error.gif").write_bytes(data)
    (folder / "film.mp4").write_bytes(film([Scene(colour("red"))]))
    build(collection, [folder])
    assert words_of(collection, "error.gif") == ""
    assert summary(build(collection, [folder], ocr=True)) == {"updated": 1, "unchanged": 1}
    assert REFUSED[-1] in words_of(collection, "error.gif")
    hit = CollectionRetriever(collection).retrieve("ERR_CONNECTION_REFUSED", match="words")[0]
    assert (hit.kind.value, hit.start, hit.end) == ("video", 1.0, 2.0)
    assert hit.box is not None
