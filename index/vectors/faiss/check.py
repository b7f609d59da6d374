"""Whether an index that was read has the shape that its layout says, said before any use of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.vectors.faiss.library import PRODUCT, faiss
from anysense.index.vectors.layout import padded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.vectors.layout import PartitionLayout

__all__ = ["fast_scan_problem", "layout_problem"]


def layout_problem(
    index: Any, size: int, dimension: int, entries: Sequence[PartitionLayout]
) -> str | None:
    """What is wrong with an index that was mapped from a file, or None.

    Args:
        index: what FAISS read.
        size: of the file, in bytes.
        dimension: the stored one.
        entries: the layout.
    """
    lists = max(1, sum(entry.lists for entry in entries))
    if type(index).__name__ != "IndexIVFScalarQuantizer":
        return f"it is a {type(index).__name__}"
    stored = faiss.downcast_InvertedLists(index.invlists)
    # Of lists that another file holds, FAISS remembers that file's size here.
    if type(stored).__name__ != "OnDiskInvertedLists" or stored.totsize != size:
        return "its lists are not in the file"
    checks: list[tuple[str, object, object]] = [
        ("dimension", index.d, dimension),
        ("lists", index.nlist, lists),
        ("stored lists", stored.nlist, lists),
        ("centroids", index.quantizer.ntotal, lists),
        ("centroid dimension", index.quantizer.d, dimension),
        ("metric", index.metric_type, PRODUCT),
        ("code type", index.sq.qtype, index.sq.QT_fp16),
        ("code size", stored.code_size, 2 * dimension),
        ("residual codes", index.by_residual, False),
        ("segments", index.ntotal, sum(entry.count for entry in entries)),
    ]
    problem = _first_problem(checks)
    if problem:
        return problem
    for entry in entries:
        count = sum(map(stored.list_size, range(entry.first_list, entry.stop_list)))
        if count != entry.count:
            return f"segments of {entry.partition}: {count}, not {entry.count}"
    filled = [number for number in range(lists) if stored.list_size(number)]
    if filled:
        end = int(stored.get_ids(filled[-1])) + 8 * stored.list_size(filled[-1])
        if end - int(stored.ptr) != size:
            return f"its lists end at byte {end - int(stored.ptr)}"
    return None


def fast_scan_problem(index: Any, entry: PartitionLayout) -> str | None:
    """What is wrong with a fast scan that was read, or None."""
    if type(index).__name__ != "IndexIVFPQFastScan":
        return f"it is a {type(index).__name__}"
    width = padded(entry.dimension)
    checks = [
        ("dimension", index.d, width),
        ("lists", index.nlist, entry.lists),
        ("codes", (index.pq.M, index.pq.nbits), (width // 2, 4)),
        ("metric", index.metric_type, PRODUCT),
        ("residual codes", index.by_residual, False),
        ("segments", index.ntotal, entry.count),
    ]
    return _first_problem(checks)


def _first_problem(checks: Sequence[tuple[str, object, object]]) -> str | None:
    for name, value, expected in checks:
        if value != expected:
            return f"{name}: {value}, not {expected}"
    return None
