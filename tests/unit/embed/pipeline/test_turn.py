"""Searches and builds take turns, and nobody waits for a turn that never comes."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from scripts import run_script
from tiny import TinyEncoder
from watched import Watched

from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality
from anysense.embed.waiting import IS_QUERY


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
        from tiny import TinyEncoder
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
