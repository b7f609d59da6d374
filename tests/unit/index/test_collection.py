"""A collection as its users meet it: create, open, write, publish, repair, say what is wrong."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tiny
from specimen import IMAGES, assert_holds, created, record, vector

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.errors import (
    CollectionExistsError,
    CollectionLockedError,
    CollectionNotFoundError,
    CollectionReplacedError,
    CorruptCollectionError,
    IncompatibleCollectionError,
    StorageError,
    UnknownEncoderError,
    UsageError,
)
from anysense.index.catalog.schema import CATALOG, SCHEMA
from anysense.index.catalog.sqlite.seals import ACKNOWLEDGED, VERIFIED
from anysense.index.collection import Collection
from anysense.index.folder.lock import LOCK
from anysense.index.snapshots import generation
from anysense.index.snapshots.manifest import FORMAT_WITH_HIDDEN, MANIFEST, Manifest
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLDS = {f"i{i}": 0 for i in range(20)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Twenty items in two generations, closed."""
    with created(tmp_path / "c") as collection:
        collection.write([record(name) for name in list(HOLDS)[:10]])
        collection.publish()
        collection.write([record(name) for name in list(HOLDS)[10:]])
        collection.publish()
    return tmp_path / "c"


# Creating and opening


def test_created_collection_is_empty_and_complete(tmp_path: Path) -> None:
    with created(tmp_path / "deep" / "c") as collection:
        assert_holds(collection, {})
        assert collection.encoder_names == ["tiny"]
        assert [space.dimension for space in collection.spaces] == [32]
        assert collection.encoders()[0].space == collection.spaces[0]
        assert collection.publish() == 0  # there is nothing to publish
        assert collection.verify().ok


def test_closed_collection_leaves_no_scraps(path: Path) -> None:
    assert sorted(entry.name for entry in path.iterdir()) == sorted(
        [ACKNOWLEDGED, LOCK, VERIFIED, CATALOG, "gen-000002", MANIFEST]
    )


def test_what_is_there_is_never_overwritten(path: Path, tmp_path: Path) -> None:
    with pytest.raises(CollectionExistsError, match="is a collection already"):
        created(path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "thesis.txt").write_text("mine")
    with pytest.raises(CollectionExistsError, match=r"holds other files, such as thesis\.txt"):
        created(tmp_path / "docs")
    with pytest.raises(CollectionExistsError, match="is a file"):
        created(tmp_path / "docs" / "thesis.txt")
    assert (tmp_path / "docs" / "thesis.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    created(tmp_path / "empty").close()


@pytest.mark.parametrize(
    ("encoders", "error"),
    [
        ((), UsageError),
        (("tiny", "tiny"), UsageError),
        (("tiny", "tiny:changed"), UsageError),  # two names of one space
        (("nothing:like-it",), UnknownEncoderError),
    ],
)
def test_bad_encoders_leave_nothing_behind(
    tmp_path: Path, encoders: tuple[str, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Collection.create(tmp_path / "c", encoders)
    assert not (tmp_path / "c").exists()


def test_several_spaces_live_side_by_side(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny:text-image", "tiny:text-audio"]) as collection:
        assert [space.id for space in collection.spaces] == ["tiny:text-image", "tiny:text-audio"]
    with Collection.open(tmp_path / "c") as collection:
        assert collection.encoder_names == ["tiny:text-image", "tiny:text-audio"]


@pytest.mark.parametrize("step", ["lock", "schema", "manifest"])
def test_creation_that_was_killed_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        pass

    def killed(*arguments: Any) -> None:
        raise Killed

    if step == "lock":
        monkeypatch.setattr("anysense.index.folder.opening.create_catalog", killed)
    elif step == "schema":
        broken = (*SCHEMA[:3], "CREATE TABLE broken (")
        monkeypatch.setattr("anysense.index.catalog.transaction.SCHEMA", broken)
    else:
        monkeypatch.setattr(Manifest, "write", killed)
    with pytest.raises((Killed, CorruptCollectionError)):
        created(tmp_path / "c")
    monkeypatch.undo()
    tiny.register()
    if step == "manifest":  # the catalog was complete, so the collection was
        assert Collection.exists(tmp_path / "c")
        collection = Collection.open(tmp_path / "c")
    else:
        assert not Collection.exists(tmp_path / "c")
        with pytest.raises(CollectionNotFoundError):
            Collection.open(tmp_path / "c")
        collection = created(tmp_path / "c")
    with collection:
        collection.write([record("a")])
        assert_holds(collection, {"a": 0})
    assert Manifest.read(tmp_path / "c").encoders[0].name == "tiny"


def test_opening_nothing_says_how_to_make_one(tmp_path: Path) -> None:
    for missing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CollectionNotFoundError, match="make one with `anysense build SOURCE"):
            Collection.open(missing)
    (tmp_path / "file").write_text("x")  # where something is, no collection can be made
    for taken, name in ((tmp_path / "file", "file"), (tmp_path, tmp_path.name)):
        said = f"is no collection; make one of what is in it .* -o {name}.anysense"
        with pytest.raises(CollectionNotFoundError, match=said):
            Collection.open(taken)
    assert not Collection.exists(tmp_path / "file")


def test_opening_loads_no_model_and_takes_no_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("anysense.embed.encoders.registry.load_encoder", refuse)
    with Collection.open(path) as reader, Collection.open(path) as writer:
        writer.write([record("new")])
        assert_holds(reader, {**HOLDS, "new": 0})
        assert reader.info()["encoders"][0]["name"] == "tiny"


def test_other_revision_of_an_encoder_is_refused(path: Path) -> None:
    register_encoder("tiny", lambda rest, device: tiny.TinyEncoder(revision="2"))
    with (
        Collection.open(path) as collection,
        pytest.raises(IncompatibleCollectionError, match=r"revision 1.*revision 2.*reencode"),
    ):
        collection.encoders()


class Reduced(tiny.TinyEncoder):
    """One that is given smaller pictures than it was."""

    whole_revision = "1"


def test_a_collection_goes_on_with_the_revision_that_it_was_built_with(path: Path) -> None:
    register_encoder("tiny", lambda rest, device: Reduced(revision="2", image_side=100))
    new = path.with_name("new")
    with Collection.create(new, ["tiny"]) as collection:
        assert collection.spaces[0].revision == "2"
    sides = []
    for folder in (path, new):
        with Collection.open(folder) as collection:
            [encoder] = collection.encoders()
            assert encoder.space == collection.spaces[0]
            sides.append(getattr(encoder, "image_side", None))
    assert sides == [None, 100]


def test_newer_format_is_refused(path: Path) -> None:
    from dataclasses import replace

    newest = FORMAT_WITH_HIDDEN
    replace(Manifest.read(path), format=newest + 1).write(path)
    refusal = rf"format {newest + 1}.*up to {newest}: update anysense"
    with pytest.raises(IncompatibleCollectionError, match=refusal):
        Collection.open(path)


def test_parts_of_two_collections_are_refused(path: Path, tmp_path: Path) -> None:
    created(tmp_path / "other").close()
    shutil.copy(tmp_path / "other" / MANIFEST, path / MANIFEST)
    with pytest.raises(CorruptCollectionError, match="belong to two collections"):
        Collection.open(path)


def test_closed_collection_says_so(path: Path) -> None:
    collection = Collection.open(path)
    collection.close()
    collection.close()
    uses = (collection.info, collection.publish, lambda: collection.write([record("x")]))
    for use in uses:
        with pytest.raises(UsageError, match="is closed; open it again"):
            use()


# One writer, many readers


def test_second_writer_is_refused_until_the_first_is_done(path: Path) -> None:
    with Collection.open(path) as first, Collection.open(path) as second:
        first.write([record("one")])
        with pytest.raises(CollectionLockedError, match=r"by this process: wait .* five seconds"):
            second.write([record("two")])
        assert_holds(second, {**HOLDS, "one": 0})
        first.release()
        second.write([record("two")])
        assert_holds(first, {**HOLDS, "one": 0, "two": 0})
        with pytest.raises(CollectionLockedError):
            first.publish()


def test_reader_sees_changes_and_generations_without_reopening(path: Path) -> None:
    with Collection.open(path) as reader, Collection.open(path) as writer:
        expected = dict(HOLDS)
        assert_holds(reader, expected)
        for step in range(6):
            writer.write([record(f"s{step}", step)], remove=[f"i{step}"])
            del expected[f"i{step}"]
            expected[f"s{step}"] = step
            assert_holds(reader, expected)
            if step % 2:
                assert writer.publish() == reader.folder.snapshot().version[0]
                assert_holds(reader, expected)
        writer.compact()
        assert_holds(reader, expected)
        assert not reader.folder.snapshot().newer
        assert not len(reader.folder.snapshot().tombstones)


def test_reader_that_meets_a_vanishing_generation_takes_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection.open(path) as reader, Collection.open(path) as writer:
        writer.write([record("new")])
        real, tries = generation.check_generation, []

        def publish_first(folder: Path, wanted: generation.Generation, **options: bool) -> None:
            if not tries:
                tries.append(wanted.number)
                writer.publish()
            real(folder, wanted, **options)

        monkeypatch.setattr(generation, "check_generation", publish_first)
        assert_holds(reader, {**HOLDS, "new": 0})
        assert tries == [2]
        assert reader.folder.snapshot().version[0] == 3
        assert "rebuilt" not in caplog.text


def test_reader_notices_that_another_collection_took_the_place(path: Path) -> None:
    with Collection.open(path) as reader:
        reader.folder.snapshot()
        shutil.rmtree(path)
        created(path).close()
        with pytest.raises(CollectionReplacedError, match="not the file that was opened"):
            reader.folder.snapshot()


def test_threads_read_while_one_writes(path: Path) -> None:
    """Every answer is of one state: whatever was acknowledged before the question is in it."""
    acknowledged, errors = [0], []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                sure = acknowledged[0]
                snapshot = collection.folder.snapshot()
                for step in {0, sure - 1, sure // 2} & set(range(sure)):
                    scores, ids = snapshot.search(IMAGES, vector(f"t{step}"), 1)
                    assert scores[0] > 0.99
                    (row,) = snapshot.rows(ids)
                    assert row is not None
                    assert row.item_id == f"t{step}"
        except BaseException as error:
            errors.append(error)

    with Collection.open(path) as collection:
        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for step in range(40):
            collection.write([record(f"t{step}")])
            acknowledged[0] = step + 1
            if step % 10 == 9:
                collection.publish()
        done.set()
        for thread in threads:
            thread.join()
        assert errors == []
        assert_holds(collection, {**HOLDS, **{f"t{step}": 0 for step in range(40)}})


def test_writing_goes_on_while_publishing(path: Path) -> None:
    with Collection.open(path) as collection:
        collection.write([record("before")])

        def tune(snapshot: Any) -> Any:
            collection.write([record("meanwhile")], remove=["i0", "before"])
            from anysense.index.snapshots.manifest import Tuning

            return Tuning()

        assert collection.folder.publish(tune, retune=True) == 3
        expected = {**HOLDS, "meanwhile": 0}
        del expected["i0"]
        assert_holds(collection, expected)
        assert set(collection.folder.snapshot().tombstones) != set()
        assert collection.publish() == 4
        assert_holds(collection, expected)
        assert collection.verify().ok


# Publishing and repair


def test_publishing_is_done_only_when_needed(path: Path) -> None:
    with Collection.open(path) as collection:
        assert not collection.needs_publish
        assert collection.publish() == 2
        collection.write([record("new")])
        assert collection.needs_publish
        assert collection.publish() == 3
        collection.remove(["new"])
        assert collection.needs_publish
        assert collection.publish() == 4
        assert not collection.needs_publish
        collection.describe({"i1": {"version": 0, "other": 1}})
        assert not collection.needs_publish  # vectors are as they were


def test_compact_gives_space_back(path: Path) -> None:
    with Collection.open(path) as collection:
        collection.write([record(f"x{i}", metadata={"text": "y" * 5000}) for i in range(400)])
        collection.publish()
        collection.remove([f"x{i}" for i in range(400)])
        collection.publish()
        full = collection.info()["bytes"]
        collection.compact()
        assert collection.info()["bytes"] < full / 3
        assert_holds(collection, HOLDS)
        assert collection.verify().ok
    with Collection.open(path) as collection:
        assert_holds(collection, HOLDS)


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "folder"])
def test_damaged_index_is_rebuilt(
    path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    index = path / "gen-000002" / "segments.faiss"
    data = index.read_bytes()
    if damage == "folder":
        shutil.rmtree(path / "gen-000002")
    elif damage == "missing":
        index.unlink()
    else:
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]
        index.write_bytes(flipped if damage == "flipped" else data[:middle])
    with Collection.open(path) as reader, caplog.at_level(logging.WARNING):
        assert_holds(reader, HOLDS)
        assert_holds(reader, HOLDS)
        assert len(caplog.records) == 1
        assert f"`anysense compact {path}` repairs it" in caplog.text
        assert not reader.verify().ok
        assert reader.needs_publish
        assert reader.publish() == 3
        assert reader.verify().ok
    caplog.clear()
    with Collection.open(path) as reader:
        assert_holds(reader, HOLDS)
    assert caplog.text == ""


def test_damaged_manifest_is_no_loss(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = (path / MANIFEST).read_text()
    for text in ("", good[:300], good.replace('"tiny"', '"tine"', 1)):
        (path / MANIFEST).write_text(text)
        with Collection.open(path) as collection:
            assert_holds(collection, HOLDS)
            assert collection.folder.snapshot().version[0] == 2
            assert not collection.verify().ok
        assert "using the catalog's copy" in caplog.text
    with Collection.open(path) as collection:
        collection.write([record("new")])  # a writer puts it back
        assert Manifest.read(path).to_text() == good


def test_index_of_another_state_is_noticed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A generation with sound checksums that lacks an item: only the counts tell."""
    from dataclasses import replace

    manifest = Manifest.read(path)
    assert manifest.generation is not None
    with Collection.open(path) as collection:
        collection.write([record("lost")])
        state = collection.folder.snapshot()
    wrong = replace(manifest.generation, high_water=state.high_water, change=state.change)
    replace(manifest, generation=wrong).write(path)
    with Collection.open(path) as collection:
        assert_holds(collection, {**HOLDS, "lost": 0})
    assert "an index of another state: 0 segments are newer" in caplog.text


def test_scraps_of_a_killed_publishing_are_cleared_away(path: Path) -> None:
    for name in ("gen-000003.tmp", "gen-000007", "gen-000001"):
        (path / name).mkdir()
        (path / name / "segments.faiss").write_text("half")
    (path / f"{MANIFEST}.tmp").write_text("{")
    with Collection.open(path) as collection:
        collection.write([record("new")])
        assert collection.publish() == 3
        assert_holds(collection, {**HOLDS, "new": 0})
    names = {entry.name for entry in path.iterdir()}
    assert {name for name in names if "gen-" in name or "tmp" in name} == {"gen-000003"}


def test_verify_tells_what_is_wrong(path: Path) -> None:
    with Collection.open(path) as collection:
        report = collection.verify()
        assert (report.ok, report.items, report.segments, report.compared) == (True, 20, 20, 20)
        assert report.generation == 2
        assert json.loads(json.dumps(report.to_dict()))["ok"] is True
        collection.write([record("new")], remove=["i0"])
        assert collection.verify().ok  # a delta and tombstones are no damage
        (path / "gen-000002" / "segments.faiss").write_bytes(b"?")
        (problem,) = collection.verify().problems
        assert "segments.faiss is damaged" in problem
        assert "`anysense compact" in problem


# What it says of itself


def test_info_counts_what_is_there(path: Path) -> None:
    with Collection.open(path) as collection:
        collection.write([record("new", files=["/1", "/2"])], remove=["i0", "i1"])
        info = json.loads(json.dumps(collection.info()))
    assert info["items"] == info["segments"] == 19
    assert info["items_by_kind"] == {"image": 19}
    assert (info["quarantined"], info["files"]) == (0, 2)
    assert (info["generation"], info["unpublished"], info["tombstones"]) == (2, 1, 2)
    assert info["partitions"] == [
        {
            "space": "tiny",
            "modality": "image",
            "segments": 19,
            "lists": 1,
            "exact": True,
            "probes": {},
        }
    ]
    assert info["encoders"][0]["revision"] == "1"
    assert (info["target_recall"], info["measured_recall"]) == (0.95, 1.0)
    assert info["bytes"] > 10_000
    with Collection.open(path) as again:
        assert repr(again).startswith("Collection('")


# Folders that cannot be written


def as_nobody(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code as a user who may not write what root owns; as ourselves if we are not root."""
    head = "import os, pathlib, sys, tiny; tiny.register()\n"
    head += "from specimen import *; from anysense.embed.errors import *\n"
    if os.getuid() == 0:
        # Python itself may be where nobody may read: load everything that is needed before.
        head += "import tempfile\nwith tempfile.TemporaryDirectory() as folder:\n"
        head += "    with created(pathlib.Path(folder) / 'c') as warm:\n"
        head += "        warm.write([record('a')]); warm.publish(); assert_holds(warm, {'a': 0})\n"
        head += "os.setuid(65534)\n"
    return subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.fixture
def shared() -> Iterator[Path]:
    """A temporary folder that others may enter; those of pytest are only ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)


def copy_with_rights(path: Path, copy: Path, *, folders: int, files: int) -> Path:
    shutil.copytree(path, copy)
    for file in (copy, *copy.rglob("*")):
        file.chmod(folders if file.is_dir() else files)
    return copy


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")
def test_read_only_folder_can_be_searched_but_not_changed(path: Path, shared: Path) -> None:
    copy = copy_with_rights(path, shared / "c", folders=0o555, files=0o444)
    done = as_nobody(
        """
        with Collection.open(sys.argv[1]) as collection:
            assert_holds(collection, {f"i{i}": 0 for i in range(20)})
            try:
                collection.write([record("new")])
            except StorageError as error:
                print(error)
        """,
        copy,
    )
    assert done.returncode == 0, done.stderr
    told = (
        f"{copy}/LOCK: not permitted to this user (Permission denied); see who may read and write"
    )
    assert done.stdout.startswith(told)
    assert "has space" not in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_folder_that_cannot_be_used_is_told(path: Path, shared: Path, mode: int) -> None:
    closed = shared / "closed"
    closed.mkdir()
    shutil.copytree(path, closed / "there")
    (closed / "there").chmod(mode)
    closed.chmod(mode)
    done = as_nobody(
        """
        for action in (created, Collection.open):
            try:
                action(pathlib.Path(sys.argv[1]) / ("new" if action is created else "there"))
            except StorageError as error:
                print(error)
        """,
        closed,
    )
    closed.chmod(0o755)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == (1 if mode else 2)
    assert all("not permitted to this user (Permission denied)" in line for line in lines)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (errno.EROFS, "LOCK: not permitted to this user (Read-only file system); see who"),
        (errno.ENOLCK, "LOCK: the lock cannot be taken ([Errno"),
    ],
)
def test_a_lock_that_cannot_be_taken_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, reason: int, told: str
) -> None:
    before = os.open

    def refuse(file: Any, *arguments: Any, **named: Any) -> int:
        if os.fspath(file).endswith("LOCK"):
            raise OSError(reason, os.strerror(reason), os.fspath(file))
        return before(file, *arguments, **named)

    with Collection.open(path) as collection:
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(StorageError, match=re.escape(told)):
            collection.write([record("new")])


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")
def test_a_catalog_that_may_not_be_written_is_told(path: Path, shared: Path) -> None:
    copy = copy_with_rights(path, shared / "c", folders=0o777, files=0o666)
    (copy / CATALOG).chmod(0o444)
    done = as_nobody(
        """
        with Collection.open(sys.argv[1]) as collection:
            try:
                collection.write([record("new")])
            except StorageError as error:
                print(error)
        """,
        copy,
    )
    assert done.returncode == 0, done.stderr
    assert "catalog.sqlite: not permitted to this user (" in done.stdout


def test_failing_disk_leaves_the_former_generation(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anysense.index.vectors.faiss.store import FaissStore

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with Collection.open(path) as collection:
        collection.write([record("new")])
        for target, name in ((FaissStore, "save"), (Manifest, "write")):
            with monkeypatch.context() as patch:
                patch.setattr(target, name, full)
                with pytest.raises(StorageError, match="the disk refused"):
                    collection.publish()
            assert [p.name for p in path.glob("gen-*")] == ["gen-000002"]
            assert_holds(collection, {**HOLDS, "new": 0})
        assert collection.publish() == 3
        assert_holds(collection, {**HOLDS, "new": 0})


def test_an_item_whose_metadata_cannot_be_kept_stops_no_other(path: Path) -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    bad = [{"a": object()}, {"a": float("nan")}, {"a": deep}, {"a": {1, 2}}, {"a": 10**5000}]
    with Collection.open(path) as collection:
        before = collection.info()["items"]
        new = [NewItem(f"red {n}", metadata=entry) for n, entry in enumerate(bad)]
        report = collection.add([NewItem("red first"), *new, NewItem("red last")])
        assert [failure.index for failure in report.failed] == [1, 2, 3, 4, 5]
        assert all("cannot be kept as JSON" in failure.reason for failure in report.failed)
        assert report.added == 2
        assert collection.info()["items"] == before + 2
