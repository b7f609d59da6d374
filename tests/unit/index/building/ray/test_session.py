"""A build in parts, with actors that are called in this process instead of Ray's."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from part_files import records_in

from anysense.embed.errors import EncoderError
from anysense.embed.media.pieces import Recognition
from anysense.index.building.build import build
from anysense.index.building.options import BuildOptions
from anysense.index.building.ray import actor, session
from anysense.index.building.ray.actor import Done, Job, PartEncoder
from anysense.index.building.ray.build import RayCluster, build_on_ray
from anysense.index.building.ray.cluster import Share
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from anysense.index.building.pending import PendingItem
    from anysense.index.building.ray.cutting import Order
    from anysense.index.snapshots.manifest import EncoderEntry


class Pool:
    """Encodes the part that came last first, as actors of different speed may."""

    encoded: tuple[str, ...] = ()
    most: int | None = None

    def __init__(self, ray: Any, job: Job, share: Share) -> None:
        self._actor = PartEncoder()
        done = self._actor.load(job)
        if done.error:
            raise EncoderError(done.error)
        self._orders: list[Order] = []

    def submit(self, order: Order) -> None:
        self._orders.append(order)

    def step(self, seconds: float) -> list[tuple[Order, Done]]:
        if not self._orders:
            return []
        if Pool.most is not None and len(Pool.encoded) >= Pool.most:
            raise KeyboardInterrupt
        order = self._orders.pop()
        done = self._actor.encode(order, {}, one_by_one=len(Pool.encoded) % 2 == 0)
        Pool.encoded += (order.name,)
        return [(order, done)]

    def close(self) -> None:
        self._orders.clear()


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "Pool", Pool)
    monkeypatch.setattr(session, "connected", lambda cluster: contextlib.nullcontext())
    monkeypatch.setattr(session, "share_of", lambda ray, cluster, device: Share(2, 1, 0))
    Pool.encoded, Pool.most = (), None


@pytest.fixture
def notes(media: Path) -> Path:
    """The media, 40 notes and a file that cannot be read."""
    for number in range(40):
        (media / f"{number:02}.txt").write_text(f"red {'low ' * (number % 7)} note {number}")
    (media / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbut no more")
    return media


def held(collection: Collection) -> list[Any]:
    return [
        (
            r.id,
            r.metadata,
            list(r.files),
            [(s.place, s.text, s.vector.tobytes()) for s in r.segments],
        )
        for r in records_in(collection)
    ]


CLUSTER = RayCluster(part_items=8)


def job_in(
    parts: Path, collection: Collection, encoders: Sequence[EncoderEntry] | None = None
) -> Job:
    """What actors are told; of the collection's encoders, or others."""
    encoders = collection.folder.manifest.encoders if encoders is None else encoders
    settings = (None, None, True, None, 0, 1.0, Recognition())
    return Job(collection.path, parts, "x", encoders, "cpu", 1, *settings)


def test_all_is_as_a_build_makes_it(collection: Collection, notes: Path, tmp_path: Path) -> None:
    with Collection.create(tmp_path / "plain", ("tiny",)) as plain:
        expected = build(plain, [notes])
        said: list[str] = []
        report = build_on_ray(
            collection, [notes], CLUSTER, progress=lambda step: said.append(step.phase)
        )
        assert held(collection) == held(plain)
    assert (report.added, report.segments) == (expected.added, expected.segments)
    assert report.quarantined == expected.quarantined
    assert {"scan", "load", "encode", "publish"} <= set(said)
    assert not (collection.path / "parts").exists()
    again = build_on_ray(collection, [notes], CLUSTER)
    assert (again.unchanged, again.segments, again.untried) == (45, 0, 1)


def test_a_build_that_was_stopped_encodes_no_part_again(
    collection: Collection, notes: Path, tmp_path: Path
) -> None:
    parts = tmp_path / "parts"
    cluster = RayCluster(parts=parts, part_items=8)
    Pool.most = 3
    with pytest.raises(KeyboardInterrupt):
        build_on_ray(collection, [notes], cluster)
    [folder] = parts.iterdir()
    left = sorted(folder.iterdir())
    assert [path.suffix for path in left] == [".parquet"] * len(left)
    assert left
    left[0].write_bytes(left[0].read_bytes()[:-5])  # it is made anew
    made, Pool.encoded, Pool.most = len(records_in(collection)), (), None
    report = build_on_ray(collection, [notes], cluster)
    assert made + report.added == 45
    assert {path.stem for path in left} & set(Pool.encoded) == {left[0].stem}
    assert list(parts.iterdir()) == []


def test_actors_with_other_models_or_another_folder_are_refused(
    collection: Collection, tmp_path: Path
) -> None:
    with Collection.create(tmp_path / "other", ("tiny:changed",)) as other:
        encoders = other.folder.manifest.encoders
    job = job_in(tmp_path, collection, encoders)
    assert "all machines share" in PartEncoder().load(job).error
    (tmp_path / "driver").write_text("x")
    assert PartEncoder().load(job).error == ""
    [entry] = encoders
    stale = replace(entry, space=replace(entry.space, revision="0"))
    error = PartEncoder().load(replace(job, encoders=[stale])).error
    assert "is of revision 2 here" in error


def test_what_is_known_to_end_processes_is_not_read(
    collection: Collection, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = PartEncoder.encode

    def poisoned(self: PartEncoder, order: Order, poison: Any, **options: Any) -> Done:
        places = {
            place: "ended the process"
            for place, item in enumerate(order.items)
            if item.source.endswith("07.txt")
        }
        return encode(self, order, places, **options)

    monkeypatch.setattr(PartEncoder, "encode", poisoned)
    report = build_on_ray(collection, [notes], CLUSTER, BuildOptions(workers=1))
    reasons = {problem.path[-6:]: problem.reason for problem in report.quarantined}
    assert reasons["07.txt"] == "ended the process"
    assert report.added == 44


def test_an_actor_begins_with_a_part_when_all_of_the_one_before_is_being_read(
    collection: Collection, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two side by side neither would be there while the actor has another to go on with."""
    made: list[Order] = []
    submit = Pool.submit
    monkeypatch.setattr(
        Pool, "submit", lambda pool, order: (made.append(order), submit(pool, order))
    )
    build_on_ray(collection, [notes], CLUSTER)
    first, second = made[:2]
    (tmp_path / "driver").write_text("x")
    encoder = PartEncoder()
    assert encoder.load(job_in(tmp_path, collection)).error == ""
    read: list[str] = []
    has_come, has_read = threading.Event(), threading.Event()
    encode = actor.encode_items

    def watched(encoders: Any, pending: Iterable[PendingItem], **options: Any) -> Any:
        def items() -> Iterator[PendingItem]:
            if threading.current_thread() is other:
                has_come.set()
            for item in pending:
                read.append(item.source)
                if threading.current_thread() is other:
                    has_read.set()
                elif not has_come.is_set():
                    other.start()
                    has_come.wait()
                    assert not has_read.wait(0.2)
                yield item

        return encode(encoders, items(), **options)

    other = threading.Thread(target=encoder.encode, args=(second, {}))
    monkeypatch.setattr(actor, "encode_items", watched)
    encoder.encode(first, {})
    other.join()
    assert read == [item.source for order in (first, second) for item in order.items]
