"""From some encoders of a collection to others: begun, given up, made current, and cleared away.

The manifest decides at each instant which encoders searches go by. The spaces of those to come are
hidden until one new manifest names them, with a generation of the index that has them; from then on
the spaces that it does not name any more are hidden, and their vectors are deleted in peace.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.index.catalog.spaces import (
    add_space,
    drop_vectors,
    forget_space,
    has_space,
    item_ids_outside,
)
from anysense.index.snapshots.manifest import MANIFEST, Manifest, Reencoding

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from anysense.index.publishing.publisher import Publisher
    from anysense.index.snapshots.manifest import EncoderEntry, Tuning
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Progress

__all__ = ["begin", "encoders_after", "give_up", "seen_keys", "sweep", "sweep_some", "switch"]

SWEPT_AT_ONCE = 2000
"""Segments deleted in one transaction."""


def encoders_after(manifest: Manifest, reencoding: Reencoding) -> list[EncoderEntry]:
    """The encoders of a collection once it has those it is being given.

    They stand before those that stay. One of the same name, or of the same space in an earlier
    revision, does not: nobody has both.
    """
    new = list(reencoding.encoders)
    replaced = {entry.name for entry in new} | set(reencoding.drop)
    spaces = {entry.space.id for entry in new}
    stay = [e for e in manifest.encoders if e.name not in replaced and e.space.id not in spaces]
    return new + stay


def seen_keys(publisher: Publisher, encoders: Sequence[EncoderEntry]) -> list[int]:
    """The numbers that the spaces of encoders have in the catalog."""
    numbers = {row.id: pk for pk, row in publisher.views.catalog.seeing(None).spaces.items()}
    return [numbers[e.space.id] if e.key is None else e.key for e in encoders]


def begin(publisher: Publisher, encoders: Sequence[EncoderEntry], drop: Sequence[str]) -> None:
    """Make room for the vectors of encoders that a collection is to get.

    Args:
        publisher: with the right to write.
        encoders: those to be; they get the keys of their spaces.
        drop: names of encoders that go when these are complete.
    """
    manifest = publisher.views.newest().manifest
    named = {*seen_keys(publisher, manifest.encoders), *manifest.dropped}
    with publisher.writer.transaction() as transaction:
        connection = transaction.connection
        for (pk,) in connection.execute("SELECT space_pk FROM spaces").fetchall():
            if pk not in named:  # of a beginning that was killed
                forget_space(transaction, pk, {})
        transaction.words.note_spaces(transaction)
        entries = []
        for entry in encoders:
            name = _free_name(connection, entry)
            entries.append(replace(entry, key=add_space(transaction, name, entry.space.dimension)))
    reencoding = Reencoding(entries, list(drop))
    publisher.rename(lambda manifest: replace(manifest, reencoding=reencoding))


def _free_name(connection: sqlite3.Connection, entry: EncoderEntry) -> str:
    """What the catalog calls a space beside one of the same id, until that is gone."""
    name = entry.space.id
    return f"{name}#{entry.space.revision}" if has_space(connection, name) else name


def give_up(publisher: Publisher) -> None:
    """Leave a collection with the encoders that it has; the others' vectors are to be deleted."""

    def changed(manifest: Manifest) -> Manifest:
        assert manifest.reencoding is not None
        keys = [entry.key for entry in manifest.reencoding.encoders if entry.key is not None]
        return replace(manifest, reencoding=None, dropped=(*manifest.dropped, *keys))

    publisher.rename(changed)


def switch(
    publisher: Publisher,
    reencoding: Reencoding,
    tune: Callable[[Snapshot], Tuning],
    progress: Progress | None = None,
) -> int:
    """Let searches go by the encoders that are complete now; returns the new generation's number.

    Args:
        publisher: with the right to write.
        reencoding: the encoders to be; none if some are only dropped.
        tune: fits what is published with the index.
        progress: called with the vectors stored so far and in all.
    """

    def changed(manifest: Manifest) -> Manifest:
        after = encoders_after(manifest, reencoding)
        gone = [entry for entry in manifest.encoders if entry not in after]
        dropped = (*manifest.dropped, *seen_keys(publisher, gone))
        return replace(manifest, encoders=after, reencoding=None, dropped=dropped)

    return publisher.switch(changed, tune, progress)


def sweep(publisher: Publisher) -> None:
    """Delete all vectors of spaces that were dropped or given up."""
    while not sweep_some(publisher):
        pass


def sweep_some(publisher: Publisher) -> bool:
    """Delete a batch of what was dropped or given up; whether nothing of it is left.

    Items that have nothing else go as well.
    """
    manifest, writer = publisher.views.newest().manifest, publisher.writer
    if not manifest.dropped:
        return True
    text = manifest.to_text()
    if publisher.views.catalog.meta().get(MANIFEST) != text:
        writer.note({MANIFEST: text})  # or a damaged manifest would be replaced by that before
    key = manifest.dropped[0]
    with writer.transaction() as transaction:
        if drop_vectors(transaction, key, SWEPT_AT_ONCE) == SWEPT_AT_ONCE:
            return False
    coming = manifest.reencoding.encoders if manifest.reencoding is not None else ()
    keys = seen_keys(publisher, manifest.encoders)
    names = dict(zip(keys, [e.space.id for e in manifest.encoders], strict=True))
    stay = [*keys, *manifest.dropped[1:], *(e.key for e in coming if e.key is not None)]
    outside = item_ids_outside(publisher.views.catalog, stay)
    if outside:
        writer.remove(outside)
    with writer.transaction() as transaction:
        forget_space(transaction, key, names)
    publisher.rename(lambda manifest: _without(publisher, manifest, key))
    return len(manifest.dropped) == 1


def _without(publisher: Publisher, manifest: Manifest, key: int) -> Manifest:
    """A manifest after a space is gone: spaces that have their own ids by now need no key."""
    names = {pk: row.id for pk, row in publisher.views.catalog.seeing(None).spaces.items()}
    encoders = [
        replace(entry, key=None) if names.get(entry.key or 0) == entry.space.id else entry
        for entry in manifest.encoders
    ]
    dropped = tuple(other for other in manifest.dropped if other != key)
    return replace(manifest, encoders=encoders, dropped=dropped)
