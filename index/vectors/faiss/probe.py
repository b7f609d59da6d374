"""What FAISS does for a search: it scans lists, multiplies blocks, and compares candidates."""

from __future__ import annotations

from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.vectors.arrays import sort_results
from anysense.index.vectors.faiss.library import PRODUCT, faiss, one_thread

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids
    from anysense.index.vectors.faiss.lists import Lists
    from anysense.index.vectors.idmap import Selection
    from anysense.index.vectors.layout import PartitionLayout

__all__ = ["compare", "multiply", "probe", "selector_of"]


def probe(
    index: Any, queries: FloatArray, keys: Ids, k: int, selector: Any = None
) -> tuple[FloatArray, Ids]:
    """Scan the lists `keys` (q, p) of an index, -1 for none: scores and ids, (q, k)."""
    # FAISS keeps bare pointers into these: each needs a name until the call returns.
    keys = np.ascontiguousarray(keys, dtype=np.int64)
    affinity = np.zeros(keys.shape, dtype=np.float32)
    scores = np.empty((len(queries), k), dtype=np.float32)
    ids = np.empty((len(queries), k), dtype=np.int64)
    if selector is None:
        parameters = _parameters(keys.shape[1])
    else:
        parameters = faiss.SearchParametersIVF(nprobe=keys.shape[1], sel=selector)
    with one_thread() if len(queries) == 1 else nullcontext():
        # The Python wrapper `search_preassigned` takes no parameters; the method itself does.
        index.search_preassigned_c(
            len(queries),
            faiss.swig_ptr(queries),
            k,
            *map(faiss.swig_ptr, (keys, affinity, scores, ids)),
            False,
            parameters,
        )
    return scores, ids


@lru_cache(maxsize=256)
def _parameters(nprobe: int) -> Any:
    """FAISS's parameters of a search without a filter, which it reads alone: 20 us to make."""
    return faiss.SearchParametersIVF(nprobe=nprobe)


def selector_of(selection: Selection) -> Any:
    """FAISS's form of a selection; it holds on to the memory that it points into."""
    among = selection.among
    bits = among.bits
    sparse = bits is None
    selector = faiss.IDSelectorBatch(among.ids) if sparse else faiss.IDSelectorBitmap(bits)
    return faiss.IDSelectorNot(selector) if selection.inverted else selector


def multiply(
    lists: Lists, entry: PartitionLayout, queries: FloatArray, k: int
) -> tuple[FloatArray, Ids]:
    """The k best of a whole partition, for many queries: scores and ids, (q, k).

    These are matrix products over decoded blocks.
    """
    top = np.full((len(queries), k), -np.inf, dtype=np.float32)
    top_ids = np.full((len(queries), k), -1, dtype=np.int64)
    for block_ids, codes in lists.blocks(entry):
        vectors, most = lists.decode(codes), min(k, len(codes))
        scores, rows = faiss.knn(queries, vectors, most, metric=PRODUCT)
        every = np.concatenate([top, scores], axis=1)
        every_id = np.concatenate([top_ids, block_ids[rows]], axis=1)
        order = np.argsort(-every, axis=1, kind="stable")[:, :k]
        top = np.take_along_axis(every, order, axis=1)
        top_ids = np.take_along_axis(every_id, order, axis=1)
    return sort_results(top, top_ids)


def compare(query: FloatArray, codes: Codes, k: int) -> tuple[FloatArray, Ids]:
    """The k best of some fp16 codes (n, bytes) for one query: scores and rows, (k,)."""
    candidates = faiss.IndexScalarQuantizer(len(query), faiss.ScalarQuantizer.QT_fp16, PRODUCT)
    faiss.copy_array_to_vector(codes.reshape(-1), candidates.codes)
    candidates.ntotal = len(codes)
    scores, rows = np.empty(k, np.float32), np.empty(k, np.int64)
    with one_thread():
        candidates.search_c(1, faiss.swig_ptr(query), k, *map(faiss.swig_ptr, (scores, rows)))
    return scores, rows
