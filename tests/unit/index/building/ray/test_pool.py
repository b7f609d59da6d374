"""Actors always have what to do next, before what they have made is merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from anysense.embed.media.pieces import Recognition
from anysense.index.building.ray.actor import Done, Job
from anysense.index.building.ray.cluster import Share
from anysense.index.building.ray.cutting import Order
from anysense.index.building.ray.line import PartLine
from anysense.index.building.ray.pool import AT_ONCE, Pool
from anysense.index.folder.opening import created_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(eq=False)
class Ref:
    """A call of an actor; it `answers` when the test says so."""

    answer: Any
    answers: bool


@dataclass
class Ray:
    """As much of Ray as a pool uses. Actors are ready at once, and parts are made when asked."""

    parts: list[tuple[int, str, Ref]] = field(default_factory=list)
    actors: int = 0
    exceptions = SimpleNamespace(
        RayActorError=KeyError,
        WorkerCrashedError=KeyError,
        OutOfMemoryError=KeyError,
        RayError=LookupError,
    )

    def remote(self, kind: type) -> Any:
        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=self._actor))

    def wait(
        self, refs: Sequence[Ref], num_returns: int, timeout: float
    ) -> tuple[list[Ref], list[Ref]]:
        ready = [ref for ref in refs if ref.answers][:num_returns]
        return ready, [ref for ref in refs if ref not in ready]

    def get(self, ref: Ref) -> Any:
        return ref.answer

    def finish(self, name: str) -> None:
        """Let a part be made."""
        [ref] = [ref for _, other, ref in self.parts if other == name]
        ref.answers = True

    def of_actor(self, number: int) -> list[str]:
        """The parts that an actor was given and has not made."""
        return [name for actor, name, ref in self.parts if actor == number and not ref.answers]

    def _actor(self) -> Any:
        number, self.actors = self.actors, self.actors + 1

        def encode(order: Order, poison: Any, *, one_by_one: bool) -> Ref:
            self.parts.append((number, order.name, Ref(Done(1), answers=False)))
            return self.parts[-1][-1]

        version = Ref((created_by(), "here"), answers=True)
        return SimpleNamespace(
            version=SimpleNamespace(remote=lambda: version),
            load=SimpleNamespace(remote=lambda job: Ref(Done(), answers=True)),
            encode=SimpleNamespace(remote=encode),
        )


SETTINGS = (None, None, True, None, 0, 1.0, Recognition())
JOB = Job(Path("c"), Path("parts"), "x", [], "cpu", 1, *SETTINGS)


def pool_of(ray: Ray, actors: int) -> Pool:
    pool = Pool(ray, JOB, Share(actors, 1, 0))
    pool.step(0)  # versions
    pool.step(0)  # encoders
    return pool


def orders(count: int) -> Iterator[Order]:
    return (Order(f"p{number}", ()) for number in range(count))


def test_what_an_actor_has_made_is_followed_by_its_next_part_at_once() -> None:
    ray = Ray()
    pool = pool_of(ray, 2)
    assert pool.step(0) == []  # with nothing to wait for
    for order in orders(6):
        pool.submit(order)
    pool.step(0)
    assert [ray.of_actor(0), ray.of_actor(1)] == [["p0", "p2"], ["p1", "p3"]]
    ray.finish("p1")
    ray.finish("p3")
    assert [order.name for order, _ in pool.step(0)] == ["p1", "p3"]
    assert [ray.of_actor(0), ray.of_actor(1)] == [["p0", "p2"], ["p4", "p5"]]


def test_a_part_is_given_to_an_actor_before_the_next_is_cut(tmp_path: Path) -> None:
    ray = Ray()
    pool = pool_of(ray, 1)
    given: list[int] = []

    def cut() -> Iterator[Order]:
        for order in orders(5):
            given.append(len(ray.parts))
            yield order

    line = PartLine(pool, tmp_path, cut(), ahead=4)
    assert line.advance()
    assert given == [0, 1, AT_ONCE, AT_ONCE]


def test_parts_are_taken_in_order_and_handed_out_while_others_wait_for_their_turn(
    tmp_path: Path,
) -> None:
    ray = Ray()
    said: list[int] = []
    line = PartLine(pool_of(ray, 2), tmp_path, orders(7), 6, said.append)
    assert line.advance()
    for name in ("p1", "p3"):
        ray.finish(name)
    assert line.advance()
    assert line.first is None  # p0 is not there
    assert ray.of_actor(1) == ["p4", "p5"]
    ray.finish("p0")
    for name in ("p0", "p1"):
        assert line.advance()
        assert line.first is not None
        assert line.first.name == name
        line.take()
    assert ray.of_actor(0) == ["p2", "p6"]
    assert said[-1] == 3
