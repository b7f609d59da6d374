"""Files are renamed, swapped and copied, and what is said of a content stays with it."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tiny_files import inputs_encoded, real, summary

from anysense.embed.errors import CorruptMediaError
from anysense.index.building.build import build
from anysense.index.catalog.records import make_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.collection import Collection


def write_notes(folder: Path, texts: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)


def describe_all(collection: Collection) -> None:
    """Say of each item which text it holds."""
    files = collection.files().items()
    collection.describe({file.item_id: {"is": text_of(collection, p)} for p, file in files})


def text_of(collection: Collection, path: str) -> str | None:
    return collection.snapshot().item(collection.files()[path].item_id).segments[0].text


def descriptions(collection: Collection) -> dict[str, object]:
    """What is said of each file, by its name."""
    items = {Path(path).name: file.item_id for path, file in collection.files().items()}
    return {name: collection.snapshot().item(i).metadata.get("is") for name, i in items.items()}


@pytest.fixture
def folder(collection: Collection, tmp_path: Path) -> Path:
    """Five notes of one length, each said to be what it is."""
    folder = tmp_path / "notes"
    write_notes(folder, {f"{n}.txt": f"note {n}" for n in range(1, 6)})
    build(collection, [folder])
    describe_all(collection)
    return folder


def test_files_renumbered_upwards_are_moved(collection: Collection, folder: Path) -> None:
    before = inputs_encoded(collection)
    for n in range(5, 0, -1):
        (folder / f"{n}.txt").rename(folder / f"{n + 1}.txt")
    (folder / "1.txt").write_text("note 0")
    assert summary(build(collection, [folder])) == {"moved": 5, "added": 1}
    assert inputs_encoded(collection) == before + 1
    expected = {f"{n + 1}.txt": f"note {n}" for n in range(1, 6)}
    assert descriptions(collection) == expected | {"1.txt": None}
    assert all(f.item_id == make_id(path) for path, f in collection.files().items())
    assert summary(build(collection, [folder])) == {"unchanged": 6}


def test_files_renumbered_downwards_are_moved(collection: Collection, folder: Path) -> None:
    before = inputs_encoded(collection)
    (folder / "1.txt").unlink()
    for n in range(2, 6):
        (folder / f"{n}.txt").rename(folder / f"{n - 1}.txt")
    assert summary(build(collection, [folder])) == {"moved": 4, "removed": 1}
    assert inputs_encoded(collection) == before
    assert descriptions(collection) == {f"{n - 1}.txt": f"note {n}" for n in range(2, 6)}


def test_two_files_that_trade_places_are_moved(collection: Collection, folder: Path) -> None:
    before = inputs_encoded(collection)
    (folder / "1.txt").write_text("note 2")
    (folder / "2.txt").write_text("note 1")
    assert summary(build(collection, [folder])) == {"moved": 2, "unchanged": 3}
    assert inputs_encoded(collection) == before
    assert descriptions(collection)["1.txt"] == "note 2"
    assert descriptions(collection)["2.txt"] == "note 1"
    assert collection.verify().ok


@pytest.mark.skipif(os.name == "nt", reason="Windows does not note it")
def test_files_of_one_size_and_time_that_trade_places_are_moved(
    collection: Collection, folder: Path
) -> None:
    for path in folder.iterdir():
        os.utime(path, ns=(1, 1))
    build(collection, [folder])
    (folder / "1.txt").rename(folder / "away")
    (folder / "2.txt").rename(folder / "1.txt")
    (folder / "away").rename(folder / "2.txt")
    assert summary(build(collection, [folder / "*.txt"])) == {"moved": 2, "unchanged": 3}
    assert descriptions(collection)["1.txt"] == "note 2"
    (folder / "3.txt").write_text("note 7")
    os.utime(folder / "3.txt", ns=(1, 1))
    assert summary(build(collection, [folder])) == {"updated": 1, "unchanged": 4}
    change = collection.snapshot().change
    assert summary(build(collection, [folder])) == {"unchanged": 5}
    assert collection.snapshot().change == change


def test_a_file_over_another_takes_its_place(collection: Collection, folder: Path) -> None:
    (folder / "5.txt").replace(folder / "1.txt")
    assert summary(build(collection, [folder])) == {"moved": 1, "unchanged": 3, "removed": 1}
    assert descriptions(collection)["1.txt"] == "note 5"


def test_a_copy_over_another_joins_the_original(collection: Collection, folder: Path) -> None:
    (folder / "1.txt").write_text("note 5")
    assert summary(build(collection, [folder])) == {"duplicates": 1, "unchanged": 4, "removed": 1}
    assert descriptions(collection)["1.txt"] == "note 5"


def test_what_is_said_of_a_copy_stays_with_the_copy(collection: Collection, folder: Path) -> None:
    (folder / "6.txt").write_text("note 1")
    build(collection, [folder])
    (folder / "1.txt").write_text("another")
    assert summary(build(collection, [folder])) == {"added": 1, "unchanged": 5}
    assert descriptions(collection)["6.txt"] == "note 1"
    assert descriptions(collection)["1.txt"] is None


def test_what_is_said_of_copies_goes_on_when_all_are_edited(
    collection: Collection, folder: Path
) -> None:
    (folder / "6.txt").write_text("note 1")
    build(collection, [folder])
    (folder / "1.txt").write_text("one way")
    (folder / "6.txt").write_text("and another")
    assert summary(build(collection, [folder])) == {"added": 1, "updated": 1, "unchanged": 4}
    assert descriptions(collection)["1.txt"] == descriptions(collection)["6.txt"] == "note 1"


def test_ids_that_a_table_gives_stay_with_their_content(
    collection: Collection, folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "table.jsonl"

    def list_rows(paths: Mapping[str, str]) -> None:
        rows = [{"id": i, "path": f"notes/{name}", "is": i} for i, name in paths.items()]
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))

    list_rows({"one": "1.txt", "two": "2.txt", "three": "3.txt"})
    build(collection, [table])
    before = inputs_encoded(collection)
    (folder / "1.txt").rename(folder / "first.txt")
    (folder / "2.txt").write_text("note 3")
    (folder / "3.txt").write_text("note 2")
    list_rows({"one": "first.txt", "two": "3.txt", "three": "2.txt"})
    assert summary(build(collection, [table])) == {"moved": 3}
    assert inputs_encoded(collection) == before
    assert descriptions(collection)["first.txt"] == "one"
    assert descriptions(collection)["3.txt"] == "two"
    assert text_of(collection, real(folder / "3.txt")) == "note 2"
    assert summary(build(collection, [table])) == {"unchanged": 3}


def test_a_build_that_is_stopped_after_the_moves_goes_on(
    collection: Collection, folder: Path
) -> None:
    for n in range(5, 0, -1):
        (folder / f"{n}.txt").rename(folder / f"{n + 1}.txt")
    (folder / "1.txt").write_text("another note")

    def stop(progress: object) -> None:
        if getattr(progress, "phase", "") == "encode" and getattr(progress, "done", 0) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(collection, [folder], progress=stop)
    build(collection, [folder])
    expected = {f"{n + 1}.txt": f"note {n}" for n in range(1, 6)}
    assert descriptions(collection) == expected | {"1.txt": None}


def test_a_changed_file_that_cannot_be_opened_keeps_its_item(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anysense.index.building import content

    digest = content.digest_file

    def shut(path: Path | str) -> str:
        if str(path).endswith("1.txt"):
            raise CorruptMediaError(path, "cannot be read: permission denied")
        return digest(path)

    (folder / "1.txt").write_text("a note that is longer")
    with monkeypatch.context() as patch:
        patch.setattr(content, "digest_file", shut)
        for _ in range(2):
            report = build(collection, [folder])
            assert summary(report) == {"quarantined": 1, "unchanged": 4}
            assert descriptions(collection)["1.txt"] == "note 1"
    assert summary(build(collection, [folder])) == {"updated": 1, "unchanged": 4}
    assert text_of(collection, real(folder / "1.txt")) == "a note that is longer"
    assert descriptions(collection)["1.txt"] == "note 1"


class Model:
    """What a collection must be: its contents by file, and what is said of each content."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.said: dict[str, object] = {}

    def build(self, texts: dict[str, str]) -> int:
        """Take over what the files hold now; returns how many contents are new."""
        said = {text: self.said[text] for text in texts.values() if text in self.said}
        new = 0
        for name, text in sorted(texts.items()):
            if text not in said:
                former = self.texts.get(name)
                was_edited = former is not None and former not in texts.values()
                said[text] = self.said[former] if was_edited and former is not None else None
                new += 1
        self.texts, self.said = dict(texts), said
        return new


@pytest.mark.parametrize("seed", range(20))
def test_any_renames_swaps_copies_edits_and_deletions_end_up_as_a_plain_model_says(
    collection: Collection, tmp_path: Path, seed: int
) -> None:
    rng, folder, model = random.Random(seed), tmp_path / "notes", Model()
    texts = {f"{letter}.txt": f"text {letter} {seed}" for letter in "abcdefgh"}
    for step in range(12):
        write_changed(rng, folder, texts, step)
        new = model.build(texts)
        report = build(collection, [folder])
        assert report.segments == new == report.added + report.updated
        assert {Path(path).name for path in collection.files()} == texts.keys()
        for path in collection.files():
            assert text_of(collection, path) == texts[Path(path).name]
        said = {name: model.said[text] for name, text in texts.items()}
        assert descriptions(collection) == said
        assert collection.info()["items"] == len(set(texts.values()))
        if step % 3 == 0:
            describe_all(collection)
            model.said = {text: text for text in model.said}
        for _ in range(rng.randint(1, 5)):
            change(rng, texts)
    assert collection.verify().ok


def write_changed(rng: random.Random, folder: Path, texts: dict[str, str], step: int) -> None:
    """Make a folder hold some texts; files that hold theirs already are left alone, or touched."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in texts:
            path.unlink()
    for number, (name, text) in enumerate(texts.items()):
        path = folder / name
        is_other = not path.exists() or path.read_text() != text
        if is_other:
            path.write_text(text)
        if is_other or rng.random() < 0.2:
            os.utime(path, ns=(step, 1000 * step + number))


def change(rng: random.Random, texts: dict[str, str]) -> None:
    """Change what some files hold, or their names."""
    if len(texts) < 4:
        texts.update((f"{letter}.txt", f"more {rng.random()}") for letter in "mnop")
    names = sorted(texts)
    kind = rng.choice(["rename", "swap", "cycle", "shift", "copy", "edit", "over", "delete"])
    some = rng.sample(names, min(len(names), rng.randint(2, 4)))
    if kind == "rename":
        texts[f"{rng.choice('abcdefghijkl')}.txt"] = texts.pop(some[0])
    elif kind in ("swap", "cycle"):
        some = some[: 2 if kind == "swap" else 4]
        held = [texts[name] for name in some]
        texts.update(zip(some, held[1:] + held[:1], strict=True))
    elif kind == "shift":
        texts.update(zip(names[1:], [texts[name] for name in names[:-1]], strict=True))
        texts[names[0]] = f"new {rng.random()}"
    elif kind == "copy":
        texts[f"{rng.choice('abcdefghijkl')}.txt"] = texts[some[0]]
    elif kind == "edit":
        texts[some[0]] = f"edited {rng.randint(0, 10 ** rng.randint(1, 6))}"
    elif kind == "over":
        texts[some[0]] = texts.pop(some[1])
    else:
        del texts[some[0]]
