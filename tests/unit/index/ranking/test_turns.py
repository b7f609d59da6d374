"""Turns at ranking: so many threads at a time, and nobody who has gone away."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from scripts import check_script

from anysense.embed.errors import AbandonedError, DeadlineError
from anysense.embed.waiting import Waiter, waited_for_by
from anysense.index.collection import Collection
from anysense.index.ranking import retriever as ranking
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.ranking.turns import AT_ONCE, Turns
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([NewItem(text, id=text) for text in ("red", "blue", "low")])
        yield collection


class Room:
    """Counts the threads that are in at once, each of which stays for a moment.

    Attributes:
        most: the most that were.
    """

    def __init__(self) -> None:
        self.most = self._in = 0
        self._lock = threading.Lock()

    @contextmanager
    def entered(self) -> Iterator[None]:
        with self._lock:
            self._in += 1
            self.most = max(self.most, self._in)
        try:
            time.sleep(0.02)
            yield
        finally:
            with self._lock:
                self._in -= 1


def test_so_many_have_a_turn_and_the_next_when_one_is_given_back() -> None:
    turns, room = Turns(2), Room()

    def work(number: int) -> int:
        with turns.taken(), room.entered():
            return number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(20))) == list(range(20))
    assert room.most == 2


def test_a_turn_is_given_back_after_an_error() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(KeyError), turns.taken():
            raise KeyError


def test_who_is_not_waited_for_any_more_waits_for_no_turn() -> None:
    turns, gone = Turns(1), Waiter()
    gone.leave()
    with turns.taken():
        for waiter, error in ((gone, AbandonedError), (Waiter(0.05), DeadlineError)):
            with waited_for_by(waiter), pytest.raises(error), turns.taken():
                pass
    with turns.taken():
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_has_all_turns() -> None:
    script = """
        import os
        from anysense.index.ranking.turns import Turns
        turns = Turns(1)
        with turns.taken():
            child = os.fork()
            if child == 0:
                with turns.taken():
                    os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert check_script(script) == "7\n"


def test_searches_take_turns_at_ranking(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    page_of, room = ranking.page_of, Room()

    def counted(*args: Any, **options: Any) -> Any:
        with room.entered():
            return page_of(*args, **options)

    monkeypatch.setattr(ranking, "page_of", counted)
    retriever = CollectionRetriever(collection)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [hit.id for hit in retriever.retrieve("red")], range(16)))
    assert found == [found[0]] * 16
    assert room.most == AT_ONCE
