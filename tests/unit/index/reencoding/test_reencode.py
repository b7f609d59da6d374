"""A collection that is given other encoders: before, meanwhile, and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny
from tiny_files import write_media

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.errors import (
    CollectionLockedError,
    IncompatibleCollectionError,
    RemovalError,
    StateGoneError,
    UsageError,
)
from anysense.embed.types import EncodedSegment, Kind, Modality
from anysense.index.building.build import build
from anysense.index.catalog.records import ItemRecord
from anysense.index.collection import Collection
from anysense.index.ranking.query import Term
from anysense.index.snapshots.manifest import FORMAT, FORMAT_WITH_HIDDEN, Manifest
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.hits.hits import Hits

QUERIES = ("red", "blue", "low", "a dark green", "high tone", "waves")
LONG = " ".join(f"word{i} red" if i % 7 == 0 else f"word{i}" for i in range(60))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    write_media(folder)
    (folder / "long.txt").write_text(LONG, encoding="utf-8")
    (folder / "notes.md").write_text(
        "# Setup\n\nRed things.\n\n## Linux\n\nBlue and low things, of many words.\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def path(tmp_path: Path, media: Path) -> Path:
    return built(tmp_path / "c", media, "tiny")


def built(path: Path, media: Path, *encoders: str) -> Path:
    with Collection.create(path, encoders) as collection:
        build(collection, [media])
        collection.add([NewItem("A note of its own, with waves that are blue.", id="note")])
        collection.publish()
    return path


def found(collection: Collection, query: str = "red") -> list[tuple[str, float, str]]:
    return [(hit.id, hit.score, hit.space) for hit in collection.search(query, k=20)]


def answers(collection: Collection) -> dict[str, list[tuple[str, str]]]:
    """What a collection finds, without the scores."""
    return {q: [(h.id, h.space) for h in collection.search(q, k=20)] for q in QUERIES}


def assert_same_hits(one: Hits, other: Hits) -> None:
    """Assert that both are one ranking to rounding; hits of one score may stand in any order.

    What is fitted depends a little on the order of what it is fitted to, which is another here.
    """
    ranked, expected = ([hit.score for hit in hits] for hits in (one, other))
    np.testing.assert_allclose(ranked, expected, atol=1e-2)
    pairs = list(zip(*(sorted(hits, key=lambda h: h.id) for hits in (one, other)), strict=True))
    for a, b in pairs:
        assert (a.id, a.text, a.start, a.end) == (b.id, b.text, b.start, b.end)
        np.testing.assert_allclose(a.raw_score, b.raw_score, atol=2e-3)
        np.testing.assert_allclose(a.score, b.score, atol=1e-2)


def assert_as_fresh(path: Path, fresh: Path) -> None:
    """Assert that a collection answers as one does that was built with its encoders alone."""
    with Collection.open(path) as collection, Collection.open(fresh) as expected:
        assert collection.verify().problems == []
        assert collection.encoder_names == expected.encoder_names
        assert collection.folder.snapshot().partitions == expected.folder.snapshot().partitions
        for query in QUERIES:
            assert_same_hits(collection.search(query, k=20), expected.search(query, k=20))
            for match in ("vector", "words"):
                assert_same_hits(
                    collection.search(query, k=20, match=match),
                    expected.search(query, k=20, match=match),
                )


def test_another_encoder_takes_the_place_of_the_first(
    path: Path, tmp_path: Path, media: Path
) -> None:
    steps: list[tuple[str, int, int]] = []
    with Collection.open(path) as collection:
        report = collection.reencode(
            "tiny:other", drop="tiny", progress=lambda *step: steps.append(step)
        )
        assert (report.encoders, report.dropped) == (["tiny:other"], ["tiny"])
        assert (report.missing, report.uncovered, report.removed) == ([], 0, 0)
        assert report.encoded == collection.info()["items"] == 8
        assert report.kept_texts == 1
        assert collection.info()["encoders"][0]["space"] == "tiny:other"
    assert ("encode", 8, 8) in steps
    assert_as_fresh(path, built(tmp_path / "fresh", media, "tiny:other"))
    manifest = Manifest.read(path)
    assert not manifest.has_hidden
    assert json.loads((path / "manifest.json").read_text())["format"] == FORMAT


class StopError(Exception):
    pass


def stopping(doing: str, at: int = 0) -> Any:
    """A progress that stops what is done at some step of a kind."""

    def progress(now: str, done: int, total: int) -> None:
        if now == doing and done >= at:
            raise StopError

    return progress


def stop_halfway(collection: Collection, *encoders: str, **options: Any) -> None:
    """Begin to encode, and stop before searches go by the new encoders."""
    with pytest.raises(StopError):
        collection.reencode(encoders, progress=stopping("publish"), **options)


def test_nothing_is_seen_before_all_of_it_is_there(path: Path) -> None:
    with Collection.open(path) as collection:
        before, info = answers(collection), collection.info()
        stop_halfway(collection, "tiny:other", drop=["tiny"])
        manifest = Manifest.read(path)
        assert manifest.reencoding is not None
        assert [entry.name for entry in manifest.reencoding.encoders] == ["tiny:other"]
        assert json.loads((path / "manifest.json").read_text())["format"] == FORMAT_WITH_HIDDEN
        assert answers(collection) == before
        for key in ("items", "segments", "partitions", "unpublished", "tombstones", "encoders"):
            assert collection.info()[key] == info[key]
        assert {segment.space for segment in collection.snapshot().item("note").segments} == {
            "tiny"
        }
        assert collection.verify().problems == []
    with Collection.open(path) as collection:
        assert answers(collection) == before
        assert collection.verify().problems == []
        assert collection.verify().segments == info["segments"]


def test_a_second_run_goes_on_from_what_was_written(
    path: Path, tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.index.reencoding.encoding.BATCH_ITEMS", 2)
    with Collection.open(path) as collection:
        with pytest.raises(StopError):
            collection.reencode("tiny:other", drop="tiny", progress=stopping("encode", 4))
        report = collection.reencode()  # with what it began with
        assert 0 < report.encoded < 8
        assert report.dropped == ["tiny"]
    assert_as_fresh(path, built(tmp_path / "fresh", media, "tiny:other"))


def test_what_changes_meanwhile_is_in_both(path: Path, tmp_path: Path, media: Path) -> None:
    with Collection.open(path) as collection:
        stop_halfway(collection, "tiny:other", drop=["tiny"])
        (media / "red.png").unlink()
        (media / "more.txt").write_text("more waves, red ones", encoding="utf-8")
        (media / "note.txt").write_text("it is blue now", encoding="utf-8")
        build(collection, [media])
        assert "more.txt" in str([hit.source for hit in collection.search("waves")])
        collection.add([NewItem("A second note, low.", id="second")])
        collection.remove(["note"])
        assert collection.verify().problems == []
        assert collection.reencode().encoded == 3
        collection.publish()
    fresh = tmp_path / "fresh"
    with Collection.create(fresh, ["tiny:other"]) as collection:
        build(collection, [media])
        collection.add([NewItem("A second note, low.", id="second")])
        collection.publish()
    assert_as_fresh(path, fresh)


def test_what_is_added_while_it_ends_is_caught_up(path: Path) -> None:
    with Collection.open(path) as collection:
        added = []

        def add(doing: str, done: int, total: int) -> None:
            if doing == "encode" and done == total and len(added) < 3:
                added.append(f"late{len(added)}")
                collection.add([NewItem(f"a late red note {added[-1]}", id=added[-1])])

        collection.reencode("tiny:other", drop="tiny", progress=add)
        assert len(added) == 3
        hits = {hit.id for hit in collection.search("a late red note", k=20)}
        assert hits >= set(added)
        assert {p.space for p in collection.snapshot().partitions} == {"tiny:other"}


def test_an_encoder_of_another_revision_is_replaced(
    path: Path, tmp_path: Path, media: Path
) -> None:
    with Collection.open(path) as collection:
        old = answers(collection)
        register_encoder("tiny", lambda rest, device: tiny.TinyEncoder(revision="2", dimension=48))
        try:
            stop_halfway(collection, "tiny")
            assert answers(collection) == old  # with the encoder that it has loaded
            with (
                Collection.open(path) as other,
                pytest.raises(IncompatibleCollectionError, match=r"reencode .* --encoder tiny"),
            ):
                other.search("red")
            assert collection.reencode().dropped == ["tiny"]
            assert collection.spaces[0].revision == "2"
            assert collection.spaces[0].dimension == 48
            assert_as_fresh(path, built(tmp_path / "fresh", media, "tiny"))
            assert {row.id for row in collection.folder.catalog.spaces.values()} == {"tiny"}
            assert Manifest.read(path).encoders[0].key is None
        finally:
            tiny.register()


def test_another_is_begun_only_when_that_is_said(path: Path) -> None:
    with Collection.open(path) as collection:
        stop_halfway(collection, "tiny:other")
        with pytest.raises(UsageError, match=r"with tiny:other already.*--restart.*--abandon"):
            collection.reencode("tiny:text-image")
        report = collection.reencode("tiny:text-image", restart=True)
        assert report.encoders == ["tiny:text-image", "tiny"]
        assert report.uncovered == 1  # the sound
        assert {row.id for row in collection.folder.catalog.spaces.values()} == {
            "tiny",
            "tiny:text-image",
        }
        assert collection.verify().problems == []


@pytest.mark.parametrize(
    "options", [{}, {"encoders": "tiny:text-image", "restart": True}, {"abandon": True}]
)
def test_there_is_one_at_a_time(path: Path, options: dict[str, Any]) -> None:
    """Two would give the spaces of one to the other, and take them away."""
    refused = 0

    def interfere(doing: str, *_: int) -> None:
        nonlocal refused
        with (
            Collection.open(path) as other,
            pytest.raises(CollectionLockedError, match=r"by another run.*stop it first"),
        ):
            other.reencode(**options)
        refused += 1

    with Collection.open(path) as collection:
        items = collection.info()["items"]
        collection.reencode("tiny:other", drop="tiny", progress=interfere)
        assert refused > 2
        assert collection.encoder_names == ["tiny:other"]
        assert collection.info()["items"] == items
        assert collection.verify().problems == []


def test_the_same_command_goes_on_where_it_had_begun_to_delete(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.index.publishing.switching.SWEPT_AT_ONCE", 2)

    def stop(doing: str, *_: int) -> None:
        if doing == "sweep":
            raise StopError

    with Collection.open(path) as collection:
        with pytest.raises(StopError):
            collection.reencode("tiny:other", drop="tiny", progress=stop)
        assert Manifest.read(path).dropped
        report = collection.reencode("tiny:other", drop="tiny")
        assert (report.encoders, report.encoded) == (["tiny:other"], 0)
        assert not Manifest.read(path).dropped
        assert collection.verify().problems == []


def test_what_is_abandoned_leaves_nothing(path: Path) -> None:
    with Collection.open(path) as collection:
        before, manifest = answers(collection), Manifest.read(path)
        stop_halfway(collection, "tiny:other")
        collection.reencode(abandon=True)
        assert answers(collection) == before
        assert list(collection.folder.catalog.seeing(None).spaces) == [1]
        assert Manifest.read(path) == manifest
        assert collection.verify().problems == []
        with pytest.raises(UsageError, match="not being encoded"):
            collection.reencode(abandon=True)


def test_an_encoder_may_be_dropped_later(path: Path, tmp_path: Path, media: Path) -> None:
    with Collection.open(path) as collection:
        assert collection.reencode("tiny:other").encoders == ["tiny:other", "tiny"]
        assert {hit.space for hit in collection.search("red", k=20, match="vector")} == {
            "tiny:other"
        }
        with_both = collection.info()["segments"]
        assert collection.reencode(drop="tiny").dropped == ["tiny"]
        assert collection.info()["segments"] < with_both
    assert_as_fresh(path, built(tmp_path / "fresh", media, "tiny:other"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "Nothing to do.*--encoder"),
        ({"encoders": "tiny"}, "with tiny already"),
        ({"drop": "tiny"}, "cannot drop its last one"),
        ({"encoders": "tiny:other", "drop": "clap"}, "no encoder clap to drop; it has tiny"),
        ({"encoders": ["tiny:other", "tiny:other"]}, "only once"),
    ],
)
def test_what_cannot_be_done_is_refused(path: Path, options: dict[str, Any], sentence: str) -> None:
    with Collection.open(path) as collection, pytest.raises(UsageError, match=sentence):
        collection.reencode(**options)
    assert not Manifest.read(path).has_hidden


def given(collection: Collection, name: str = "given") -> None:
    """Write an item of which there is a vector alone."""
    space = collection.spaces[0]
    vector = np.eye(1, space.dimension, dtype=np.float32)[0]
    segment = EncodedSegment(space.id, Modality.IMAGE, vector)
    collection.write([ItemRecord(name, "memory", Kind.IMAGE, {}, [segment], "hash")])


def test_items_whose_content_is_gone_are_told_and_not_lost(path: Path, media: Path) -> None:
    with Collection.open(path) as collection:
        given(collection)
        (media / "red.png").unlink()
        (media / "blue.png").write_bytes((media / "green.png").read_bytes())
        (media / "long.txt").unlink()  # its text is in the catalog
        with pytest.raises(RemovalError, match=r"3 items of .* would be found no more, such as"):
            collection.reencode("tiny:other", drop="tiny")
        assert len(collection.search("red", k=20)) == 9
        report = collection.reencode(allow_removal=True)
        assert report.removed == 3
        reasons = {item.reason.split(":")[0] for item in report.missing}
        assert reasons == {
            "its file is gone",
            "its file has changed since it was added",
            "it was given without a file",
        }
        assert collection.info()["items"] == 6
        assert len(collection.search("red", k=20)) == 6
        assert collection.verify().problems == []
        build(collection, [media])
        assert collection.info()["items"] == 5  # blue is a copy of green now, and long.txt gone


def test_items_that_only_a_former_encoder_has_are_found_by_it(path: Path, media: Path) -> None:
    with Collection.open(path) as collection:
        given(collection)
        red = _id_of(collection, "red.png")
        (media / "red.png").unlink()
        assert len(collection.reencode("tiny:other").missing) == 2
        hits = {hit.id: hit.space for hit in collection.search("red", k=20, match="vector")}
        assert len(hits) == 9
        assert {item for item, space in hits.items() if space == "tiny"} == {red, "given"}
        assert len(collection.search("red", k=20, where="kind = 'image'")) == 4
        like = [hit.id for hit in collection.search(Term(like=red), k=20, modalities=["image"])]
        assert len(like) == 3
        with pytest.raises(RemovalError, match="2 items"):
            collection.reencode(drop="tiny")
        collection.reencode(drop="tiny", allow_removal=True)
        assert len(collection.search("red", k=20)) == 7
    assert Manifest.read(path).tuning["apart"] == []


def test_texts_of_the_catalog_are_cut_anew(path: Path, tmp_path: Path, media: Path) -> None:
    fresh = built(tmp_path / "fresh", media, "tiny:other")
    (media / "long.txt").unlink()
    (media / "notes.md").unlink()
    with Collection.open(path) as collection, Collection.open(fresh) as expected:
        report = collection.reencode("tiny:other", drop="tiny")
        assert report.kept_texts == 3
        for item in ("long.txt", "notes.md"):
            [one, other] = (
                [(s.place, s.text, s.heading) for s in c.snapshot().item(_id_of(c, item)).segments]
                for c in (collection, expected)
            )
            assert one == other
    assert_as_fresh(path, fresh)


def _id_of(collection: Collection, name: str) -> str:
    return next(file.item_id for path, file in collection.files().items() if path.endswith(name))


def test_rows_of_tables_are_read_again(tmp_path: Path) -> None:
    table = tmp_path / "rows.jsonl"
    rows = [{"text": f"row {i} is {'red' if i % 2 else 'blue'}", "id": f"r{i}"} for i in range(9)]
    table.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for name in ("tiny", "tiny:other"):
        with Collection.create(tmp_path / name.replace(":", "-"), [name]) as collection:
            build(collection, [table])
    path = tmp_path / "tiny"
    table.write_text("\n".join(map(json.dumps, rows[1:])), encoding="utf-8")
    with Collection.open(path) as collection:
        report = collection.reencode("tiny:other", drop="tiny")
        assert (report.encoded, report.kept_texts, report.missing) == (9, 1, [])
    assert_as_fresh(path, tmp_path / "tiny-other")


def test_words_about_an_item_go_with_it(tmp_path: Path, media: Path) -> None:
    (media / "red.txt").write_text("a letter box", encoding="utf-8")
    for name in ("tiny", "tiny:other"):
        with Collection.create(tmp_path / name.replace(":", "-"), [name]) as collection:
            build(collection, [media])
            green = NewItem(media / "green.png", id="given", captions=["a meadow at noon"])
            collection.add([green])
            collection.publish()
    path = tmp_path / "tiny"
    with Collection.open(path) as collection:
        assert collection.reencode("tiny:other", drop="tiny").missing == []
        assert collection.search("a letter box")[0].source.endswith("red.png")
        assert collection.search("a meadow at noon")[0].id == "given"
    assert_as_fresh(path, tmp_path / "tiny-other")


def test_words_that_were_left_out_stay_out(tmp_path: Path, media: Path) -> None:
    (media / "red.txt").write_text("a letter box", encoding="utf-8")
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        build(collection, [media], sidecars=False)
        segments = collection.info()["segments_by_modality"]
        collection.reencode("tiny:text-image", drop=())
        collection.reencode("tiny:other", drop=["tiny", "tiny:text-image"])
        assert collection.info()["segments_by_modality"]["image"] == segments["image"]
        ids = {hit.id for hit in collection.search("letter", match="words")}
        assert len(ids) == 1  # of the text alone, which is an item


def test_one_of_several_encoders_is_replaced(tmp_path: Path, media: Path) -> None:
    path = tmp_path / "c"
    with Collection.create(path, ["tiny:text-image", "tiny:text-audio"]) as collection:
        build(collection, [media])
        sounds = [(hit.id, hit.score) for hit in collection.search("low", modalities=["audio"])]
        report = collection.reencode("tiny:other", drop="tiny:text-image")
        assert report.encoders == ["tiny:other", "tiny:text-audio"]
        assert {hit.space for hit in collection.search("red", k=20)} == {"tiny:other"}
        assert len(sounds) == 1
        assert collection.reencode(drop="tiny:text-audio").encoders == ["tiny:other"]
        assert collection.search("low", modalities=["audio"])[0].id == sounds[0][0]
        assert collection.verify().problems == []


def test_space_is_given_back(path: Path) -> None:
    with Collection.open(path) as collection:
        collection.reencode("tiny:other", drop="tiny")
        with collection.folder.catalog.transaction() as connection:
            spaces = connection.execute("SELECT DISTINCT space_pk FROM segments").fetchall()
            vectors = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
        assert spaces == [(2,)]
        assert vectors == collection.info()["segments"]
        before = (path / "catalog.sqlite").stat().st_size
        collection.compact()
        assert (path / "catalog.sqlite").stat().st_size <= before
        assert collection.verify().problems == []


def test_pages_of_the_former_encoders_are_gone_with_them(path: Path) -> None:
    with Collection.open(path) as collection:
        first = collection.search("red", k=2)
        collection.reencode("tiny:other", drop="tiny")
        with pytest.raises(StateGoneError):
            collection.search("red", k=2, offset=2, state=first.state)
