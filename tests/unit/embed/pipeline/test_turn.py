"""Searches and builds take turns, and nobody waits for a turn that never comes."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from scripts import run_script
from tiny import CONCEPTS, TinyEncoder
from watched import Watched

from anysense.embed.errors import CorruptMediaError
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.pipeline.turn import LineTurn
from anysense.embed.types import Modality
from anysense.embed.waiting import IS_QUERY, in_turn, let_others


def test_searches_and_builds_take_turns_with_an_encoder() -> None:
    encoder = Watched(slow=0.01)
    texts = [MediaSource(i, f"text {i}") for i in range(20)]
    askers = [
        threading.Thread(target=encode_query, args=(encoder, Modality.TEXT, f"query {i}"))
        for i in range(4)
    ]
    for thread in askers:
        thread.start()
    assert all(done.error is None for done in encode_sources([encoder], texts, batch_size=2))
    for thread in askers:
        thread.join()
    assert len(encoder.batches) == 14  # `Watched` refuses to be called while it is inside


def test_a_query_of_a_reentrant_encoder_waits_for_no_batch() -> None:
    encoder, answered = Reentrant(), threading.Event()

    def ask() -> None:
        assert encoder.began.wait(60)
        encode_query(encoder, Modality.TEXT, "blue")
        answered.set()

    encoder.answered = answered
    asker = threading.Thread(target=ask)
    asker.start()
    [result] = encode_sources([encoder], [MediaSource(0, "red")])
    assert result.error is None
    asker.join()


class Reentrant(TinyEncoder):
    """Encodes an item only when a query was answered meanwhile."""

    is_reentrant = True

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()
        self.answered = threading.Event()

    def encode(self, modality: Modality, prepared: Any) -> Any:
        if not IS_QUERY.get():
            self.began.set()
            assert self.answered.wait(60)
        return super().encode(modality, prepared)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_in_the_middle_of_a_batch_encodes() -> None:
    script = """
        import os
        from tiny import CONCEPTS, TinyEncoder
        from anysense.embed.pipeline.query import encode_query
        from anysense.embed.pipeline.stream import MediaSource, encode_sources
        from anysense.embed.types import Modality

        class Forking(TinyEncoder):
            def encode(self, modality, prepared):
                child = os.fork()
                if child == 0:
                    encode_query(TinyEncoder(), Modality.TEXT, "red")
                    os._exit(7)
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                return super().encode(modality, prepared)

        list(encode_sources([Forking()], [MediaSource(0, "red")]))
    """
    done = run_script(script)
    assert done.stdout == "7\n", done.stderr


class Overlapping(TinyEncoder):
    """Queues a batch, then waits for its device until another is queued, or all are."""

    batches_at_once = 2

    def __init__(self, lets: bool = True, batches: int = 12) -> None:
        super().__init__()
        self.lets = lets
        self.left = batches
        self.queued = 0
        self.most = 0
        self.change = threading.Condition()

    def encode(self, modality: Modality, prepared: Any) -> Any:
        with self.change:
            self.queued += 1
            self.left -= 1
            mine = self.left
            self.most = max(self.most, self.queued)
            self.change.notify_all()
        if self.lets:
            let_others()
            with self.change:
                assert self.change.wait_for(lambda: self.left < mine or self.left == 0, 60)
        vectors = super().encode(modality, prepared)
        with self.change:
            self.queued -= 1
        return vectors


@pytest.mark.parametrize("lets", [True, False])
def test_two_batches_are_at_an_encoder_that_lets_others(lets: bool) -> None:
    encoder = Overlapping(lets)
    texts = [MediaSource(i, f"red text {i}") for i in range(12)]
    results = list(encode_sources([encoder], texts, batch_size=1))
    assert [result.source.key for result in results] == list(range(12))
    plain = encode_sources([TinyEncoder()], texts)
    for result, expected in zip(results, plain, strict=True):
        assert (result.segments[0].vector == expected.segments[0].vector).all()
    assert encoder.most == (2 if lets else 1)


def test_an_encoder_that_says_nothing_has_its_turn_to_the_end() -> None:
    class Plain(Overlapping):
        batches_at_once = 1

    encoder = Plain(lets=False)
    assert all(
        result.error is None
        for result in encode_sources(
            [encoder], [MediaSource(i, f"text {i}") for i in range(12)], batch_size=2
        )
    )
    with in_turn(None):
        let_others()  # nothing ends
    assert encoder.most == 1


def test_a_turn_that_ended_early_is_not_given_back_twice() -> None:
    turn = LineTurn(is_query=False)
    turn.announce()
    with turn.taken() as end:
        end()
        turn.announce()
        with turn.taken():  # by another, who came meanwhile
            end()
            came = threading.Event()

            def come() -> None:
                turn.announce()
                with turn.taken():
                    came.set()

            thread = threading.Thread(target=come)
            thread.start()
            assert not came.wait(0.2)
    thread.join()
    assert came.is_set()


def test_a_failed_batch_that_let_others_fails_its_source_alone() -> None:
    class Failing(TinyEncoder):
        batches_at_once = 2

        def encode(self, modality: Modality, prepared: Any) -> Any:
            let_others()
            if any(vector[CONCEPTS.index("dark")] for vector in prepared):
                raise CorruptMediaError("<input>", "cannot be compared")
            return super().encode(modality, prepared)

    texts = [MediaSource(i, "dark" if i == 5 else "red") for i in range(12)]
    errors = [result.error for result in encode_sources([Failing()], texts, batch_size=4)]
    assert [error is not None for error in errors] == [i == 5 for i in range(12)]
