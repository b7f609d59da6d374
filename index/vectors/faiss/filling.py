"""Lists that are filled vector by vector: in memory, or at their places in a file.

The file is what FAISS would write of the same lists: its header, the size of each list, then the
codes and the ids of each. As the sizes are known beforehand, so is the place of every vector, and
no more is in memory than what is on its way there. Whatever the way, a list has its vectors in the
order in which they came.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np

from anysense.embed.errors import StorageError
from anysense.index.vectors.faiss.library import PRODUCT, faiss

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids

__all__ = ["Filling", "ListsFile", "ListsInMemory", "empty_index", "map_file", "new_file"]

_BYTES_AT_ONCE = 1 << 27
"""Codes that wait to be written together: of 10 million vectors some 20 for each list at a time."""

_NO_SIZES = 12
"""The bytes with which FAISS ends an index without vectors: a word, and the number of sizes, 0."""


class Filling(Protocol):
    """Lists that are being filled, and are not to be searched yet."""

    def add(self, numbers: Ids, ids: Ids, codes: Codes) -> None:
        """Append ids (n,) and codes (n, bytes) each to the list of its number (n,)."""
        ...

    def extend(self, number: int, ids: Ids, codes: Codes) -> None:
        """Append ids (n,) and codes (n, bytes) to one list."""
        ...


def empty_index(centroids: Sequence[FloatArray], width: int, lists: int = 1) -> Any:
    """FAISS's index of fp16 codes with inner product, without vectors.

    Args:
        centroids: (lists of a partition, width) for each partition, in their order.
        width: the stored dimension.
        lists: how many lists there are at least; those without a centroid get zeros.
    """
    every = np.concatenate([*centroids, np.zeros((0, width), dtype=np.float32)])
    every = np.pad(every, ((0, max(0, lists - len(every))), (0, 0)))
    quantizer = faiss.IndexFlatIP(width)
    quantizer.add(np.ascontiguousarray(every, dtype=np.float32))
    index = faiss.IndexIVFScalarQuantizer(
        quantizer,
        width,
        len(every),
        faiss.ScalarQuantizer.QT_fp16,
        PRODUCT,
        False,  # codes are of the vectors themselves, not of what the centroid leaves
    )
    index.is_trained = True  # fp16 has nothing to train
    return index


class ListsInMemory:
    """The lists of an index that holds them itself."""

    def __init__(self, index: Any) -> None:
        """Take over an empty index."""
        self.index = index

    def add(self, numbers: Ids, ids: Ids, codes: Codes) -> None:
        # FAISS reads bare pointers: each array needs a name until the call returns.
        vectors = self.index.sq.decode(codes)
        self.index.add_core(len(ids), *map(faiss.swig_ptr, (vectors, ids, numbers)))

    def extend(self, number: int, ids: Ids, codes: Codes) -> None:
        if len(ids):
            pointers = faiss.swig_ptr(ids), faiss.swig_ptr(codes)
            self.index.invlists.add_entries(number, len(ids), *pointers)
            self.index.ntotal += len(ids)


class ListsFile:
    """The lists of an index in a file, which `close` completes; use `new_file`.

    Attributes:
        path: the file.
        size: its bytes, once it is complete.
    """

    def __init__(self, index: Any, sizes: Ids, path: Path) -> None:
        """Begin a file that holds an index.

        Args:
            index: one without vectors; it is changed.
            sizes: (lists,), how many vectors each list is to have.
            path: the file, which is not there yet.

        Raises:
            StorageError: the disk refused.
        """
        self.path = path
        self._width = int(index.code_size)
        self._sizes = sizes
        self._filled = np.zeros(len(sizes), dtype=np.int64)
        self._waiting: list[tuple[Ids, Ids, Codes]] = []
        self._bytes_waiting = 0
        index.ntotal = int(sizes.sum())
        self._header = _header(index, sizes)
        stops = len(self._header) + np.cumsum(sizes * (self._width + 8))
        self._starts = np.concatenate([[len(self._header)], stops[:-1]])
        self.size = int(stops[-1])
        try:
            self._file: BinaryIO = path.open("xb", buffering=0)
        except OSError as error:
            raise _refused(path, error) from error

    def add(self, numbers: Ids, ids: Ids, codes: Codes) -> None:
        """See `Filling`.

        Raises:
            StorageError: the disk refused.
        """
        self._waiting.append((numbers, ids, codes))
        self._bytes_waiting += codes.nbytes
        if self._bytes_waiting >= _BYTES_AT_ONCE:
            self._write_waiting()

    def extend(self, number: int, ids: Ids, codes: Codes) -> None:
        """See `Filling`.

        Raises:
            StorageError: the disk refused.
        """
        if not len(ids):
            return
        start, size = int(self._starts[number]), int(self._sizes[number])
        before = int(self._filled[number])
        self._filled[number] += len(ids)
        assert before + len(ids) <= size
        self._write(start + before * self._width, codes.data)
        self._write(start + size * self._width + before * 8, ids.data)

    def close(self) -> None:
        """Complete the file, through to the disk.

        Raises:
            StorageError: the disk refused.
        """
        self._write_waiting()
        assert (self._filled == self._sizes).all()
        self._write(0, memoryview(self._header))
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise _refused(self.path, error) from error

    def abandon(self) -> None:
        """Close the file as it is, and remove it."""
        self._waiting = []
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _write_waiting(self) -> None:
        """Write what waits, list by list: so a write is of many vectors."""
        if not self._waiting:
            return
        numbers, ids, codes = (np.concatenate(each) for each in zip(*self._waiting, strict=True))
        self._waiting, self._bytes_waiting = [], 0
        order = np.argsort(numbers, kind="stable")
        numbers, ids = numbers[order], ids[order]
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(numbers)], strict=True):
            self.extend(int(numbers[start]), ids[start:stop], codes[order[start:stop]])

    def _write(self, at: int, data: memoryview) -> None:
        rest = data.cast("B")
        try:
            self._file.seek(at)
            while rest:  # a system call writes 2 GB at most
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise _refused(self.path, error) from error


@contextlib.contextmanager
def new_file(index: Any, sizes: Ids, path: Path) -> Iterator[ListsFile]:
    """A file of lists that is complete, and on the disk, when the block ends; or is not there.

    Raises:
        StorageError: the disk refused.
    """
    file = ListsFile(index, sizes, path)
    try:
        yield file
        file.close()
    except BaseException:
        file.abandon()
        raise


def map_file(path: Path) -> Any:
    """FAISS's index in a file, its lists mapped: read from the disk as they are used."""
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)


def _header(index: Any, sizes: Ids) -> bytes:
    """What FAISS writes of an index before the codes and ids of its lists."""
    writer = faiss.VectorIOWriter()
    faiss.write_index(index, writer)
    header: bytes = faiss.vector_to_array(writer.data).tobytes()
    filled = np.flatnonzero(sizes)
    if len(filled) > len(sizes) // 2:
        kind, numbers = b"full", sizes
    else:
        kind, numbers = b"sprs", np.stack([filled, sizes[filled]], axis=1).reshape(-1)
    numbers = np.concatenate([[len(numbers)], numbers]).astype("<u8")
    return header[:-_NO_SIZES] + kind + numbers.tobytes()


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path}: the index cannot be written ({error}).")
