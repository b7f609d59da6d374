from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from media_files import page, pdf
from specimen import opened_with
from tiny import TinyEncoder
from tiny_files import inputs_encoded, real, source_names, summary

from anysense.embed.encoders import registry
from anysense.embed.errors import CollectionLockedError, MissingWeightsError, StorageError
from anysense.embed.types import Modality
from anysense.index.background.bank import background
from anysense.index.building.build import build, run_build
from anysense.index.building.options import BuildOptions
from anysense.index.catalog.records import make_id
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.building.report import BuildProgress


def test_a_build_indexes_every_file_and_its_items_are_found(
    collection: Collection, media: Path
) -> None:
    report = build(collection, [media])
    assert summary(report) == {"added": 5}
    assert collection.info()["items_by_kind"] == {"text": 1, "image": 3, "audio": 1}
    assert not collection.needs_publish
    hits = collection.search("blue", k=5, modalities=["image"])
    assert hits[0].source == real(media / "blue.png")
    assert hits[0].id == make_id(real(media / "blue.png"))


def test_nothing_changed_means_that_nothing_is_encoded_or_published(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    before, generation = inputs_encoded(collection), collection.info()["generation"]
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert inputs_encoded(collection) == before
    assert collection.info()["generation"] == generation


def test_gone_files_are_removed_unless_they_are_kept(collection: Collection, media: Path) -> None:
    build(collection, [media])
    (media / "red.png").unlink()
    assert summary(build(collection, [media], keep_missing=True)) == {"unchanged": 4}
    assert "red.png" in source_names(collection)
    assert summary(build(collection, [media])) == {"removed": 1, "unchanged": 4}
    assert source_names(collection) == ["blue.png", "green.png", "low.wav", "note.txt"]


def test_a_report_names_a_few_of_the_files_that_changed(
    collection: Collection, media: Path
) -> None:
    assert len(build(collection, [media]).touched) == 5
    assert build(collection, [media]).touched == []
    for i in range(9):
        (media / f"new-{i}.txt").write_text(f"new {i}")
    (media / "note.txt").unlink()
    touched = build(collection, [media]).touched
    assert touched == [str(media / f"new-{i}.txt") for i in range(5)]
    (media / "new-3.txt").unlink()
    assert build(collection, [media]).touched == [str(media / "new-3.txt")]


def test_other_sources_are_left_alone(collection: Collection, media: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("elsewhere")
    build(collection, [media, other])
    (media / "red.png").unlink()
    assert summary(build(collection, [other])) == {"unchanged": 1}
    assert collection.info()["items"] == 6
    assert summary(build(collection, [media / "*.wav"])) == {"unchanged": 1}
    assert collection.info()["items"] == 6


def test_files_that_no_encoder_takes_are_left_out(tmp_path: Path, media: Path) -> None:
    with Collection.create(tmp_path / "c", ("tiny:text-image",)) as made:
        report = build(made, [media])
        assert (summary(report), report.left_out) == ({"added": 4}, 1)
        (media / "sound named otherwise.txt").write_bytes((media / "low.wav").read_bytes())
        report = build(made, [media])
        assert summary(report) == {"unchanged": 4, "quarantined": 1}
        assert "audio" in report.quarantined[0].reason


def test_pdfs_are_drawn_where_no_encoder_takes_texts(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = frozenset({Modality.IMAGE})
    factories = registry._factories  # a registration would outlast the test
    monkeypatch.setitem(factories, "seeing", lambda rest, device: TinyEncoder("seeing", images))
    (media / "letter.PDF").write_bytes(pdf([page("red")]))
    with Collection.create(tmp_path / "c", ("seeing",)) as made:
        report = build(made, [media])
        assert (summary(report), report.left_out) == ({"added": 4}, 2)
        assert "letter.PDF" in source_names(made)
    with Collection.create(tmp_path / "d", ("tiny:text-audio",)) as made:
        assert build(made, [media]).left_out == 3


def test_a_collection_that_another_process_writes_is_refused_before_encoding(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    collection.write([])  # takes the lock
    with Collection.open(tmp_path / "collection") as other:
        with pytest.raises(CollectionLockedError):
            build(other, [media])
        assert other.loaded_encoders == []


def test_a_full_disk_is_an_error_and_quarantines_nothing(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(records: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(collection.folder, "write", refuse)
        with pytest.raises(StorageError):
            build(collection, [media])
    assert collection.folder.quarantined() == []
    assert summary(build(collection, [media])) == {"added": 5}


def test_an_interrupted_build_keeps_what_it_did_and_goes_on(
    collection: Collection, media: Path
) -> None:
    def stop(progress: BuildProgress) -> None:
        if progress.phase == "encode" and progress.done == 3:
            raise KeyboardInterrupt

    background(collection.encoders()[0])  # or else it is encoded, and counted, below
    with pytest.raises(KeyboardInterrupt):
        build(collection, [media], progress=stop)
    kept = collection.info()["items"]
    assert kept == 3
    before = inputs_encoded(collection)
    assert summary(build(collection, [media])) == {"added": 2, "unchanged": 3}
    assert inputs_encoded(collection) - before == 2
    assert not collection.needs_publish


def test_progress_counts_every_new_file_once(collection: Collection, media: Path) -> None:
    seen: list[BuildProgress] = []
    build(collection, [media], progress=seen.append)
    done = [p.done for p in seen if p.phase == "encode"]
    assert sorted(set(done) - {0}) == [1, 2, 3, 4, 5]
    assert done == sorted(done)
    assert {p.total for p in seen if p.phase == "encode"} == {5}
    phases = list(dict.fromkeys(p.phase for p in seen))
    assert phases == ["scan", "load", "encode", "publish"]


def test_a_long_build_publishes_each_time_that_its_index_would_double(
    collection: Collection, media: Path
) -> None:
    for number in range(7):
        (media / f"more-{number}.txt").write_text(f"note number {number} about green")
    one_by_one = BuildOptions(batch_items=1)
    collection.close()
    indexed: list[int] = []

    def note(progress: BuildProgress) -> None:
        if progress.phase == "publish":
            indexed.append(sum(collection.folder.snapshot().partitions.values()))

    with opened_with(collection.path, overdue=2) as collection:
        run_build(collection, [media], one_by_one, progress=note)
        assert indexed == [2, 4, 8, 12]  # the last at the end
        assert not collection.needs_publish
        assert collection.info()["generation"] == 4
        assert len(collection.search("green", k=20)) == 12


def test_a_build_of_a_large_collection_leaves_few_changes_unpublished(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    collection.close()
    with opened_with(collection.path, large=5, few=2) as collection:
        (media / "more.txt").write_text("a note about green")
        build(collection, [media])
        assert collection.info()["generation"] == 1
        assert collection.folder.snapshot().unpublished == 1
        assert any("more" in hit.source for hit in collection.search("green", k=20))
        (media / "red.png").unlink()  # a removal, which is a segment the less, and its tombstone
        build(collection, [media])
        assert collection.info()["generation"] == 2
        assert not collection.needs_publish


def test_progress_counts_the_segments_of_a_file_that_is_not_done(
    collection: Collection, media: Path
) -> None:
    long = media / "long.txt"
    long.write_text("red " * 20 * 100)  # the tiny encoder takes 20 words at once
    seen: list[tuple[int, int]] = []

    def note(progress: BuildProgress) -> None:
        seen.append((progress.done, progress.report.segments))

    report = build(collection, [long], batch_size=10, progress=note)
    assert [segments for done, segments in seen if done == 0 and segments] == list(
        range(10, 101, 10)
    )
    assert report.segments == 100


def test_an_unchanged_build_does_not_need_its_encoder(
    tmp_path: Path, media: Path, collection: Collection
) -> None:
    build(collection, [media])
    collection.close()
    code = (
        "import sys\n"
        "from anysense.index.building.build import build\n"
        "from anysense.index.collection import Collection\n"
        f"with Collection.open({str(tmp_path / 'collection')!r}) as c:\n"
        f"    report = build(c, [{str(media)!r}])\n"
        "assert report.unchanged == 5, report\n"
        "assert 'torch' not in sys.modules\n"
    )  # in this process there is no encoder named tiny, so loading it would be an error
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_a_model_that_cannot_be_loaded_quarantines_nothing(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise MissingWeightsError("its weights are not here")

    monkeypatch.setattr(collection, "encoders", refuse)
    with pytest.raises(MissingWeightsError):
        build(collection, [media])
    assert collection.folder.quarantined() == []
