"""The words of a catalog: two tables of FTS5, changed in the transactions that change its rows.

They are derived from the rows of segments and items, hold no text of their own, and can be made
anew from these at any time. Without FTS5, which a SQLite may have been built without, a catalog is
changed as ever, and its words are said to be missing.
"""

from __future__ import annotations

import functools
import json
import logging
import sqlite3
from typing import TYPE_CHECKING, NamedTuple, Protocol

from anysense.index.catalog.records import looks_made
from anysense.index.catalog.rows import read_heading
from anysense.index.catalog.schema import from_sql
from anysense.index.catalog.words.tokens import JOINING, VERSION, words_of_name, words_of_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "MADE_OF",
    "NAMES",
    "NOTE",
    "PASSAGES",
    "Entry",
    "WordTables",
    "expected_entries",
    "has_fts5",
    "is_damage",
    "is_of_words",
    "says_current",
    "spaces_of_words",
    "statements",
    "write_entries",
]

PASSAGES = "words"
"""The table of the words of text segments, by their keys."""
NAMES = "name_words"
"""The table of the words of items' names, by the keys of the items."""
NOTE = "words"
"""The key of the note that says by which rules the words were made; none where they are missing."""

MADE_OF = "words|spaces"
"""The key of the note that says of which spaces the words were made, by preference. A catalog whose
spaces have always been the same has none."""

_SHADOWS = ("data", "idx", "content", "docsize", "config")
_OWN = {PASSAGES, NAMES} | {f"{table}_{kept}" for table in (PASSAGES, NAMES) for kept in _SHADOWS}
_EVERY_TEXT = """
    SELECT item_pk, segment_pk, space_pk, heading, text FROM segments
    WHERE modality = 'text' AND text IS NOT NULL ORDER BY item_pk, ordinal
"""
_TEXTS_OF_ITEM = """
    SELECT segment_pk, space_pk, heading, text FROM segments
    WHERE item_pk = ? AND modality = 'text' AND text IS NOT NULL
"""

_log = logging.getLogger("anysense")


class Entry(NamedTuple):
    """A row of one of the tables: its key, and the words of a segment or of a name."""

    table: str
    key: int
    words: str


class Text(NamedTuple):
    """A text segment: its key, that of its space, its headings and its text as SQLite keeps them.

    It is found by the words of both.
    """

    key: int
    space: int
    heading: str | bytes | None
    text: str | bytes

    @property
    def words(self) -> list[str]:
        headings = " ".join(read_heading(self.heading))
        return words_of_text(headings) + words_of_text(from_sql(self.text))


def statements(schema: str = "main") -> list[str]:
    """What makes the tables. Their words are separated by spaces, and taken as they are."""
    signs = JOINING.replace("'", "''")
    options = f"content='', tokenize=\"ascii tokenchars '{signs}'\""
    return [
        f"CREATE VIRTUAL TABLE {schema}.{table} USING fts5(text, {options})"
        for table in (PASSAGES, NAMES)
    ]


def is_of_words(name: str) -> bool:
    """Whether a table of SQLite is one of ours, or one that FTS5 keeps them in."""
    return name in _OWN


@functools.cache
def has_fts5() -> bool:
    """Whether SQLite has FTS5 here; a warning tells once if not."""
    connection = sqlite3.connect(":memory:")
    try:
        for statement in statements():
            connection.execute(statement)
    except sqlite3.OperationalError as error:
        _log.warning(
            "SQLite has no full-text search here (%s), so texts are found by their vectors alone: "
            "use a Python whose sqlite3 was built with FTS5 to find them by words too.",
            error,
        )
        return False
    finally:
        connection.close()
    return True


def is_damage(error: BaseException) -> bool:
    """Whether damaged words may be behind an error: FTS5 calls that by several names."""
    is_of_sqlite = isinstance(error, sqlite3.DatabaseError)
    return is_of_sqlite and not isinstance(
        error, sqlite3.OperationalError | sqlite3.ProgrammingError
    )


def says_current(connection: sqlite3.Connection) -> bool:
    """Whether a catalog says that its words are those of its rows, by the rules of today."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (NOTE,)).fetchone()
    return row is not None and row[0] == VERSION


class Changes(Protocol):
    """The transaction in which a catalog is changed, as far as its words go."""

    @property
    def connection(self) -> sqlite3.Connection: ...

    def count(self, kind: str, crc: int, rows: int = 1) -> None: ...

    def note(self, notes: Mapping[str, str | None]) -> None: ...


class WordTables:
    """Keeps the words of a catalog while its writer changes it.

    Args:
        spaces: the keys of the spaces, that whose passages are to be searched by words first. Of an
            item that has texts in several, those of the first one are.
        hidden: the keys of spaces whose passages are not to be found.
    """

    def __init__(self, spaces: Sequence[int], hidden: frozenset[int] = frozenset()) -> None:
        self._spaces = list(spaces)
        self._hidden = hidden
        self._is_kept = has_fts5()

    @property
    def is_kept(self) -> bool:
        """Whether words can be kept here at all."""
        return self._is_kept

    def are_of(self, connection: sqlite3.Connection) -> bool:
        """Whether the words of a catalog were made of these spaces, in this order."""
        made_of = spaces_of_words(connection)
        return made_of is None or made_of == self._spaces

    def make(self, transaction: Changes) -> None:
        """Make the words of all rows in place of those there are; note it if none can be kept."""
        connection, self._is_kept = transaction.connection, has_fts5()
        if spaces_of_words(connection) is not None:
            self.note_spaces(transaction)
        if not self._is_kept:
            transaction.note({NOTE: None})
            return
        for table in (PASSAGES, NAMES):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in statements():
            connection.execute(statement)
        connection.execute("DELETE FROM totals WHERE kind IN (?, ?)", (PASSAGES, NAMES))
        self._put(transaction, expected_entries(connection, self._spaces, self._hidden))
        transaction.note({NOTE: VERSION})

    def note_spaces(self, transaction: Changes) -> None:
        """Note of which spaces the words are, from when these may change."""
        transaction.note({MADE_OF: json.dumps(self._spaces)})

    def add(self, transaction: Changes, item_pk: int) -> None:
        """Add the words of an item whose rows were written in the transaction."""
        self._put(transaction, self._passages(transaction, item_pk))
        self.add_name(transaction, item_pk)

    def add_name(self, transaction: Changes, item_pk: int) -> None:
        """Add the words of an item's name as it is now."""
        self._put(transaction, _name_of(transaction.connection, item_pk))

    def drop(self, transaction: Changes, item_pk: int) -> None:
        """Take away the words of an item whose rows will be removed."""
        self._take(transaction, self._passages(transaction, item_pk))
        self.drop_name(transaction, item_pk)

    def drop_name(self, transaction: Changes, item_pk: int) -> None:
        """Take away the words of an item's name that will be changed."""
        self._take(transaction, _name_of(transaction.connection, item_pk))

    def _passages(self, transaction: Changes, item_pk: int) -> Iterator[Entry]:
        """The entries of an item's texts."""
        rows = transaction.connection.execute(_TEXTS_OF_ITEM, (item_pk,))
        return _of_passages([Text(*row) for row in rows], self._spaces, self._hidden)

    def give_up(self) -> bool:
        """Leave the words alone from now on, as they may be damaged; whether they were kept."""
        was_kept, self._is_kept = self._is_kept, False
        return was_kept

    def _take(self, transaction: Changes, entries: Iterable[Entry]) -> None:
        for entry in entries if self._is_kept else ():
            transaction.connection.execute(
                f"INSERT INTO {entry.table}({entry.table}, rowid, text) "  # noqa: S608 - ours
                "VALUES ('delete', ?, ?)",
                (entry.key, entry.words),
            )
            transaction.count(entry.table, _length(entry), -1)

    def _put(self, transaction: Changes, entries: Iterable[Entry]) -> None:
        kept = entries if self._is_kept else ()
        for entry in write_entries(transaction.connection, kept):
            transaction.count(entry.table, _length(entry))


def write_entries(connection: sqlite3.Connection, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Write entries to the tables of a connection, and give them on."""
    for entry in entries:
        connection.execute(
            f"INSERT INTO {entry.table}(rowid, text) VALUES (?, ?)",  # noqa: S608 - ours
            (entry.key, entry.words),
        )
        yield entry


def spaces_of_words(connection: sqlite3.Connection) -> list[int] | None:
    """Of which spaces the words of a catalog were made; None where that is not noted."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (MADE_OF,)).fetchone()
    return None if row is None else list(json.loads(row[0]))


def expected_entries(
    connection: sqlite3.Connection, spaces: Sequence[int], hidden: frozenset[int] = frozenset()
) -> Iterator[Entry]:
    """What the tables hold if they are those of the rows of a catalog; see `WordTables`."""
    item: int | None = None
    texts: list[Text] = []
    for item_pk, *rest in connection.execute(_EVERY_TEXT):
        if item_pk != item:
            yield from _of_passages(texts, spaces, hidden)
            item, texts = item_pk, []
        texts.append(Text(*rest))
    yield from _of_passages(texts, spaces, hidden)
    for row in connection.execute("SELECT item_pk, id, source FROM items"):
        yield from _of_name(*row)


def _name_of(connection: sqlite3.Connection, item_pk: int) -> Iterator[Entry]:
    query = "SELECT item_pk, id, source FROM items WHERE item_pk = ?"
    for row in connection.execute(query, (item_pk,)).fetchall():
        yield from _of_name(*row)


def _of_passages(
    texts: Sequence[Text], spaces: Sequence[int], hidden: frozenset[int]
) -> Iterator[Entry]:
    """The entries of an item's text segments, of the first space that has any."""
    texts = [text for text in texts if text.space not in hidden]
    places = {space: place for place, space in enumerate(spaces)}
    ranks = [(places.get(text.space, len(spaces)), text.space) for text in texts]
    first = min(ranks, default=None)
    for text, rank in zip(texts, ranks, strict=True):
        if rank == first:
            yield Entry(PASSAGES, text.key, " ".join(text.words))


def _of_name(item_pk: int, item_id: str | bytes, source: str | bytes) -> Iterator[Entry]:
    """The entry of an item's name: of the last part of its source, and of its id.

    An id that was made for it is one word, and none of its letters and numbers are.
    """
    name = from_sql(source).replace("\\", "/").rstrip("/").rpartition("/")[2]
    given = from_sql(item_id)
    if looks_made(given):
        words = [*words_of_name(name.removesuffix(given)), given]
    else:
        words = words_of_name(name) + words_of_name(given)
    yield Entry(NAMES, item_pk, " ".join(dict.fromkeys(words)))


def _length(entry: Entry) -> int:
    return len(entry.words.split(" ")) if entry.words else 0
