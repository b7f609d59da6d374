"""Finding passages and names by their words, as BM25 of FTS5 weighs each word in each of them."""

from __future__ import annotations

import json
import logging
import math
import sqlite3
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from anysense.embed.forking import new_lock
from anysense.index.catalog.words.tables import PASSAGES, has_fts5, says_current

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.types import FloatArray
    from anysense.index.catalog.reader import Catalog
    from anysense.index.types import Ids

__all__ = ["MOST_OF_ONE_ITEM", "Count", "Extent", "Postings", "WordSearch"]

MOST_OF_ONE_ITEM = 16
"""Of a word that so many texts have or fewer, it is counted how many of them are of one item."""
_KEPT_WORDS = 4096  # whose counts are remembered
_LEAST_RARITY = 1e-6  # what FTS5 takes a word for that is in more than half of all texts

_T = TypeVar("_T")
_log = logging.getLogger("anysense")


class Extent(NamedTuple):
    """How much there is to be found: how many texts, and how many words they have on average."""

    texts: int
    length: float


class Count(NamedTuple):
    """In how many texts a word is, and in how many of one item at most.

    The latter is 1 for a word that more than `MOST_OF_ONE_ITEM` texts have.
    """

    texts: int
    of_one: int


class Postings(NamedTuple):
    """The texts that a word is in.

    Attributes:
        keys: of the texts, ascending, (n,).
        weights: how much the word counts in each, (n,): BM25 without the word's rarity, from 0 to
            2.2, and 1 where it stands once in a text of average length.
    """

    keys: Ids
    weights: FloatArray


class WordSearch:
    """Looks words up in one state of a catalog. Safe to use from many threads.

    Words are searched in the catalog as it is; what an older state does not have is for the caller
    to leave out. How many texts have a word is remembered, so that it stays the same for all pages
    of a search.

    Args:
        catalog: whose words.
        table: those of passages or of names; see `anysense.index.catalog.words.tables`.
    """

    def __init__(self, catalog: Catalog, table: str) -> None:
        self._catalog = catalog
        self._table = table
        self._extent: Extent | None = None
        self._counts: OrderedDict[str, Count] = OrderedDict()
        self._lock = new_lock()

    def extent(self) -> Extent:
        """How much there is to be found; nothing where the words are missing."""
        if self._extent is None:
            self._extent = self._ask(self._read_extent) or Extent(0, 0.0)
        return self._extent

    def counts(self, words: Sequence[str]) -> dict[str, Count]:
        """In how many texts each word is, and in how many of one item."""
        with self._lock:
            known = {word: self._counts[word] for word in words if word in self._counts}
        unknown = [word for word in words if word not in known]
        if unknown:
            known |= self._ask(lambda connection: self._count(connection, unknown)) or {}
            with self._lock:
                self._counts.update(known)
                while len(self._counts) > _KEPT_WORDS:
                    self._counts.popitem(last=False)
        return {word: known.get(word, Count(0, 0)) for word in words}

    def postings(self, words: Sequence[str], most: int) -> dict[str, Postings]:
        """The texts that each word is in: of so many at most, the oldest ones."""
        return self._ask(lambda c: {word: self._find(c, word, most) for word in words}) or {}

    def present(self, words: Sequence[str], key: int) -> list[str]:
        """Those of some words that the text of a key has."""
        query = f"SELECT 1 FROM {self._table} WHERE {self._table} MATCH ? AND rowid = ?"  # noqa: S608

        def look_up(connection: sqlite3.Connection) -> list[str]:
            rows = ((word, connection.execute(query, (_quoted(word), key))) for word in words)
            return [word for word, row in rows if row.fetchone() is not None]

        return self._ask(look_up) or []

    def _ask(self, question: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """What the words of the catalog answer; None where they are missing or damaged."""
        if not has_fts5():
            return None
        with self._catalog.transaction() as connection:
            folder = str(self._catalog.path.parent)
            if not says_current(connection):
                _warn(folder, "its next change makes them", "were not made yet")
                return None
            try:
                return question(connection)
            except sqlite3.DatabaseError as error:
                repair = f"`anysense compact {folder}` makes them anew"
                _warn(folder, repair, f"are damaged ({error})")
                return None

    def _read_extent(self, connection: sqlite3.Connection) -> Extent:
        query = "SELECT rows, crc FROM totals WHERE kind = ?"
        texts, words = connection.execute(query, (self._table,)).fetchone() or (0, 0)
        return Extent(texts, words / max(texts, 1))

    def _count(self, connection: sqlite3.Connection, words: Sequence[str]) -> dict[str, Count]:
        counts = {}
        for word in words:
            texts = self._count_texts(connection, word)
            is_of_passages = self._table == PASSAGES and 1 < texts <= MOST_OF_ONE_ITEM
            of_one = self._count_of_one(connection, word) if is_of_passages else min(texts, 1)
            counts[word] = Count(texts, of_one)
        return counts

    def _count_texts(self, connection: sqlite3.Connection, word: str) -> int:
        query = f"SELECT count(*) FROM {self._table} WHERE {self._table} MATCH ?"  # noqa: S608 - ours
        count: int = connection.execute(query, (_quoted(word),)).fetchone()[0]
        return count

    def _count_of_one(self, connection: sqlite3.Connection, word: str) -> int:
        query = f"""
            SELECT count(*) FROM {PASSAGES} CROSS JOIN segments ON segment_pk = {PASSAGES}.rowid
            WHERE {PASSAGES} MATCH ? GROUP BY item_pk ORDER BY 1 DESC LIMIT 1
        """  # noqa: S608 - ours
        (count,) = connection.execute(query, (_quoted(word),)).fetchone() or (1,)
        return int(count)

    def _find(self, connection: sqlite3.Connection, word: str, most: int) -> Postings:
        # As one row, for SQLite lets other threads go first at each row.
        query = f"""
            SELECT json_group_array(key), json_group_array(score) FROM (
                SELECT rowid AS key, -bm25({self._table}) AS score
                FROM {self._table} WHERE {self._table} MATCH ? LIMIT ?
            )
        """  # noqa: S608 - ours
        keys, scores = connection.execute(query, (_quoted(word), most)).fetchone()
        texts, count = self._read_extent(connection).texts, self._count_texts(connection, word)
        values = np.asarray(json.loads(scores), np.float32) / np.float32(_rarity(texts, count))
        return Postings(np.asarray(json.loads(keys), np.int64), values)


def _rarity(texts: int, count: int) -> float:
    """What FTS5's `bm25` multiplies with for a word that is in so many of all texts."""
    rarity = math.log((texts - count + 0.5) / (count + 0.5))
    return rarity if rarity > 0 else _LEAST_RARITY


_warned: set[str] = set()


def _warn(folder: str, remedy: str, problem: str) -> None:
    """Say once of a collection that its words cannot be searched."""
    if folder not in _warned:
        _warned.add(folder)
        _log.warning(
            "The words of %s %s, so its texts are found by their vectors alone: %s.",
            folder,
            problem,
            remedy,
        )


def _quoted(word: str) -> str:
    """A word as a query of FTS5, none of whose signs mean anything in it."""
    return '"' + word.replace('"', '""') + '"'
