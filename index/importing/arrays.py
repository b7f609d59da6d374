"""Arrays of vectors: .npy files, columns of Parquet, and what is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["column_vectors", "open_npy", "unusable_rows"]


def open_npy(path: Path) -> NDArray[Any]:
    """Map a file of vectors, (n, dimension), into memory; nothing is read yet, nothing unpickled.

    Raises:
        UsageError: it is no such file, or is cut off.
    """
    try:
        with np.errstate(over="ignore"):  # of a size that no file has
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, OverflowError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else "damaged"
        raise UsageError(f"{path} is not a .npy file that can be read: {reason}.") from None
    if not isinstance(array, np.ndarray):
        array.close()  # an archive of several arrays
        raise UsageError(f"{path} holds several arrays: save one array of vectors with np.save.")
    return checked_array(array, str(path))


def checked_array(array: NDArray[Any], name: str) -> NDArray[Any]:
    """An array as it was given, if it is one of vectors.

    Raises:
        UsageError: it is not.
    """
    if array.ndim != 2 or array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise UsageError(
            f"{name} has the shape {array.shape} and the type {array.dtype}: vectors are an array "
            "of rows and columns, of floats of 16, 32 or 64 bits."
        )
    return array


def unusable_rows(vectors: NDArray[Any]) -> NDArray[np.int64]:
    """The rows, from 0, of vectors (n, dimension) that have no direction: zero, or not finite."""
    floats = np.asarray(vectors, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.einsum("ij,ij->i", floats, floats)
    return np.flatnonzero(~np.isfinite(norms) | (norms <= 0))


def column_vectors(column: Any, dimension: int | None, file: str, start: int) -> NDArray[Any]:
    """The vectors (n, dimension) of a column of Arrow: lists of floats, of fixed length or not.

    Args:
        column: the array.
        dimension: the length that each must have; that of the first if None.
        file: what messages call the file.
        start: the number of the first row, from 1.

    Raises:
        UsageError: it holds no vectors, one is missing, or has another length.
    """
    from pyarrow import types

    kind = column.type
    is_fixed = types.is_fixed_size_list(kind)
    is_list = is_fixed or types.is_list(kind) or types.is_large_list(kind)
    if not is_list or not types.is_floating(kind.value_type):
        raise UsageError(f"{file}: its column of vectors is of {kind}, not of lists of floats.")
    if column.null_count:
        row = start + int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise UsageError(f"{file}:{row} has no vector: leave the row out, or give it one.")
    lengths = (
        np.full(len(column), kind.list_size)
        if is_fixed
        else column.value_lengths().to_numpy(zero_copy_only=False)
    )
    size = dimension if dimension is not None else int(lengths[0]) if len(lengths) else 0
    if (lengths != size).any():
        at = int(np.flatnonzero(lengths != size)[0])
        raise UsageError(
            f"{file}:{start + at} has a vector of {lengths[at]:,} numbers, where {size:,} are "
            "needed."
        )
    values = column.flatten()
    if values.null_count:
        at = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0]) // size
        raise UsageError(f"{file}:{start + at} has a vector in which a number is missing.")
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(column), size)
