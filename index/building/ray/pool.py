"""Actors that make parts: begun, given work, and replaced where they die."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import EncoderError
from anysense.index.building.ray.actor import AT, PartEncoder
from anysense.index.folder.opening import created_by

if TYPE_CHECKING:
    from anysense.index.building.ray.actor import Done, Job
    from anysense.index.building.ray.cluster import Share
    from anysense.index.building.ray.cutting import Order

__all__ = ["Pool"]

AT_ONCE = 2
"""Parts that an actor has at once: while the last items of one are encoded, the next is begun."""

DEATHS = 2
"""After so many deaths of its actors a part is encoded item by item, to find out which it was."""

TRIES = 2
"""An item that ends so many processes which read nothing else is not tried any more."""

START_SECONDS = 600.0
"""The first actor must be there after so long; a cluster may have to start machines for it."""

_POISON = "ended the process that read it, each time it was tried"


@dataclass(eq=False)
class _Task:
    """A part on its way."""

    order: Order
    deaths: int = 0
    kills: Counter[int] = field(default_factory=Counter)
    poison: dict[int, str] = field(default_factory=dict)

    @property
    def is_careful(self) -> bool:
        """Whether it is encoded item by item, by an actor that does nothing else."""
        return self.deaths >= DEATHS


@dataclass(eq=False)
class _Actor:
    """An actor, with what it was asked; it takes parts once it `is_ready`."""

    handle: Any
    is_ready: bool = False
    asked: dict[Any, _Task | None] = field(default_factory=dict)

    def takes(self, task: _Task) -> bool:
        """Whether it can be given a part now."""
        if not self.is_ready:
            return False
        running = [other for other in self.asked.values() if other is not None]
        if task.is_careful or any(other.is_careful for other in running):
            return not running
        return len(running) < AT_ONCE


class Pool:
    """Makes parts; used from one thread. Ray's own retries are off: what is tried again is ours.

    Args:
        ray: connected.
        job: what all parts have in common.
        share: how many actors, and what each has.
    """

    def __init__(self, ray: Any, job: Job, share: Share) -> None:
        self._ray = ray
        self._job = job
        self._share = share
        self._class = ray.remote(PartEncoder).options(
            num_cpus=share.processors,
            num_gpus=share.gpus,
            max_concurrency=AT_ONCE,
            max_restarts=0,
            max_task_retries=0,
        )
        self._waiting: deque[_Task] = deque()
        self._waited = 0.0
        self._is_placed = False
        self._deaths_in_row = 0
        self._actors = [self._begin() for _ in range(share.actors)]

    def submit(self, order: Order) -> None:
        """Have a part made."""
        self._waiting.append(_Task(order))

    def step(self, seconds: float) -> list[tuple[Order, Done]]:
        """Give actors what they can take, and wait for parts; returns those that have been made.

        Args:
            seconds: to wait at most, unless one is there.

        Raises:
            EncoderError: nothing can be encoded: the sentence says why.
        """
        self._assign()
        refs = [ref for actor in self._actors for ref in actor.asked]
        if not refs:
            return []
        ready, rest = self._ray.wait(refs, num_returns=1, timeout=seconds)
        if ready and rest:
            ready += self._ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        if not ready and not self._is_placed:
            self._wait_for_first(seconds)
        made = [made for ref in ready for made in self._take(ref)]
        self._assign()  # before the caller does anything with these
        return made

    def close(self) -> None:
        """End all actors, whatever they are doing."""
        for actor in self._actors:
            self._ray.kill(actor.handle)
        self._actors = []

    def _begin(self) -> _Actor:
        actor = _Actor(self._class.remote())
        actor.asked[actor.handle.version.remote()] = None
        return actor

    def _wait_for_first(self, seconds: float) -> None:
        self._waited += seconds
        if self._waited > START_SECONDS:
            gpus = " and a GPU" if self._share.gpus else ""
            raise EncoderError(
                f"No machine of the Ray cluster had {self._share.processors} processors{gpus} free "
                f"for an actor within {START_SECONDS:.0f} seconds: ask for more actors, which are "
                "smaller, with --ray-actors, or end what else is running there."
            )

    def _assign(self) -> None:
        """Give what waits to the actors that have the least to do."""
        while self._waiting:
            task = self._waiting[0]
            free = [actor for actor in self._actors if actor.takes(task)]
            if not free:
                return
            actor = min(free, key=lambda actor: len(actor.asked))
            self._waiting.popleft()
            ref = actor.handle.encode.remote(
                task.order, dict(task.poison), one_by_one=task.is_careful
            )
            actor.asked[ref] = task

    def _take(self, ref: Any) -> list[tuple[Order, Done]]:
        actor = next((actor for actor in self._actors if ref in actor.asked), None)
        if actor is None:  # it died with another of its parts
            return []
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(ref)
        except (errors.RayActorError, errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            self._bury(actor, error)
            return []
        except errors.RayError as error:
            raise EncoderError(f"An actor failed: {' '.join(str(error).split())[-600:]}") from None
        task = actor.asked.pop(ref)
        if isinstance(answer, tuple):
            self._is_placed = True
            self._check_version(*answer)
            actor.asked[actor.handle.load.remote(self._job)] = None
            return []
        if answer.error:
            raise EncoderError(answer.error)
        if task is None:
            actor.is_ready = True
            return []
        self._deaths_in_row = 0
        return [(task.order, answer)]

    def _check_version(self, version: str, host: str) -> None:
        if version != created_by():
            raise EncoderError(
                f"{host} has {version}, and the build runs with {created_by()}: install the same "
                "version on all machines of the cluster."
            )

    def _bury(self, actor: _Actor, error: Exception) -> None:
        """Replace an actor that has died, and see to what it was doing."""
        self._deaths_in_row += 1
        if self._deaths_in_row > 8 + 2 * self._share.actors:
            raise EncoderError(
                f"{self._deaths_in_row} actors died one after the other without finishing a part: "
                f"{' '.join(str(error).split())[-300:]}"
            ) from None
        lost = [task for task in actor.asked.values() if task is not None]
        for task in lost:
            self._note_death(task)
        self._waiting.extendleft(reversed(lost))
        self._actors[self._actors.index(actor)] = self._begin()

    def _note_death(self, task: _Task) -> None:
        """Find out, if it was encoded item by item, which item it was."""
        if not task.is_careful:
            task.deaths += 1
            return
        try:
            text = (self._job.folder / f"{task.order.name}{AT}").read_text(encoding="ascii")
            place = int(text)
        except (OSError, ValueError):
            return  # it died before it read any
        task.kills[place] += 1
        if task.kills[place] >= TRIES:
            task.poison[place] = _POISON
            task.deaths = DEATHS - 1  # the others together again, unless one more is such
            self._deaths_in_row = 0
