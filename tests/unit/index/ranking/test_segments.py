"""Items with several segments, of several modalities: each is found by any of them, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tiny
from media_files import page, pdf
from PIL import Image

from anysense import Collection, Hit, NewItem, Retriever, Term
from anysense.embed.types import WHOLE, EncodedSegment, Kind, Modality, Origin, Place, Unit
from anysense.index.catalog.records import ItemRecord
from anysense.index.ranking.fusion import MOST_SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.embed.types import Content

ENCODER = tiny.TinyEncoder()
COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}
BOX = (0.25, 0.5, 0.75, 1.0)


def picture(colour: str, shade: int = 0) -> Image.Image:
    return Image.new("RGB", (32, 32), tuple(max(0, c - shade) for c in COLOURS[colour]))


def text(words: str, place: Place = WHOLE, origin: Origin = Origin.CONTENT) -> EncodedSegment:
    return segment(words, Modality.TEXT, place, origin)


def image(colour: str, place: Place = WHOLE, shade: int = 0) -> EncodedSegment:
    return segment(picture(colour, shade), Modality.IMAGE, place, Origin.CONTENT)


def segment(content: Content, modality: Modality, place: Place, origin: Origin) -> EncodedSegment:
    vector = ENCODER.prepare(modality, content)
    passage = content if isinstance(content, str) else None
    return EncodedSegment("tiny", modality, vector, place, passage, origin)


def item(item_id: str, kind: Kind, *segments: EncodedSegment) -> ItemRecord:
    return ItemRecord(item_id, f"memory:{item_id}", kind, {}, segments)


def items() -> list[ItemRecord]:
    """A manual whose passages and pages differ, a photo with words in it, and plain items."""
    manual = item(
        "manual",
        Kind.DOCUMENT,
        text("a green lamp and its use", Place.of_characters(0, 24, page=1)),
        text("red", Place.of_characters(26, 29, page=2)),
        text("nothing of the sort", Place.of_characters(31, 50, page=3)),
        image("blue", Place.of_page(1)),
        image("red", Place.of_page(2)),
    )
    photo = item(
        "photo",
        Kind.IMAGE,
        image("green"),
        text("red low", Place(box=BOX), Origin.OCR),
        text("a blue door", WHOLE, Origin.CAPTION),
    )
    plain = [item(f"{c}-{i}", Kind.IMAGE, image(c, shade=i + 1)) for c in COLOURS for i in range(4)]
    notes = [item(f"note-{c}", Kind.TEXT, text(f"a {c} note, no more")) for c in COLOURS]
    return [manual, photo, *plain, *notes]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    tiny.register()
    with Collection.create(tmp_path_factory.mktemp("segments") / "c", ["tiny"]) as made:
        made.write(items())
        yield made


@pytest.fixture(params=["fresh", "published"])
def retriever(request: pytest.FixtureRequest, collection: Collection) -> Retriever:
    """Before and after the segments have moved from the delta to the FAISS index."""
    if request.param == "published":
        collection.publish()
    return Retriever(collection)


def of(hits: list[Hit], item_id: str) -> Hit:
    """The one hit of an item."""
    [hit] = [hit for hit in hits if hit.id == item_id]
    return hit


@pytest.mark.parametrize("fusion", ["calibrated", "rrf", "round_robin"])
def test_each_item_stands_once(retriever: Retriever, fusion: str) -> None:
    hits = retriever.retrieve("red", k=100, fusion=fusion)
    assert len({hit.id for hit in hits}) == len(hits) == len(items())


def test_the_best_segment_leads_with_its_place_and_the_others_follow(retriever: Retriever) -> None:
    manual = of(retriever.retrieve("red", k=100), "manual")
    assert (manual.kind, manual.modality, manual.text) == (Kind.DOCUMENT, Modality.TEXT, "red")
    assert manual.place == Place.of_characters(26, 29, page=2)
    assert (manual.unit, manual.page, manual.origin) == (Unit.CHARACTERS, 2, Origin.CONTENT)
    red_page, *rest = manual.segments
    assert (red_page.modality, red_page.place, red_page.text) == (
        Modality.IMAGE,
        Place.of_page(2),
        None,
    )
    assert manual.score >= red_page.score >= 1
    assert all(1 <= segment.score <= red_page.score for segment in rest)
    assert Place.of_page(1) not in [segment.place for segment in manual.segments]  # it is blue


def test_words_in_a_photo_find_it_where_they_stand(retriever: Retriever) -> None:
    photo = of(retriever.retrieve("red low", k=100), "photo")
    assert (photo.kind, photo.modality) == (Kind.IMAGE, Modality.TEXT)
    assert (photo.box, photo.origin, photo.text) == (BOX, Origin.OCR, "red low")
    assert photo.place == Place(box=BOX)
    caption = of(retriever.retrieve("a blue door", k=100), "photo")
    assert (caption.origin, caption.box) == (Origin.CAPTION, None)
    shown = of(retriever.retrieve("green", k=100), "photo")
    assert (shown.modality, shown.place, shown.origin) == (Modality.IMAGE, WHOLE, Origin.CONTENT)


def test_modalities_are_those_of_segments(retriever: Retriever) -> None:
    for modality in (Modality.TEXT, Modality.IMAGE):
        hits = retriever.retrieve("red", k=100, modalities=[modality])
        segments = [s for hit in hits for s in (hit, *hit.segments)]
        assert {segment.modality for segment in segments} == {modality}
        assert of(hits, "manual").page == 2
        assert of(hits, "photo").kind == Kind.IMAGE
    assert retriever.retrieve("red", modalities=["text"])[0].id == "manual"


def test_filters_are_of_items_and_let_through_all_their_segments(retriever: Retriever) -> None:
    documents = retriever.retrieve("red", k=100, where="kind = 'document'")
    assert [hit.id for hit in documents] == ["manual"]
    assert {segment.modality for segment in documents[0].segments} >= {Modality.IMAGE}
    having_text = retriever.retrieve("red", k=100, where="modality = 'text'", modalities=["image"])
    assert {hit.id for hit in having_text} == {"manual", "photo"}


def test_a_quota_counts_what_leads(retriever: Retriever) -> None:
    hits = retriever.retrieve("red", k=100, per_modality_k=3)
    assert sum(hit.modality is Modality.TEXT for hit in hits) == 3
    assert sum(hit.modality is Modality.IMAGE for hit in hits) == 3
    assert len({hit.id for hit in hits}) == 6


def test_pages_of_items_in_several_lists_fit_together(retriever: Retriever) -> None:
    for fusion in ("calibrated", "rrf", "round_robin"):
        for k in (1, 4):
            pages = [
                retriever.retrieve("red", k=k, offset=offset, fusion=fusion)
                for offset in range(0, len(items()), k)
            ]
            ids = [hit.id for page in pages for hit in page]
            assert len(ids) == len(set(ids)) == len(items())
            assert pages[0][0].id == retriever.retrieve("red", k=1, fusion=fusion)[0].id


def test_two_ranks_of_one_item_add_up(tmp_path: Path) -> None:
    """Second by its text and second by its picture, it stands first by rank; not by score."""
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        both = item("both", Kind.DOCUMENT, text("red dark"), image("red", shade=90))
        collection.write(
            [both, item("text", Kind.TEXT, text("red")), item("image", Kind.IMAGE, image("red"))]
        )
        assert collection.search("red", fusion="rrf")[0].id == "both"
        assert collection.search("red")[0].id != "both"


def test_only_so_many_segments_of_one_item_are_told(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        frames = [image("red", Place.of_seconds(i, i + 1), shade=i) for i in range(120)]
        film = item("film", Kind.VIDEO, *frames, text("a red film"))
        photos = [
            item(f"{colour}-{i}", Kind.IMAGE, image(colour, shade=i))
            for colour, many in (("red", 20), ("blue", 210), ("green", 210))
            for i in range(many)
        ]
        collection.write([film, *photos])
        for modalities in (None, ["image"]):
            hits = collection.search("red", k=21, modalities=modalities)
            # None is crowded out.
            assert {hit.id for hit in hits} == {"film", *(f"red-{i}" for i in range(20))}
            segments = of(hits, "film").segments
            assert len(segments) == MOST_SEGMENTS == 8
            scores = [of(hits, "film").score, *(segment.score for segment in segments)]
            assert scores == sorted(scores, reverse=True)
            assert len({segment.place for segment in segments}) == 8


def test_near_copies_collapse_in_each_modality(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        copies = [
            item(f"copy-{i}", Kind.DOCUMENT, text("a red lamp"), image("red", Place.of_page(1)))
            for i in range(5)
        ]
        others = [item(f"blue-{i}", Kind.IMAGE, image("blue", shade=7 * i)) for i in range(30)]
        others += [item(f"note-{i}", Kind.TEXT, text(f"note {i}, of blue")) for i in range(30)]
        collection.write([*copies, *others])
        assert [hit.id.split("-")[0] for hit in collection.search("red", k=6)].count("copy") == 5
        hits = collection.search("red", collapse=0.99)
        assert hits[0].id.startswith("copy")
        assert sum(hit.id.startswith("copy") for hit in hits) == 1
        [further] = hits[0].segments
        assert {hits[0].modality, further.modality} == {Modality.TEXT, Modality.IMAGE}


def test_like_an_item_goes_by_the_modality_of_its_kind(tmp_path: Path) -> None:
    """One whose picture is red and whose words are blue: by its kind it is one or the other."""
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        both = (image("red"), text("blue"))
        collection.write([item(kind.value, kind, *both) for kind in Kind if kind != Kind.AUDIO])
        collection.write([item(f"{c}", Kind.IMAGE, image(c, shade=5)) for c in ("red", "blue")])
        for kind, colour in (
            (Kind.IMAGE, "red"),
            (Kind.VIDEO, "red"),
            (Kind.TEXT, "blue"),
            (Kind.DOCUMENT, "blue"),
        ):
            where = "id in ('red', 'blue')"
            hits = collection.search(Term(like=kind.value), where=where)
            assert hits[0].id == colour, kind
            everything = collection.search(Term(like=kind.value), k=100)
            assert kind.value not in [hit.id for hit in everything]


def test_a_scan_is_liked_by_its_pages(tmp_path: Path) -> None:
    """A document without text has no vectors of the modality of its kind."""
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        scan = item("scan", Kind.DOCUMENT, image("red", Place.of_page(1)))
        collection.write([scan, item("other", Kind.TEXT, text("a blue thing"))])
        collection.write([item(c, Kind.IMAGE, image(c, shade=3)) for c in ("red", "blue")])
        hits = collection.search(Term(like="scan"))
        assert hits[0].id == "red"
        assert hits[0].raw_score > 0.9  # image against image
        [found] = [hit for hit in collection.search("red", k=9) if hit.id == "scan"]
        assert (found.kind, found.modality, found.page) == (Kind.DOCUMENT, Modality.IMAGE, 1)


def test_a_pdf_is_found_by_its_words_and_by_its_pages(tmp_path: Path) -> None:
    """From the file to the hit: a page of words, a page of nothing but a picture, and a scan."""
    red = b"1 0 0 rg 20 20 572 752 re f"
    for name, pages in (("both", [page("a green word"), red]), ("scan", [red])):
        (tmp_path / f"{name}.pdf").write_bytes(pdf(pages))
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        paths = [tmp_path / "both.pdf", tmp_path / "scan.pdf"]
        report = collection.add([NewItem(path, id=path.stem) for path in paths])
        assert report.failed == []
        by_words = collection.search("green", modalities=["text"])
        assert [hit.id for hit in by_words] == ["both"]
        assert (by_words[0].page, by_words[0].unit) == (1, Unit.CHARACTERS)
        assert by_words[0].text == "a green word"
        pages_found = {hit.id: hit.page for hit in collection.search("red", modalities=["image"])}
        assert pages_found == {"both": 2, "scan": 1}
        info = collection.info()
        assert info["items_by_kind"] == {"document": 2}
        assert info["segments_by_modality"] == {"image": 3, "text": 1}
