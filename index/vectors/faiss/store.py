"""The one FAISS index of a collection; no other file imports faiss.

It is an `IndexIVFScalarQuantizer` of fp16 codes with inner product, whose lists are owned by
partitions: a small partition owns one list, so that a search of it is exact; a larger one owns
many, made by spherical k-means (Dhillon and Modha, "Concept decompositions for large sparse text
data using clustering", 2001). Vectors narrower than the index are padded with zeros, which leaves
inner products as they are.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss as _faiss
import numpy as np

from anysense.embed.errors import CorruptCollectionError, StorageError
from anysense.index.vectors.arrays import as_vectors, pad, tidy
from anysense.index.vectors.faiss.check import fast_scan_misfit, misfit
from anysense.index.vectors.faiss.fastscan import TRAINING_SAMPLE, is_due, place_numbers
from anysense.index.vectors.faiss.search import BATCH, Scan
from anysense.index.vectors.idmap import Selection, bitmap
from anysense.index.vectors.layout import PartitionLayout, padded, read_layout, write_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids, Partition, VectorSource


faiss: Any = _faiss  # its stubs know neither search parameters by name nor arrays as bitmaps

__all__ = ["INDEX_FILE", "Store", "Writer", "train_centroids"]

INDEX_FILE = "segments.faiss"

_TRAINING_ROUNDS = 10
_PRODUCT = faiss.METRIC_INNER_PRODUCT

# FAISS's default of 128,000 leaves every batch of queries to its scalar loop.
faiss.cvar.distance_compute_blas_threshold = BATCH


class Store(Scan):
    """An immutable index over the segments of all partitions; searches may run at the same time.

    Scores are inner products of float32 queries with vectors rounded to float16, summed in
    float32: for vectors of length 1 within 5e-4 of the product of the originals, as a rule within
    5e-5. Between a single query and a batch, they may differ in the last digit of a float32.
    """

    def __init__(
        self,
        index: Any,
        entries: Sequence[PartitionLayout],
        fast_scans: Mapping[Partition, Any] | None = None,
    ) -> None:
        """Take over a filled index and its sidecars; `build` and `load` are the ways to get one."""
        self._index = index
        self.fast_scans = fast_scans or {}
        self._lists = faiss.downcast_InvertedLists(index.invlists)
        numbers = range(index.nlist)
        sizes = np.array([self._lists.list_size(number) for number in numbers], dtype=np.int64)
        super().__init__(entries, index.quantizer.reconstruct_n(0, index.nlist), sizes)

    @staticmethod
    def build(
        sources: Mapping[Partition, VectorSource],
        *,
        previous: Store | None = None,
        renew: Collection[Partition] = (),
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> Store:
        """Build an index of `sources`; the same sources and seed give the same index.

        Memory beside the index is that of one batch and, for a clustered partition, of the
        training sample: at most 200,000 float32 vectors.

        Args:
            sources: the vectors of each partition; each is read once, or twice if it is trained.
            previous: an index whose lists are kept where they still fit, which saves training.
            renew: partitions whose lists are made anew all the same.
            seed: of the sample and of k-means.
            progress: called with the vectors stored so far and in all.

        Raises:
            UsageError: a vector is not finite, too large for fp16 or of the wrong length, or an
                id is negative or there twice.
            CorruptCollectionError: a source gives another number of vectors than it says.
        """
        from anysense.index.vectors.faiss.build import build_store

        return build_store(sources, previous, renew, seed, progress)

    def updated(
        self,
        add: Mapping[Partition, tuple[Ids, NDArray[Any]]] | None = None,
        remove: Iterable[int] | Ids = (),
    ) -> Store:
        """A new index with segments added and removed, its lists as they were trained.

        An id that is added and already here is replaced. A partition that is new gets one list.
        `needs_recluster` tells when `build` should make new lists.

        Args:
            add: ids (n,) and vectors (n, d) for each partition.
            remove: segment ids; those that are not here do no harm.

        Raises:
            UsageError: as `build`.
        """
        from anysense.index.vectors.faiss.build import update_store

        return update_store(self, {} if add is None else add, remove)

    def scan_lists(
        self, queries: FloatArray, numbers: Ids, k: int, selection: Selection | None
    ) -> tuple[FloatArray, Ids]:
        selector = None if selection is None else _selector(selection)
        return _probe(self._index, queries, numbers, k, selector)

    def scan_codes(self, partition: Partition, queries: FloatArray, probes: Ids, n: int) -> Ids:
        index = self.fast_scans[partition]
        return _probe(index, np.ascontiguousarray(queries[:, : index.d]), probes, n)[1]

    def compare(self, query: FloatArray, codes: Codes, k: int) -> tuple[FloatArray, Ids]:
        half = faiss.ScalarQuantizer.QT_fp16
        held = faiss.IndexScalarQuantizer(self._index.d, half, _PRODUCT)
        faiss.copy_array_to_vector(codes.reshape(-1), held.codes)
        held.ntotal = len(codes)
        (scores,), (rows,) = held.search(query[None], k)
        return scores, rows

    def scan_all(
        self, entry: PartitionLayout, queries: FloatArray, k: int
    ) -> tuple[FloatArray, Ids]:
        # Matrix products over decoded blocks.
        best = np.full((len(queries), k), -np.inf, dtype=np.float32)
        ids = np.full((len(queries), k), -1, dtype=np.int64)
        for block_ids, codes in self.blocks(entry):
            vectors, most = self.decode(codes), min(k, len(codes))
            scores, rows = faiss.knn(queries, vectors, most, metric=_PRODUCT)
            every = np.concatenate([best, scores], axis=1)
            every_id = np.concatenate([ids, block_ids[rows]], axis=1)
            top = np.argsort(-every, axis=1, kind="stable")[:, :k]
            best = np.take_along_axis(every, top, axis=1)
            ids = np.take_along_axis(every_id, top, axis=1)
        return tidy(best, ids)

    def read_list(self, number: int) -> tuple[Ids, Codes]:
        """Ids (n,) and codes (n, bytes) of one list: views of FAISS's memory, not to be written."""
        size, width = int(self.sizes[number]), self._index.code_size
        if not size:  # FAISS gives a null pointer
            return np.empty(0, dtype=np.int64), np.empty((0, width), dtype=np.uint8)
        ids = faiss.rev_swig_ptr(self._lists.get_ids(number), size)
        codes = faiss.rev_swig_ptr(self._lists.get_codes(number), size * width)
        return ids, codes.reshape(size, width)

    def decode(self, codes: Codes) -> FloatArray:
        """Codes (n, bytes) as float32 (n, stored dimension), 10 times as fast as numpy."""
        vectors: FloatArray = self._index.sq.decode(np.ascontiguousarray(codes))
        return vectors

    def packed(self, previous: Store | None = None) -> Store:
        """The same with a sidecar for each partition that is due one.

        Args:
            previous: a store whose code books are kept where its lists were, and the codes of
                lists that are the same.
        """
        due = [entry for entry in self._entries.values() if is_due(entry)]
        fast_scans = {entry.partition: self._pack(entry, previous) for entry in due}
        return Store(self._index, list(self._entries.values()), fast_scans) if due else self

    def _pack(self, entry: PartitionLayout, previous: Store | None) -> Any:
        """The sidecar of a partition: an index of its lists under their numbers in it."""
        width = padded(entry.dimension)
        draft = faiss.IndexIVFPQ(
            faiss.IndexFlatIP(width), width, entry.lists, width // 2, 4, _PRODUCT
        )
        draft.by_residual, draft.is_trained = False, True
        old: Any = None
        same: list[int] = []
        # New lists mean that the partition has changed; its code book changes with them.
        if previous is not None and self.keeps_centroids(entry, previous):
            old = previous.fast_scans.get(entry.partition)
            same = [] if old is None else self.same_lists(entry, previous)
        if old is None:
            draft.pq.train(pad(self.sample(entry.partition, TRAINING_SAMPLE)[1], width))
        else:
            draft.pq = old.pq
        for number in sorted(set(range(entry.lists)) - set(same)):
            ids, codes = self.read_list(entry.first_list + number)
            if len(ids):
                fine = draft.pq.compute_codes(np.ascontiguousarray(self.decode(codes)[:, :width]))
                places = place_numbers(np.full(len(ids), number), np.arange(len(ids)))
                pointers = faiss.swig_ptr(places), faiss.swig_ptr(fine)
                draft.invlists.add_entries(number, len(ids), *pointers)
        index = faiss.IndexIVFPQFastScan(draft)
        for number in same:
            blocks = old.invlists.get_ids(number), old.invlists.get_codes(number)
            index.invlists.add_entries(number, old.invlists.list_size(number), *blocks)
        index.ntotal = entry.count
        return index

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the index into `folder`; returns the layout, JSON-able, that `load` needs.

        The file is on the disk when this returns; a checksum of it is the manifest's to keep.

        Raises:
            StorageError: the disk refused.
        """
        # Lists that are mapped from a file would be written as a reference to that file.
        in_memory = isinstance(self._lists, faiss.ArrayInvertedLists)
        index = self._index if in_memory else self.updated()._index
        files = {INDEX_FILE: _write(index, Path(folder) / INDEX_FILE)}
        for number, entry in enumerate(self._entries.values()):
            if entry.partition in self.fast_scans:
                name = _fast_scan_file(number)
                files[name] = _write(self.fast_scans[entry.partition], Path(folder) / name)
        return write_layout(self._index.d, files, self._entries.values())

    @staticmethod
    def load(folder: Path, layout: Mapping[str, Any]) -> Store:
        """Map an index that `save` wrote, and check that it has the shape of its layout.

        Its lists are read from the disk as they are searched, and processes share the memory. The
        file may be deleted or replaced while the store is in use, but must not be written to.
        FAISS reads many damaged files without complaint, or crashes: compare the checksum first.

        Raises:
            CorruptCollectionError: the file is missing, has another size, or does not fit.
        """
        dimension, files, entries = read_layout(layout)
        path = Path(folder) / INDEX_FILE
        index = _read(path, files, faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        problem = misfit(index, faiss.downcast_InvertedLists, files[INDEX_FILE], dimension, entries)
        if problem:
            raise CorruptCollectionError(_damaged(path, problem))
        fast_scans = {}
        for number, entry in enumerate(entries):
            path = Path(folder) / _fast_scan_file(number)
            if path.name in files:
                fast_scans[entry.partition] = _read(path, files)
                problem = fast_scan_misfit(fast_scans[entry.partition], entry)
                if problem:
                    raise CorruptCollectionError(_damaged(path, problem))
        return Store(index, entries, fast_scans)


class Writer:
    """An index that is being filled, and is not to be searched yet."""

    def __init__(self, width: int, centroids: Sequence[FloatArray], lists: int = 1) -> None:
        """Make an empty index of stored dimension `width`.

        Args:
            width: the stored dimension.
            centroids: (lists of a partition, width) for each partition, in their order.
            lists: how many lists there are at least; those without a centroid get zeros.
        """
        every = np.concatenate([*centroids, np.zeros((0, width), dtype=np.float32)])
        every = np.pad(every, ((0, max(0, lists - len(every))), (0, 0)))
        quantizer = faiss.IndexFlatIP(width)
        quantizer.add(np.ascontiguousarray(every, dtype=np.float32))
        self.index: Any = faiss.IndexIVFScalarQuantizer(
            quantizer,
            width,
            len(every),
            faiss.ScalarQuantizer.QT_fp16,
            _PRODUCT,
            False,  # codes are of the vectors themselves, not of what the centroid leaves
        )
        self.index.is_trained = True  # fp16 has nothing to train

    def append(self, entry: PartitionLayout, ids: Ids, vectors: NDArray[Any]) -> None:
        """Encode ids (n,) and vectors (n, d) and add each to its list in the partition.

        Raises:
            UsageError: a vector cannot be stored.
        """
        # numpy rounds ties to even, as everywhere else; FAISS's own encoder rounds them up.
        halves = as_vectors(vectors, ids, entry.dimension).astype(np.float16, copy=False)
        if not len(ids):
            return
        vectors = self.index.sq.decode(pad(halves, self.index.d).view(np.uint8))
        numbers = np.full(len(ids), entry.first_list, dtype=np.int64)
        if entry.lists > 1:
            centroids = self.index.quantizer.reconstruct_n(entry.first_list, entry.lists)
            numbers += faiss.knn(vectors, centroids, 1, metric=_PRODUCT)[1][:, 0]
        # FAISS reads bare pointers: each array needs a name until the call returns.
        self.index.add_core(len(ids), *map(faiss.swig_ptr, (vectors, ids, numbers)))

    def append_codes(self, number: int, ids: Ids, codes: Codes) -> None:
        """Add ids (n,) and codes (n, bytes), of this width or less, to a list."""
        if len(ids):
            codes = pad(codes, self.index.code_size)
            lists = self.index.invlists
            lists.add_entries(number, len(ids), faiss.swig_ptr(ids), faiss.swig_ptr(codes))
            self.index.ntotal += len(ids)


def train_centroids(sample: FloatArray, lists: int, seed: int) -> FloatArray:
    """Spherical k-means on a sample (n, d): centroids of unit length, (lists, d)."""
    kmeans = faiss.Kmeans(
        sample.shape[1],
        lists,
        niter=_TRAINING_ROUNDS,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,  # silences a warning on stderr about small samples
        max_points_per_centroid=len(sample),
    )
    kmeans.train(sample)
    centroids: FloatArray = kmeans.centroids
    return centroids


def _probe(
    index: Any, queries: FloatArray, keys: Ids, k: int, selector: Any = None
) -> tuple[FloatArray, Ids]:
    """Scan the lists `keys` (q, p) of an index, -1 for none: scores and ids, (q, k)."""
    # FAISS keeps bare pointers into these: each needs a name until the call returns.
    keys = np.ascontiguousarray(keys, dtype=np.int64)
    affinity = np.zeros(keys.shape, dtype=np.float32)
    scores = np.empty((len(queries), k), dtype=np.float32)
    ids = np.empty((len(queries), k), dtype=np.int64)
    parameters = faiss.SearchParametersIVF(nprobe=keys.shape[1], sel=selector)
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


def _selector(selection: Selection) -> Any:
    """FAISS's form of a selection; it holds on to the memory that it points into."""
    bits = bitmap(selection.ids)
    sparse = bits is None
    selector = faiss.IDSelectorBatch(selection.ids) if sparse else faiss.IDSelectorBitmap(bits)
    return faiss.IDSelectorNot(selector) if selection.inverted else selector


def _fast_scan_file(number: int) -> str:
    """The file of the sidecar of the partition of that number in the layout."""
    return f"fast-scan-{number}.faiss"


def _write(index: Any, path: Path) -> int:
    """Write an index, through to the disk; returns the size of the file in bytes.

    Raises:
        StorageError: the disk refused.
    """
    try:
        # FAISS's own file writer ignores a failing close, which is where a full disk shows.
        with path.open("wb") as file:
            faiss.write_index(index, faiss.PyCallbackIOWriter(file.write, 1 << 22))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
    except OSError as error:
        raise StorageError(f"{path}: the index cannot be written ({error}).") from error


def _read(path: Path, files: Mapping[str, int], flags: int = 0) -> Any:
    """Read an index from a file that has the size it was written with.

    Raises:
        CorruptCollectionError: it is missing, has another size, or is not an index.
    """
    try:
        size, expected = path.stat().st_size, files.get(path.name)
        if size != expected:
            raise CorruptCollectionError(_damaged(path, f"{size} bytes, not {expected}"))
        return faiss.read_index(str(path), flags)
    except (OSError, RuntimeError, MemoryError) as error:
        raise CorruptCollectionError(_damaged(path, str(error).split("\n")[0])) from error


def _damaged(path: Path, problem: str) -> str:
    return f"{path}: the index cannot be used ({problem}); rebuild it with `anysense compact`."
