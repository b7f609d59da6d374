from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow
import pytest
from ready_vectors import TEXTS, counts, vectors_of, write_table
from tiny import TinyEncoder
from tiny_files import inputs_encoded, real, write_picture

from anysense.embed.errors import UsageError
from anysense.embed.types import Kind
from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.importing import batches, vector_files

if TYPE_CHECKING:
    from pathlib import Path

IDS = [f"t{at}" for at in range(len(TEXTS))]


def imported(collection: Collection, file: Path | list[Path], **options: object) -> dict[str, int]:
    return counts(collection.import_vectors(file, **options))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_of_parquet_are_found_as_if_they_had_been_encoded_here(
    collection: Collection, tmp_path: Path, media: Path, dtype: type
) -> None:
    pictures = [media / f"{name}.png" for name in ("red", "green", "blue")]
    vectors = vectors_of([*TEXTS, *pictures]).astype(dtype)
    columns = {
        "id": [*IDS, "red", "green", "blue"],
        "modality": ["text"] * 4 + ["image"] * 3,
        "text": [*TEXTS, "a caption", None, None],
        "source": [None] * 4 + [f"https://example.org/{each.name}" for each in pictures],
        "year": list(range(2000, 2007)),
    }
    file = write_table(tmp_path / "v.parquet", 3 * vectors, **columns)
    assert imported(collection, file) == {"added": 7}
    assert not collection.needs_publish
    with Collection.create(tmp_path / "own", ("tiny",)) as own:
        build(own, [media])
        mine = [h.source for h in own.search("blue", k=3, modalities=["image"])]
    theirs = [h.source for h in collection.search("blue", k=3, modalities=["image"])]
    assert [s.rpartition("/")[2] for s in theirs] == [s.rpartition("/")[2] for s in mine]
    [hit] = collection.search("evening", k=1, where="year < 2004")
    assert (hit.id, hit.text) == ("t3", "a dark evening")
    item = collection.snapshot().item("red")
    assert (item.kind, item.source) == (Kind.IMAGE, "https://example.org/red.png")
    assert item.metadata == {"text": "a caption", "year": 2004}


def test_importing_again_writes_what_has_changed_alone(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_files, "BATCH_ROWS", 3)
    vectors = vectors_of(TEXTS)
    np.save(tmp_path / "v.npy", vectors)
    said = tmp_path / "said.jsonl"

    def say(*years: int) -> None:
        rows = [{"id": i, "text": t, "year": y} for i, t, y in zip(IDS, TEXTS, years, strict=True)]
        said.write_text("".join(json.dumps(row) + "\n" for row in rows))

    options = {"metadata": said, "modality": "text"}
    say(1, 2, 3, 4)
    assert imported(collection, tmp_path / "v.npy", **options) == {"added": 4}
    change = collection.snapshot().change
    assert imported(collection, tmp_path / "v.npy", **options) == {"unchanged": 4}
    assert collection.snapshot().change == change
    say(1, 2, 9, 4)
    assert imported(collection, tmp_path / "v.npy", **options) == {"updated": 1, "unchanged": 3}
    vectors[3] = vectors[0]
    np.save(tmp_path / "v.npy", vectors)
    assert imported(collection, tmp_path / "v.npy", **options) == {"updated": 1, "unchanged": 3}
    assert collection.info()["items"] == 4


def test_an_import_that_breaks_off_goes_on_where_it_was(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_files, "BATCH_ROWS", 2)
    np.save(tmp_path / "v.npy", vectors_of(TEXTS))

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "import":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collection.import_vectors(tmp_path / "v.npy", modality="text", progress=stop)
    assert collection.info()["items"] == 2
    assert imported(collection, tmp_path / "v.npy", modality="text") == {"added": 2, "unchanged": 2}
    assert collection.snapshot().item("v/3").source == "text:v/3"


def test_an_array_in_memory_is_taken_too(collection: Collection) -> None:
    report = collection.import_vectors(
        vectors_of(TEXTS),
        ids=IDS,
        modality="text",
        texts=TEXTS,
        sources=[f"note {i}" for i in IDS],
        metadata=[{"id": i} for i in IDS],  # a field of its own, not the item's id
    )
    assert counts(report) == {"added": 4}
    assert (report.checked.texts, report.checked.files) == (4, 0)
    assert collection.search("dark evening", k=1)[0].metadata == {"id": "t3"}


def test_mistakes_are_told_with_their_rows_and_nothing_is_written(
    collection: Collection, tmp_path: Path
) -> None:
    vectors = vectors_of(TEXTS)

    def refused(array: np.ndarray, /, **columns: object) -> str:
        columns = {"id": IDS, "modality": ["text"] * 4, **columns}
        file = write_table(tmp_path / "v.parquet", array, **columns)
        with pytest.raises(UsageError) as caught:
            collection.import_vectors(file)
        assert collection.info()["items"] == 0
        return str(caught.value)

    assert "v.parquet:1 has a vector of 24 numbers, where 32" in refused(vectors[:, :24])
    assert "v.parquet:4 has the id 't0', as" in refused(vectors, id=["t0", "t1", "t2", "t0"])
    assert "v.parquet:2: an id is 1 to 512" in refused(vectors, id=["t0", " ", "t2", "t3"])
    assert "v.parquet:3 has no id" in refused(vectors, id=["t0", "t1", None, "t3"])
    assert "v.parquet:1: its modality is 'smell'" in refused(vectors, modality=["smell"] * 4)
    for value in (np.nan, np.inf, 0):
        damaged = vectors.copy()
        damaged[1] = value
        assert "1 vectors are zero or not finite" in refused(damaged)
        assert "v.parquet:2" in refused(damaged)


def test_files_that_do_not_fit_each_other_are_told(collection: Collection, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", vectors_of(TEXTS))
    (tmp_path / "few.txt").write_text("a\nb\n")
    (tmp_path / "many.txt").write_text("a\nb\nc\nd\ne\n")
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "flat.npy", np.zeros(3, np.float32))
    (tmp_path / "short.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:-9])
    for name, shape in (("negative.npy", b"(-1, 3), }"), ("endless.npy", b"(%d, 3), }" % 2**62)):
        head = b"{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + b"\n"
        (tmp_path / name).write_bytes(b"\x93NUMPY\x01\x00" + bytes([len(head), 0]) + head)
    for name, options, why in [
        ("negative.npy", {}, "negative.npy is not a .npy file that can be read"),
        ("endless.npy", {}, "endless.npy is not a .npy file that can be read"),
        ("v.npy", {"ids": tmp_path / "few.txt"}, "few.txt has fewer rows"),
        ("v.npy", {"ids": tmp_path / "many.txt"}, "many.txt has more rows"),
        ("v.npy", {"modality": None}, "v.npy:1 does not say what its vector was made from"),
        ("object.npy", {}, "object.npy is not a .npy file that can be read: Array"),
        ("flat.npy", {}, r"flat.npy has the shape \(3,\)"),
        ("short.npy", {}, "short.npy is not a .npy file that can be read"),
        ("none.npy", {}, "none.npy: no such file"),
    ]:
        with pytest.raises(UsageError, match=why):
            collection.import_vectors(tmp_path / name, **{"modality": "text", **options})
    assert collection.info()["items"] == 0


def test_lists_of_any_kind_are_vectors_and_nothing_else_is(
    collection: Collection, tmp_path: Path
) -> None:
    rows = vectors_of(TEXTS).tolist()
    said = {"id": pyarrow.array([1, 2, 3, 4]), "modality": ["text"] * 4}
    for kind in (pyarrow.list_(pyarrow.float32()), pyarrow.large_list(pyarrow.float64())):
        table = pyarrow.table({**said, "embedding": pyarrow.array(rows, kind)})
        pyarrow.parquet.write_table(table, tmp_path / "v.parquet")
        collection.import_vectors(tmp_path / "v.parquet")
    assert sorted(collection.snapshot().item(str(i)).id for i in said["id"]) == list("1234")
    rows[2] = rows[2][:-1]
    bad = {
        "v.parquet:3 has a vector of 31": pyarrow.array(rows, kind),
        "v.parquet:2 has no vector": pyarrow.array([rows[0], None, rows[1], rows[3]], kind),
        "is of list<.*: string>, not of lists of floats": pyarrow.array([["x"]] * 4),
    }
    for why, column in bad.items():
        pyarrow.parquet.write_table(
            pyarrow.table({**said, "vector": column}), tmp_path / "v.parquet"
        )
        with pytest.raises(UsageError, match=why):
            collection.import_vectors(tmp_path / "v.parquet")


def test_vectors_are_compared_all_over_and_not_only_at_the_beginning(
    collection: Collection,
) -> None:
    right = np.tile(vectors_of(TEXTS), (3000, 1))
    turned = vectors_of(TEXTS, TinyEncoder("tiny:shuffled"))[:, ::-1]
    wrong = np.concatenate([right[:2048], np.tile(turned, (3000, 1))[2048:]])
    ids = [str(number) for number in range(len(right))]
    given = {"ids": ids, "texts": TEXTS * 3000, "modality": "text"}
    with pytest.raises(UsageError, match="8 texts anew"):
        collection.import_vectors(wrong, **given)
    some = {"ids": ids[:4], "texts": TEXTS, "modality": "text"}
    assert collection.import_vectors(right[:4], **some).checked.texts == 4


def test_vectors_of_another_encoder_are_refused(collection: Collection, media: Path) -> None:
    other = TinyEncoder("tiny:shuffled")
    pictures = [media / f"{name}.png" for name in ("red", "green", "blue")]
    turned = vectors_of([*TEXTS, *pictures], other)[:, ::-1]
    given = {"ids": [*IDS, "a", "b", "c"], "sources": [None] * 4 + [p.name for p in pictures]}
    for rows, why in ((slice(0, 4), "4 texts anew"), (slice(4, 7), "3 files anew")):
        with pytest.raises(UsageError, match=f"not made by tiny: .* {why}"):
            collection.import_vectors(
                turned[rows],
                ids=given["ids"][rows],
                sources=given["sources"][rows],
                texts=TEXTS if rows.start == 0 else None,
                modality="text" if rows.start == 0 else "image",
                root=media,
            )
    assert collection.info()["items"] == 0


def test_items_have_the_files_below_the_root_and_a_build_knows_them(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    pictures = [media / f"{name}.png" for name in ("red", "green", "blue")]
    write_picture(tmp_path / "outside.png", (20, 20, 20))
    names = ["red.png", str(pictures[1]), "../outside.png", "blue.png", "blue.png"]
    options = {
        "ids": ["r", "g", "o", "b", "part of b"],
        "modality": "image",
        "sources": names,
        "root": media,
    }
    files = [*pictures[:2], tmp_path / "outside.png", pictures[2], pictures[2]]
    report = collection.import_vectors(vectors_of(files), **options)
    assert report.checked.files == 4
    assert {f.item_id: p for p, f in collection.files().items()} == {
        i: real(p) for i, p in zip("rgb", pictures, strict=True)
    }
    assert collection.snapshot().item("o").source == "../outside.png"
    assert counts(collection.import_vectors(vectors_of(files), **options)) == {"unchanged": 5}
    before = inputs_encoded(collection)
    built = build(collection, [media], exclude=["*.wav", "*.txt"])
    assert (built.unchanged, built.added, built.removed) == (3, 0, 0)
    assert inputs_encoded(collection) == before
    pictures[0].unlink()
    assert build(collection, [media], exclude=["*.wav", "*.txt"]).removed == 1


def test_a_collection_of_several_encoders_asks_which(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "two", ("tiny", "tiny:text")) as two:
        with pytest.raises(UsageError, match=r"Say which encoder made the .* has tiny, tiny:text"):
            two.import_vectors(vectors_of(TEXTS), ids=IDS, modality="text")
        options = {"ids": IDS, "encoder": "tiny:text"}
        with pytest.raises(UsageError, match="have 32 numbers, and tiny:text makes 24"):
            two.import_vectors(vectors_of(TEXTS), modality="text", **options)
        cut = vectors_of(TEXTS, TinyEncoder("x", dimension=24))
        with pytest.raises(UsageError, match="vectors:1 is image, and tiny:text makes no vectors"):
            two.import_vectors(cut, modality="image", **options)
        assert counts(two.import_vectors(cut, modality="text", **options)) == {"added": 4}
        assert two.search("dark evening", k=1)[0].id == "t3"


def test_a_batch_is_a_few_mb() -> None:
    assert batches.BATCH_ROWS * 1024 * 4 <= 16 << 20
