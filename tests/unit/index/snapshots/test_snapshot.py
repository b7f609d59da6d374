"""Snapshots: the index, what is newer and what is gone, searched as if they were one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from specimen import IMAGES, TEXTS, created, names_of, record, vector

from anysense.embed.errors import FilterError, ItemNotFoundError
from anysense.embed.types import EncodedSegment, Kind, Modality
from anysense.index.catalog.records import ItemRecord
from anysense.index.snapshots.manifest import Tuning
from anysense.index.types import Partition
from anysense.index.vectors.delta import Delta, best, merge
from anysense.server.cli.root import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.collection import Collection

NAMES = [f"p{i}" for i in range(40)]
NEWER = [f"n{i}" for i in range(25)]
GONE = {"p3", "p9", "n7"}
LIVE = [name for name in NAMES + NEWER if name not in GONE]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Forty published items, twenty-five newer ones, and three of them removed again."""
    with created(tmp_path / "c") as made:
        made.write([record(name, metadata={"n": i}) for i, name in enumerate(NAMES)])
        made.publish()
        made.write([record(name, metadata={"n": 100 + i}) for i, name in enumerate(NEWER)])
        made.remove(sorted(GONE))
        yield made


def exact(queries: Any, k: int, among: list[str] = LIVE) -> tuple[Any, list[list[str]]]:
    """The true answer: cosines with the vectors as they are kept, by brute force."""
    kept = np.stack([vector(name) for name in among]).astype(np.float16).astype(np.float32)
    scores = queries @ kept.T
    order = np.argsort(-scores, axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), [[among[i] for i in row] for row in order]


def queries(n: int = 6) -> Any:
    return np.stack([vector(f"query {i}") for i in range(n)])


@pytest.mark.parametrize("k", [1, 5, 30, len(LIVE)])
def test_search_is_exact_over_all_three_parts(collection: Collection, k: int) -> None:
    snapshot = collection.folder.snapshot()
    scores, ids = snapshot.search(IMAGES, queries(), k)
    true_scores, true_names = exact(queries(), k)
    assert [names_of(snapshot, row) for row in ids] == true_names
    np.testing.assert_allclose(scores, true_scores, atol=1e-5)


def test_what_is_missing_is_marked(collection: Collection) -> None:
    scores, ids = collection.folder.snapshot().search(IMAGES, queries(2), 100)
    assert scores.shape == ids.shape == (2, 100)
    assert (ids[:, len(LIVE) :] == -1).all()
    assert (scores[:, len(LIVE) :] == -np.inf).all()
    assert (ids[:, : len(LIVE)] > 0).all()


def test_one_query_gives_one_row_without_padding(collection: Collection) -> None:
    snapshot = collection.folder.snapshot()
    scores, ids = snapshot.search(IMAGES, queries(1)[0], 100)
    assert scores.shape == ids.shape == (len(LIVE),)
    assert names_of(snapshot, ids) == exact(queries(1), 100)[1][0]


def test_partition_that_is_not_there_is_empty(collection: Collection) -> None:
    scores, ids = collection.folder.snapshot().search(TEXTS, queries(2), 3)
    assert (ids == -1).all()
    assert (scores == -np.inf).all()
    assert collection.folder.snapshot().partitions == {IMAGES: len(LIVE)}


@pytest.mark.parametrize("where", ["n < 5", "n >= 100", "n = 3", "n < 10 or n > 110", "n > 999"])
def test_filter_and_search_together_are_exact(collection: Collection, where: str) -> None:
    snapshot = collection.folder.snapshot()
    allowed = snapshot.select(where)
    assert allowed is not None
    assert (np.diff(allowed.ids) > 0).all()
    bounds = {
        "n < 5": lambda n: n < 5,
        "n >= 100": lambda n: n >= 100,
        "n = 3": lambda n: n == 3,
        "n < 10 or n > 110": lambda n: n < 10 or n > 110,
        "n > 999": lambda n: n > 999,
    }
    number = {name: i for i, name in enumerate(NAMES)}
    number |= {name: 100 + i for i, name in enumerate(NEWER)}
    among = [name for name in LIVE if bounds[where](number[name])]
    _, ids = snapshot.search(IMAGES, queries(3), 10, allowed=allowed)
    found = [[name for name in names_of(snapshot, row) if name is not None] for row in ids]
    assert found == (exact(queries(3), 10, among)[1] if among else [[], [], []])


def test_select_takes_filters_in_every_form(collection: Collection) -> None:
    snapshot = collection.folder.snapshot()
    assert snapshot.select(None) is None
    assert snapshot.select("") is None
    one = snapshot.select("n < 5")
    assert one is snapshot.select("n < 5")  # kept
    np.testing.assert_array_equal(one.ids, snapshot.select({"n": {"$lt": 5}}).ids)
    assert len(snapshot.select("n < 5 and kind = 'text'")) == 0
    with pytest.raises(FilterError):
        snapshot.select("n <")
    for i in range(40):
        snapshot.select(f"n = {i}")
    assert len(snapshot._selections) == 16  # what is kept shows in no answer


def test_what_is_kept_of_filters_is_bounded_in_bytes(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = collection.folder.snapshot()
    wide = snapshot.select("n >= 0")
    assert wide is snapshot.select("n >= 0")
    # 64 MB of filters would take millions of segments to select.
    monkeypatch.setattr("anysense.index.snapshots.snapshot._KEPT_BYTES", wide.nbytes)
    assert snapshot.select("n < 5") is snapshot.select("n < 5")  # the last is kept in any case
    again = snapshot.select("n >= 0")
    assert again is not wide
    assert np.array_equal(again.ids, wide.ids)


def test_snapshot_does_not_change_with_the_collection(collection: Collection) -> None:
    old = collection.folder.snapshot()
    before = old.search(IMAGES, queries(), 10)
    collection.write([record(f"later{i}") for i in range(50)], remove=["p1", "n1"])
    new = collection.folder.snapshot()
    assert collection.publish() == 2
    assert not (collection.path / "gen-000001").exists()
    for mine, then in zip(old.search(IMAGES, queries(), 10), before, strict=True):
        np.testing.assert_array_equal(mine, then)
    assert sum(new.partitions.values()) == len(LIVE) + 48
    assert collection.folder.snapshot().version > new.version > old.version


def test_rows_of_what_was_removed_since_are_none(collection: Collection) -> None:
    old = collection.folder.snapshot()
    _, ids = old.search(IMAGES, vector("p5"), 1)
    collection.remove(["p5"])
    assert old.rows(ids) == [None]
    with pytest.raises(ItemNotFoundError):
        old.item("p5")


def test_snapshot_is_the_same_while_nothing_changes(collection: Collection) -> None:
    assert collection.folder.snapshot() is collection.folder.snapshot()


def test_replaced_item_is_found_by_its_new_vector_alone(collection: Collection) -> None:
    for name in ("p0", "n0"):  # one in the index, one newer than it
        collection.write([record(name, 1)])
        snapshot = collection.folder.snapshot()
        scores, ids = snapshot.search(IMAGES, vector(name, 1), 1)
        assert names_of(snapshot, ids) == [name]
        assert scores[0] > 0.99
        scores, _ = snapshot.search(IMAGES, vector(name, 0), 1)
        assert scores[0] < 0.9


@pytest.mark.parametrize("n", [1, 10, 61, 62, 500])
def test_sample_is_deterministic_live_and_of_all_parts(collection: Collection, n: int) -> None:
    snapshot = collection.folder.snapshot()
    sample = snapshot.sample(IMAGES, n)
    assert sample.shape == (min(n, len(LIVE)), 32)
    kept = {vector(name).astype(np.float16).tobytes(): name for name in LIVE}
    names = [kept[row.astype(np.float16).tobytes()] for row in sample]
    assert len(set(names)) == len(names)
    with type(collection).open(collection.path) as other:
        np.testing.assert_array_equal(other.folder.snapshot().sample(IMAGES, n), sample)
    if n == 10:
        assert {name[0] for name in names} == {"p", "n"}
    if n >= len(LIVE):
        assert sorted(names) == sorted(LIVE)


def test_sample_of_nothing_has_the_right_shape(collection: Collection) -> None:
    assert collection.folder.snapshot().sample(TEXTS, 5).shape == (0, 32)
    other = Partition("unknown", Modality.TEXT)
    assert collection.folder.snapshot().sample(other, 5).shape == (0, 0)


def test_sample_of_what_has_gone_before_it_was_read_has_the_right_shape(
    collection: Collection,
) -> None:
    """The only text was removed after its snapshot was taken, and the index has none."""
    collection.write([record("t", modality=Modality.TEXT)])
    snapshot = collection.folder.snapshot()
    collection.remove(["t"])
    assert snapshot.partitions[TEXTS] == 1
    assert snapshot.sample(TEXTS, 5).shape == (0, 32)


def test_tuning_is_published_with_the_index_and_stays(collection: Collection) -> None:
    seen = []

    def tune(snapshot: Any) -> Tuning:
        seen.append((sum(snapshot.partitions.values()), len(snapshot.newer)))
        return Tuning({"mine": {"x": 1.5}}, {"matrix": np.eye(3, dtype=np.float32)})

    collection.folder.publish(tune, retune=True)
    assert seen == [(len(LIVE), 0)]  # it sees the index that is going to be published
    collection.write([record("more")])
    collection.publish()
    with type(collection).open(collection.path) as other:
        snapshot = other.folder.snapshot()
        assert snapshot.manifest.tuning["mine"] == {"x": 1.5}
        np.testing.assert_array_equal(snapshot.arrays["matrix"], np.eye(3))


def test_nprobe_of_a_clustered_partition_reaches_the_target(tmp_path: Path) -> None:
    """Thirty thousand segments are over the limit of exact search, so lists are probed."""
    rng = np.random.default_rng(0)
    topics = rng.standard_normal((200, 32))
    drawn = topics[rng.integers(0, 200, 30_000)] + 0.5 * rng.standard_normal((30_000, 32))
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    with created(tmp_path / "c") as collection:
        apart = rng.standard_normal(32)  # texts lie apart from images, as those of CLIP do
        texts = (vectors[:300] + apart / np.linalg.norm(apart)).astype(np.float32)
        texts /= np.linalg.norm(texts, axis=1, keepdims=True)
        collection.write(
            [
                ItemRecord(
                    f"{modality}{i}",
                    f"{modality}{i}",
                    Kind(modality),
                    {},
                    [EncodedSegment("tiny", modality, v)],
                )
                for modality, rows in ((Modality.IMAGE, vectors), (Modality.TEXT, texts))
                for i, v in enumerate(rows)
            ]
        )
        collection.publish()
        snapshot = collection.folder.snapshot()
        info = collection.info()
        partition = next(p for p in info["partitions"] if p["modality"] == "image")
        assert partition["lists"] > 1
        measured = partition["probes"]["image"]
        assert 1 <= measured["nprobe"] < partition["lists"]
        assert measured["recall"] >= info["target_recall"] == 0.95
        assert info["measured_recall"] >= 0.95
        routes = {(route["query"], route["items_of"]): route for route in info["routes"]}
        assert not routes["image", "image"]["exact"]
        assert routes["image", "image"]["measured_recall"] == measured["recall"]
        assert routes["image", "image"]["target_recall"] == 0.95
        assert routes["image", "text"]["exact"]
        shown = CliRunner().invoke(cli, ["info", str(collection.path)]).stdout
        assert f"image -> image\ttiny\t30,000\t0.95\t{measured['recall']:.3f}\n" in shown
        assert "image -> text\ttiny\t300\t\texact\n" in shown
        assert " at least, 0.95 wanted\n" in shown
        # A query that crosses modalities is searched without most of the mean of its own.
        for modality, asked in (
            (Modality.IMAGE, vectors[:200]),
            (Modality.TEXT, (texts - 0.85 * texts.mean(axis=0))[:200]),
        ):
            _, exact = snapshot.search(IMAGES, asked, 10)
            _, ids = snapshot.search(IMAGES, asked, 10, query_modality=modality)
            recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, exact, strict=True)])
            assert recall > 0.9
        collection.write([record("later")])
        collection.publish()  # the lists are the same, so nothing is measured anew
        again = collection.info()["partitions"]
        assert next(p for p in again if p["modality"] == "image")["probes"] == partition["probes"]
        assert snapshot.effort(Modality.IMAGE, IMAGES).nprobe == measured["nprobe"]
        assert snapshot.effort(Modality.AUDIO, IMAGES) is None


# The parts


def test_delta_grows_without_moving_what_was_taken() -> None:
    delta = Delta()
    rng = np.random.default_rng(0)
    views = []
    ids = np.arange(500, dtype=np.int64)
    vectors = rng.standard_normal((500, 4)).astype(np.float32)
    nothing = np.empty(0, np.int64)
    for at in range(0, 500, 7):
        delta.append(IMAGES, ids[at : at + 7], vectors[at : at + 7])
        views.append(delta.view(nothing, 10**6)[IMAGES])
    for count, view in zip([*range(7, 500, 7), 500], views, strict=True):
        np.testing.assert_array_equal(view.ids, ids[:count])
        np.testing.assert_array_equal(view.vectors, vectors[:count])
    assert delta.view(ids, 10**6) == {}
    np.testing.assert_array_equal(delta.view(ids[:490], 10**6)[IMAGES].ids, ids[490:])
    np.testing.assert_array_equal(delta.view(nothing, 12)[IMAGES].ids, ids[:13])


@pytest.mark.parametrize("k", [1, 3, 10, 40])
def test_best_breaks_ties_by_id(k: int) -> None:
    rng = np.random.default_rng(k)
    scores = rng.integers(0, 4, (20, 30)).astype(np.float32)  # many are equal
    ids = np.stack([rng.permutation(30) for _ in range(20)])
    top, top_ids = best(scores, ids, k)
    for row in range(20):
        wanted = sorted(zip(-scores[row], ids[row], strict=True))[:k]
        held = min(k, 30)
        assert list(zip(-top[row, :held], top_ids[row, :held], strict=True)) == wanted
        assert (top_ids[row, held:] == -1).all()


def test_merge_keeps_real_results_before_padding() -> None:
    one = (np.array([[0.5, -np.inf]], np.float32), np.array([[4, -1]]))
    other = (np.array([[0.7, 0.1]], np.float32), np.array([[9, 2]]))
    scores, ids = merge(one, other, 4)
    assert ids.tolist() == [[9, 4, 2, -1]]
    assert scores[0, 3] == -np.inf
