"""Threads share the batches of a model, and none waits, or fails, for another."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scripts import run_script
from tiny import TinyEncoder

from anysense.embed.errors import AbandonedError, BusyError, DeadlineError, EmptyMediaError
from anysense.embed.pipeline.batching import SharedEncoder
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality
from anysense.embed.waiting import IS_QUERY, Waiter, waited_for_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from anysense.embed.types import FloatArray


class Gated(TinyEncoder):
    """A model that works on each batch only when it may, and tells of its batches."""

    def __init__(self, *, is_reentrant: bool = False) -> None:
        super().__init__()
        self.is_reentrant = is_reentrant
        self.batch_size = 8
        self.gate = threading.Semaphore(0)
        self.batches: list[tuple[bool, int]] = []
        self.bad: Any = None

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        self.batches.append((IS_QUERY.get(), len(prepared)))
        assert self.gate.acquire(timeout=60)
        if self.bad is not None and any(np.array_equal(p, self.bad) for p in prepared):
            raise EmptyMediaError("<text>", "nothing")
        return super().encode(modality, prepared)

    def open(self) -> None:
        self.gate.release(10_000)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


class Askers:
    """Threads that search by, or add, one text each, and are known to wait for the model."""

    def __init__(self, model: Gated, shared: SharedEncoder, pool: ThreadPoolExecutor) -> None:
        self.model, self.shared, self.pool = model, shared, pool

    def first(self) -> Future[FloatArray]:
        """A query that keeps the model busy."""
        future = self.pool.submit(encode_query, self.shared, Modality.TEXT, "red")
        until(lambda: len(self.model.batches) == 1)
        return future

    def ask(self, text: str, waiter: Waiter | None = None) -> Future[FloatArray]:
        def work() -> FloatArray:
            with waited_for_by(waiter):
                return encode_query(self.shared, Modality.TEXT, text)

        return self._submit(work, is_query=True)

    def add(self, *texts: str) -> Future[FloatArray]:
        prepared = [self.model.prepare(Modality.TEXT, text) for text in texts]
        return self._submit(lambda: self.shared.encode(Modality.TEXT, prepared), is_query=False)

    def _submit(self, work: Callable[[], FloatArray], *, is_query: bool) -> Future[FloatArray]:
        before = self.shared.waiting(Modality.TEXT, is_query=is_query)
        future = self.pool.submit(work)
        until(lambda: self.shared.waiting(Modality.TEXT, is_query=is_query) > before)
        return future


@contextmanager
def askers(**options: Any) -> Iterator[Askers]:
    model = Gated(is_reentrant=options.pop("is_reentrant", False))
    shared = SharedEncoder(model, **options)
    with ThreadPoolExecutor(32) as pool:
        try:
            yield Askers(model, shared, pool)
        finally:
            model.open()


def test_what_comes_while_the_model_works_is_its_next_batch() -> None:
    with askers() as a:
        futures = [a.first(), *(a.ask(text) for text in ("blue", "low", "high sky"))]
        a.model.open()
        vectors = [future.result(60) for future in futures]
    assert a.model.batches == [(True, 1), (True, 3)]
    for text, vector in zip(("red", "blue", "low", "high sky"), vectors, strict=True):
        np.testing.assert_array_equal(vector, encode_query(TinyEncoder(), Modality.TEXT, text))


def test_a_batch_has_so_many_inputs_at_most() -> None:
    with askers() as a:
        futures = [a.first(), *(a.ask(f"text {i}") for i in range(11))]
        a.model.open()
        assert all(future.result(60) is not None for future in futures)
    assert a.model.batches == [(True, 1), (True, 8), (True, 3)]


def test_a_batch_has_one_long_query_and_short_ones_go_along() -> None:
    long = "word " * 20 * 4  # four passages
    with askers() as a:
        futures = [a.first(), a.ask(long), a.ask(long), a.ask("blue"), a.ask("low")]
        a.model.open()
        assert all(future.result(60) is not None for future in futures)
    assert a.model.batches == [(True, 1), (True, 6), (True, 4)]


def test_queries_go_before_items() -> None:
    with askers() as a:
        first = a.first()
        items = [a.add(f"item {i}") for i in range(3)]  # their leader waits for its turn
        queries = [a.ask(f"query {i}") for i in range(3)]
        a.model.open()
        assert all(future.result(60) is not None for future in (first, *items, *queries))
    assert a.model.batches == [(True, 1), (True, 3), (False, 3)]


def test_a_query_waits_for_no_items_where_the_model_may_be_called_from_several_threads() -> None:
    with askers(is_reentrant=True) as a:
        items = a.pool.submit(a.shared.encode, Modality.TEXT, [a.model.prepare(Modality.TEXT, "x")])
        until(lambda: a.model.batches == [(False, 1)])
        query = a.pool.submit(encode_query, a.shared, Modality.TEXT, "red")
        until(lambda: len(a.model.batches) == 2)  # both are in the model
        a.model.open()
        assert query.result(60).shape == items.result(60)[0].shape


def test_what_one_input_does_wrong_fails_no_other() -> None:
    with askers() as a:
        a.model.bad = a.model.prepare(Modality.TEXT, "blue")
        good, bad, other = a.first(), a.ask("blue"), a.ask("low")
        a.model.open()
        assert good.result(60) is not None
        assert other.result(60) is not None
        with pytest.raises(EmptyMediaError):
            bad.result(60)


def test_more_than_may_wait_are_refused_at_once() -> None:
    with askers(most_waiting=3) as a:
        futures = [a.first(), *(a.ask(f"text {i}") for i in range(3))]
        with pytest.raises(BusyError, match="try again"):
            encode_query(a.shared, Modality.TEXT, "one more")
        a.model.open()
        assert all(future.result(60) is not None for future in futures)


def test_who_goes_away_leaves_the_line_and_the_model_sees_nothing_of_it() -> None:
    with askers() as a:
        waiter = Waiter()
        first, gone, other = a.first(), a.ask("blue", waiter), a.ask("low")
        waiter.leave()
        with pytest.raises(AbandonedError):
            gone.result(60)
        assert a.shared.waiting(Modality.TEXT, is_query=True) == 1
        a.model.open()
        assert first.result(60) is not None
        assert other.result(60) is not None
    assert a.model.batches == [(True, 1), (True, 1)]


def test_who_is_gone_when_their_turn_comes_lets_the_next_lead() -> None:
    with askers() as a:
        waiters = [Waiter() for _ in range(4)]
        first = a.first()
        gone = [a.ask(f"text {i}", waiter) for i, waiter in enumerate(waiters)]
        other = a.ask("low")
        for waiter in waiters:
            waiter.leave()
        a.model.open()  # before they have noticed, mostly
        assert first.result(60) is not None
        assert other.result(60) is not None
        for future in gone:
            with pytest.raises(AbandonedError):
                future.result(60)
    assert a.model.batches == [(True, 1), (True, 1)]


def test_a_deadline_ends_the_wait() -> None:
    with askers() as a:
        a.first()
        late = a.ask("blue", Waiter(0.1))
        with pytest.raises(DeadlineError):
            late.result(60)
        assert a.shared.waiting(Modality.TEXT, is_query=True) == 0


def test_items_of_who_has_gone_away_are_not_encoded_further() -> None:
    waiter, model = Waiter(), Gated()
    model.gate.release(2)
    many = "word " * 20 * 100  # passages of one source

    def leave() -> None:
        until(lambda: len(model.batches) == 3)
        waiter.leave()
        model.open()

    leaver = threading.Thread(target=leave)
    leaver.start()
    stream = encode_sources([SharedEncoder(model)], [MediaSource(0, many)])
    with waited_for_by(waiter), pytest.raises(AbandonedError):
        list(stream)
    leaver.join()
    assert len(model.batches) == 3


def test_builds_and_searches_go_on_together() -> None:
    model = Gated()
    model.open()
    shared = SharedEncoder(model)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(encode_query, shared, Modality.TEXT, f"text {i}") for i in range(100)]
        results = list(encode_sources([shared], [MediaSource(i, f"item {i}") for i in range(100)]))
        assert all(future.result(60) is not None for future in asked)
    assert all(result.error is None for result in results)
    assert sum(size for _, size in model.batches) == 200


def test_each_batch_is_told() -> None:
    told: list[tuple[Modality, int]] = []
    shared = SharedEncoder(TinyEncoder())
    shared.observe = lambda modality, size, seconds: told.append((modality, size))
    encode_query(shared, Modality.TEXT, "red")
    assert told == [(Modality.TEXT, 1)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_in_the_middle_of_a_shared_batch_encodes() -> None:
    script = """
        import os
        from tiny import TinyEncoder
        from anysense.embed.pipeline.batching import SharedEncoder
        from anysense.embed.pipeline.query import encode_query
        from anysense.embed.types import Modality

        class Forking(TinyEncoder):
            parent = os.getpid()

            def encode(self, modality, prepared):
                if os.getpid() == self.parent:
                    child = os.fork()
                    if child == 0:
                        encode_query(shared, Modality.TEXT, "red")
                        os._exit(7)
                    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                return super().encode(modality, prepared)

        shared = SharedEncoder(Forking())
        encode_query(shared, Modality.TEXT, "red")
    """
    done = run_script(script)
    assert done.stdout == "7\n", done.stderr
