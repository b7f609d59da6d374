"""Threads share the batches of a model: what comes while it works goes into its next batch.

Nobody waits for a batch to fill. Who finds the model idle runs it at once, in their own thread and
for all who have come by then; the first of those who came meanwhile runs the next batch. So one
thread alone waits for no other, no thread has to be ended, and the more come, the larger batches
grow.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import AbandonedError, BusyError, DeadlineError
from anysense.embed.forking import new_lock, renew_after_fork
from anysense.embed.pipeline.cutting import cut_passages
from anysense.embed.pipeline.forms import in_form
from anysense.embed.pipeline.turn import DEFAULT_BATCH, LineTurn, turn_of
from anysense.embed.waiting import IS_QUERY, LOOK_UP_SECONDS, current_waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.types import (
        Content,
        Encoder,
        FloatArray,
        Modality,
        Passage,
        Structure,
        VideoInput,
    )
    from anysense.embed.waiting import Waiter

__all__ = ["MOST_WAITING", "SharedEncoder"]

MOST_WAITING = 1024
"""How many inputs of one modality wait for a model at most, unless said otherwise."""


@dataclass(eq=False)
class _Share:
    """What one thread wants encoded, and what becomes of it."""

    prepared: Sequence[Any]
    waiter: Waiter | None
    vectors: FloatArray | None = None
    error: BaseException | None = None
    leads: bool = False
    called: threading.Event = field(default_factory=threading.Event)

    @property
    def is_done(self) -> bool:
        return self.vectors is not None or self.error is not None

    def is_wanted(self) -> bool:
        """Whether somebody waits for it; if not, its error says why."""
        try:
            if self.waiter is not None:
                self.waiter.check()
        except (AbandonedError, DeadlineError) as error:
            self.error = error
        return self.error is None

    def result(self) -> FloatArray:
        if self.error is not None:
            raise self.error
        assert self.vectors is not None
        return self.vectors


class _Line:
    """The threads that wait for one model, with inputs of one modality.

    Args:
        encode: runs the model on a batch.
        size: how many inputs a batch has at most; one thread's may be more, and are not divided.
        most: how many inputs wait at most.
        turn: what a batch waits for.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[Any]], FloatArray],
        size: int,
        most: int,
        turn: LineTurn,
    ) -> None:
        self._encode = encode
        self._turn = turn
        self._size = size
        self._most = most
        self._lock = new_lock()
        self._waiting: deque[_Share] = deque()
        self._is_running = False

    def renew(self) -> None:
        """Forget, in a forked process, the threads that have not come along."""
        self._waiting = deque()
        self._is_running = False

    def __len__(self) -> int:
        with self._lock:
            return sum(len(share.prepared) for share in self._waiting)

    def encode(self, prepared: Sequence[Any]) -> FloatArray:
        """Vectors of some inputs, from one batch with those of other threads."""
        share = _Share(prepared, current_waiter())
        self._join(share)
        try:
            while not share.leads and not share.is_done:
                share.called.wait(None if share.waiter is None else LOOK_UP_SECONDS)
                if share.waiter is not None and not share.is_done:
                    share.waiter.check()
        except BaseException:  # nobody waits any more, or Ctrl-C
            self._leave(share)
            raise
        if share.leads:
            self._lead(share)
        return share.result()

    def _join(self, share: _Share) -> None:
        with self._lock:
            waiting = sum(len(other.prepared) for other in self._waiting)
            if waiting and waiting + len(share.prepared) > self._most:
                raise BusyError("Too much waits for the model already; try again in a moment.")
            self._waiting.append(share)
            if not self._is_running:
                self._pass_on()

    def _leave(self, share: _Share) -> None:
        with self._lock:
            if share in self._waiting:
                self._waiting.remove(share)
            if share.leads:
                self._turn.withdraw()
                self._pass_on()

    def _lead(self, leader: _Share) -> None:
        """Run one batch, with the leader's own inputs in it; then the next in line leads."""
        batch: list[_Share] = []
        try:
            with self._turn.taken():
                try:
                    with self._lock:
                        batch = self._take(leader)
                    self._run([share for share in batch if share.is_wanted()])
                finally:
                    with self._lock:
                        self._pass_on()  # before the turn ends, or items would go before queries
        finally:
            for share in batch:
                if not share.is_done:  # the leader was interrupted
                    share.error = AbandonedError("The batch that this was in was interrupted.")
                share.called.set()

    def _take(self, leader: _Share) -> list[_Share]:
        """The next batch, the leader first.

        Of those with many inputs it has one, so that who has one waits for no more than that.
        """
        batch, left = [leader], deque[_Share]()
        self._waiting.remove(leader)
        count, is_long = len(leader.prepared), self._is_long(leader)
        for share in self._waiting:
            fits = count + len(share.prepared) <= self._size
            if fits and not (is_long and self._is_long(share)):
                batch.append(share)
                count += len(share.prepared)
                is_long = is_long or self._is_long(share)
            else:
                left.append(share)
        self._waiting = left
        return batch

    def _is_long(self, share: _Share) -> bool:
        return len(share.prepared) > self._size // 4

    def _pass_on(self) -> None:
        """Let the next in line lead; the lock is taken."""
        self._is_running = bool(self._waiting)
        if self._waiting:
            self._turn.announce()
            self._waiting[0].leads = True
            self._waiting[0].called.set()

    def _run(self, batch: Sequence[_Share]) -> None:
        """Encode a batch; if that fails, each by itself, so that none fails for another."""
        if not batch:
            return
        try:
            vectors = self._encode([content for share in batch for content in share.prepared])
        except Exception as error:  # whatever a model raises belongs to who has asked
            if len(batch) == 1:
                batch[0].error = error
                return
            for share in batch:
                self._run([share])
            return
        start = 0
        for share in batch:
            share.vectors = vectors[start : start + len(share.prepared)]
            start += len(share.prepared)


class SharedEncoder:
    """An encoder that any number of threads may call, which then share the batches of its model.

    Queries and items are in batches apart. Where the model can be called from several threads, a
    query waits for queries alone; otherwise for the batch that runs, and goes before items. The
    vector of an input is that of the encoder, to rounding: a query that has company may run in
    another shape than alone. What somebody no longer waits for (`anysense.embed.waiting`) leaves
    the line.

    Args:
        encoder: what makes the vectors.
        most_waiting: how many inputs of a modality wait at most.

    Its attributes are those of `anysense.embed.types.Encoder`, and `observe`: called after each
    batch with its modality, how many inputs it had, and the seconds that the model took.
    """

    is_reentrant = True
    takes_turns = True

    def __init__(
        self,
        encoder: Encoder,
        *,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.encoder = encoder
        self.space = encoder.space
        self.sample_rate = encoder.sample_rate
        self.window_seconds = encoder.window_seconds
        self.image_side: int | None = getattr(encoder, "image_side", None)
        self.whole_revision: str | None = getattr(encoder, "whole_revision", None)
        self.batch_size = int(getattr(encoder, "batch_size", DEFAULT_BATCH))
        self.video: VideoInput | None = getattr(encoder, "video", None)
        self.observe: Callable[[Modality, int, float], object] | None = None
        self._lines = {
            (modality, is_query): _Line(
                self._encode_with(modality),
                self.batch_size,
                most_waiting,
                turn_of(encoder, is_query=is_query),
            )
            for modality in encoder.space.modalities
            for is_query in (True, False)
        }
        renew_after_fork(self)

    def renew(self) -> None:
        """Forget, in a forked process, who was waiting."""
        for line in self._lines.values():
            line.renew()

    def passages(self, text: str) -> list[Passage]:
        """As the encoder's."""
        return self.encoder.passages(text)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """As the encoder's, or what is given where it has none."""
        return cut_passages(self.encoder, text, structure, overlap)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """As the encoder's."""
        return self.encoder.prepare(modality, content)

    def prepare_query(self, modality: Modality, content: Content, form: str) -> Any:
        """As the encoder's."""
        return in_form(self.encoder, form).prepare(modality, content)

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Unit vectors, float32 of shape (len(prepared), dimension), from a shared batch.

        Raises:
            BusyError: too much waits already.
            AbandonedError, DeadlineError: nobody waits for it any more.
        """
        line = self._lines.get((modality, IS_QUERY.get()))
        if line is None or len(prepared) == 0:
            return self.encoder.encode(modality, prepared)
        return line.encode(prepared)

    def waiting(self, modality: Modality, *, is_query: bool) -> int:
        """How many inputs wait for a batch now."""
        return len(self._lines[modality, is_query])

    def _encode_with(self, modality: Modality) -> Callable[[Sequence[Any]], FloatArray]:
        def encode(batch: Sequence[Any]) -> FloatArray:
            start = time.perf_counter()
            vectors = self.encoder.encode(modality, batch)
            if self.observe is not None:
                self.observe(modality, len(batch), time.perf_counter() - start)
            return vectors

        return encode
