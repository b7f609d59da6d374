"""What is looked at before anything is imported: ids that come twice, vectors without direction.

Ten million ids as Python's texts take a GB, and their hashes 80 MB: so hashes are compared, and
then the ids of those rows alone whose hashes are the same.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import UsageError
from anysense.index.catalog.records import ID_RULE, is_id
from anysense.index.importing.arrays import unusable_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import Modality, Space
    from anysense.index.importing.batches import VectorBatch, VectorRows

__all__ = ["check_rows"]

_SHOWN = 5


def check_rows(
    rows: VectorRows, space: Space, progress: Callable[[int], None]
) -> NDArray[np.int64]:
    """Look at every id, and at every vector of rows whose mistakes end an import.

    Args:
        rows: what is to be imported.
        space: of their vectors.
        progress: called with how many rows were looked at.

    Returns:
        The places, from 0, of the rows whose id an earlier row has, in order.

    Raises:
        UsageError: an id is none, or the space has no such modality; or, where rows are strict, an
            id comes twice, or a vector is zero or not finite. The rows are named.
    """
    hashes = array("q")
    bad: list[str] = []
    count = 0
    for batch in rows.id_batches():
        for at, item_id in enumerate(batch.ids):
            if not is_id(item_id):
                raise UsageError(f"{batch.place(at)}: an id is {ID_RULE}, not {item_id[:80]!r}.")
        for column in batch.columns:
            _check_modalities(batch, column.modalities, space)
        hashes.extend(map(hash, batch.ids))
        if rows.is_strict:
            unusable = unusable_rows(batch.columns[0].vectors)
            count += len(unusable)
            bad += [batch.place(int(at)) for at in unusable[: _SHOWN - len(bad)]]
        progress(len(hashes))
    if count:
        more = f" and {count - len(bad):,} more" if count > len(bad) else ""
        raise UsageError(
            f"{count:,} vectors are zero or not finite: {', '.join(bad)}{more}. Nothing was "
            "imported: leave these rows out."
        )
    return _repeats(rows, np.frombuffer(hashes, np.int64))


def _check_modalities(batch: VectorBatch, modalities: Sequence[Modality], space: Space) -> None:
    odd = set(modalities) - space.modalities
    if odd:
        modality = min(odd)
        place = batch.place(list(modalities).index(modality))
        raise UsageError(f"{place} is {modality}, and {space.id} makes no vectors of that.")


def _repeats(rows: VectorRows, hashes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of rows whose id comes before.

    Raises:
        UsageError: there are any, and rows are strict.
    """
    order = np.argsort(hashes, kind="stable")
    is_same = hashes[order[1:]] == hashes[order[:-1]]
    if not is_same.any():
        return np.empty(0, np.int64)
    suspects = np.zeros(len(hashes), bool)
    suspects[order[1:][is_same]] = suspects[order[:-1][is_same]] = True
    first: dict[str, str] = {}
    repeats: list[int] = []
    place = 0
    for batch in rows.id_batches():
        for at in np.flatnonzero(suspects[place : place + len(batch.ids)]):
            item_id, name = batch.ids[at], batch.place(int(at))
            if item_id in first and rows.is_strict:
                raise UsageError(
                    f"{name} has the id {item_id!r}, as {first[item_id]} has: give each row an id "
                    "of its own. Nothing was imported."
                )
            if item_id in first:
                repeats.append(place + int(at))
            first.setdefault(item_id, name)
        place += len(batch.ids)
    return np.asarray(repeats, np.int64)
