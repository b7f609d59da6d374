"""Whether the words of a catalog are those of its rows: they are made again and compared."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from typing import TYPE_CHECKING

from anysense.index.catalog.words.tables import (
    NAMES,
    PASSAGES,
    expected_entries,
    has_fts5,
    says_current,
    spaces_of_words,
    statements,
    write_entries,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.catalog.reader import Catalog

__all__ = ["word_problems"]


def word_problems(catalog: Catalog, text_spaces: Sequence[str]) -> list[str]:
    """In what the words of a catalog differ from its rows; empty where there are no words at all.

    Compared are the keys of the texts, how many words each has, and for each word in how many texts
    and how often it is.

    Args:
        catalog: what to check.
        text_spaces: as of `anysense.index.catalog.writer.CatalogWriter`.
    """
    if not has_fts5():
        return []
    keys = {space.id: space.pk for space in catalog.spaces.values()}
    spaces = [keys[name] for name in text_spaces]
    with catalog.transaction() as connection, contextlib.closing(_memory()) as made:
        if not says_current(connection):
            return []
        made_of, hidden = spaces_of_words(connection), frozenset[int]()
        if made_of is not None:
            every = {pk for (pk,) in connection.execute("SELECT space_pk FROM spaces")}
            spaces, hidden = made_of, frozenset(every.difference(made_of))
        for _ in write_entries(made, expected_entries(connection, spaces, hidden)):
            pass
        try:
            found = [_differs(table, connection, made) for table in (PASSAGES, NAMES)]
        except sqlite3.DatabaseError as error:
            return [f"its words are damaged ({error})"]
    return [problem for problem in found if problem is not None]


def _memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in statements():
        connection.execute(statement)
    return connection


def _differs(table: str, kept: sqlite3.Connection, made: sqlite3.Connection) -> str | None:
    texts = f"SELECT id, sz FROM {table}_docsize ORDER BY id"  # noqa: S608 - ours
    words = f"SELECT term, doc, cnt FROM temp.vocabulary_of_{table}"  # noqa: S608 - ours
    for connection in (kept, made):
        connection.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary_of_{table} "
            f"USING fts5vocab(main, {table}, row)"
        )
    total = kept.execute("SELECT rows FROM totals WHERE kind = ?", (table,)).fetchone() or (0,)
    if total != made.execute(f"SELECT count(*) FROM {table}_docsize").fetchone():  # noqa: S608
        return f"the number of texts in {table} is not that of its rows"
    for query in (texts, words):
        both = itertools.zip_longest(kept.execute(query), made.execute(query))
        if any(one != other for one, other in both):
            return f"the words of {table} are not those of its rows"
    return None
