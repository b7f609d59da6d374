"""Making the fast scan of a partition out of its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.vectors.arrays import pad
from anysense.index.vectors.faiss.fastscan import place_numbers
from anysense.index.vectors.faiss.library import PRODUCT, faiss
from anysense.index.vectors.layout import padded

if TYPE_CHECKING:
    from anysense.index.vectors.faiss.lists import Lists
    from anysense.index.vectors.layout import PartitionLayout

__all__ = ["pack"]

_TRAINING_SAMPLE = 20_000


def pack(
    lists: Lists, entry: PartitionLayout, previous: Lists | None = None, original: Any = None
) -> Any:
    """FAISS's index of the segments of a partition, under their places in its lists.

    Args:
        lists: what an index holds.
        entry: the partition.
        previous: the lists of an earlier index.
        original: the fast scan that was made of them; None if the partition had none. Its code
            book is kept where the centroids are the same, and the codes of lists that are.
    """
    width = padded(entry.dimension)
    draft = faiss.IndexIVFPQ(faiss.IndexFlatIP(width), width, entry.lists, width // 2, 4, PRODUCT)
    draft.by_residual, draft.is_trained = False, True
    same: list[int] = []
    # New lists mean that the partition has changed; its code book changes with them.
    if original is not None and previous is not None:
        if lists.keeps_centroids(entry.partition, previous):
            same = lists.same_lists(entry, previous)
        else:
            original = None
    if original is None:
        draft.pq.train(pad(lists.sample(entry.partition, _TRAINING_SAMPLE)[1], width))
    else:
        draft.pq = original.pq
    for number in sorted(set(range(entry.lists)) - set(same)):
        ids, codes = lists.read_list(entry.first_list + number)
        if len(ids):
            fine = draft.pq.compute_codes(np.ascontiguousarray(lists.decode(codes)[:, :width]))
            places = place_numbers(np.full(len(ids), number), np.arange(len(ids)))
            pointers = faiss.swig_ptr(places), faiss.swig_ptr(fine)
            draft.invlists.add_entries(number, len(ids), *pointers)
    index = faiss.IndexIVFPQFastScan(draft)
    for number in same:
        blocks = original.invlists.get_ids(number), original.invlists.get_codes(number)
        index.invlists.add_entries(number, original.invlists.list_size(number), *blocks)
    index.ntotal = entry.count
    return index
