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

from anysense.embed.errors import CorruptCollectionError, StorageError, UsageError
from anysense.index.idmap import Selection, bitmap
from anysense.index.layout import PartitionLayout, read_layout, write_layout
from anysense.index.lists import Lists
from anysense.index.recall import plan_probes
from anysense.index.vectors import as_ids, as_queries, as_vectors, pad, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.partition import Partition, VectorSource

    Ids = NDArray[np.int64]
    Codes = NDArray[np.uint8]

faiss: Any = _faiss  # its stubs know neither search parameters by name nor arrays as bitmaps

__all__ = ["INDEX_FILE", "Store", "Writer", "train_centroids"]

INDEX_FILE = "segments.faiss"

_BATCH = 20
"""From so many queries on, an exact search is a matrix product."""

_TRAINING_ROUNDS = 10
_PRODUCT = faiss.METRIC_INNER_PRODUCT

# FAISS's default of 128,000 leaves every batch of queries to its scalar loop.
faiss.cvar.distance_compute_blas_threshold = _BATCH


class Store(Lists):
    """An immutable index over the segments of all partitions; searches may run at the same time.

    Scores are inner products of float32 queries with vectors rounded to float16, summed in
    float32: for vectors of length 1 within 5e-4 of the product of the originals, as a rule within
    5e-5. Between a single query and a batch, they may differ in the last digit of a float32.
    """

    def __init__(self, index: Any, entries: Sequence[PartitionLayout]) -> None:
        """Take over a filled index; `build` and `load` are the ways to get one."""
        self._index = index
        self._lists = faiss.downcast_InvertedLists(index.invlists)
        numbers = range(index.nlist)
        sizes = np.array([self._lists.list_size(number) for number in numbers], dtype=np.int64)
        super().__init__(entries, index.quantizer.reconstruct_n(0, index.nlist), sizes)

    @staticmethod
    def build(
        sources: Mapping[Partition, VectorSource],
        *,
        previous: Store | None = None,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> Store:
        """Build an index of `sources`; the same sources and seed give the same index.

        Memory beside the index is that of one batch and, for a clustered partition, of the
        training sample: at most 200,000 float32 vectors.

        Args:
            sources: the vectors of each partition; each is read once, or twice if it is trained.
            previous: an index whose lists are kept where they still fit, which saves training.
            seed: of the sample and of k-means.
            progress: called with the vectors stored so far and in all.

        Raises:
            UsageError: a vector is not finite, too large for fp16 or of the wrong length, or an
                id is negative or there twice.
            CorruptCollectionError: a source gives another number of vectors than it says.
        """
        from anysense.index.store_build import build_store

        return build_store(sources, previous, seed, progress)

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
        from anysense.index.store_build import update_store

        return update_store(self, {} if add is None else add, remove)

    def search(
        self,
        partition: Partition,
        queries: FloatArray,
        k: int,
        *,
        nprobe: int | None = None,
        allowed: Ids | None = None,
        excluded: Ids | None = None,
    ) -> tuple[FloatArray, Ids]:
        """Find the segments of a partition with the largest inner products.

        Args:
            partition: to search; one that is not here holds nothing.
            queries: (q, d) float32, in the partition's space.
            k: how many to find.
            nprobe: how many lists to scan for each query, from `choose_nprobe`; None is exact.
            allowed: the only segment ids to find; those of other partitions do no harm. How a
                filter changes the lists that are scanned is said at `recall.plan_probes`.
            excluded: segment ids not to find, in addition.

        Returns:
            Scores (q, k) float32, descending, and segment ids (q, k); where there are fewer than
            k segments the id is -1 and the score -inf. Equal scores come in the order of ids.

        Raises:
            UsageError: k is under 1, or the queries are not finite or have another length.
        """
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}.")
        scores = np.full((len(np.atleast_2d(queries)), k), -np.inf, dtype=np.float32)
        ids = np.full(scores.shape, -1, dtype=np.int64)
        entry = self._entries.get(partition)
        if entry is None:
            return scores, ids
        queries = pad(as_queries(queries, partition, entry.dimension), self._index.d)
        selection = None
        if allowed is not None or excluded is not None:
            selection = self.id_map(partition).select(
                None if allowed is None else as_ids(allowed),
                None if excluded is None else as_ids(excluded),
            )
        held = min(k, entry.count if selection is None else selection.total)
        nprobe = entry.lists if nprobe is None else max(1, min(nprobe, entry.lists))
        if held and len(queries):
            exact = selection is None and nprobe == entry.lists
            if exact and len(queries) >= _BATCH:
                found = self._scan_all(entry, queries, held)
            else:
                found = self._scan(entry, queries, held, nprobe, selection)
            scores[:, :held], ids[:, :held] = found
        return scores, ids

    def _scan(
        self,
        entry: PartitionLayout,
        queries: FloatArray,
        k: int,
        nprobe: int,
        selection: Selection | None,
    ) -> tuple[FloatArray, Ids]:
        """Scan the lists that are planned for each query."""
        probes = np.zeros((len(queries), 1), dtype=np.int64)
        if entry.lists > 1:
            centroids = self.centroids(entry.partition)
            sizes = self.sizes[entry.first_list : entry.stop_list]
            probes = plan_probes(queries, centroids, sizes, selection, nprobe, k)
        # FAISS keeps bare pointers into these: each needs a name until the call returns.
        keys = np.where(probes < 0, -1, probes + entry.first_list).astype(np.int64, order="C")
        affinity = np.zeros(keys.shape, dtype=np.float32)
        scores = np.empty((len(queries), k), dtype=np.float32)
        ids = np.empty((len(queries), k), dtype=np.int64)
        selector = None if selection is None else _selector(selection)
        parameters = faiss.SearchParametersIVF(nprobe=keys.shape[1], sel=selector)
        # The Python wrapper `search_preassigned` takes no parameters; the method itself does.
        self._index.search_preassigned_c(
            len(queries),
            faiss.swig_ptr(queries),
            k,
            *map(faiss.swig_ptr, (keys, affinity, scores, ids)),
            False,
            parameters,
        )
        return tidy(scores, ids)

    def _scan_all(
        self, entry: PartitionLayout, queries: FloatArray, k: int
    ) -> tuple[FloatArray, Ids]:
        """Search the whole partition by matrix products over decoded blocks."""
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

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the index into `folder`; returns the layout, JSON-able, that `load` needs.

        The file is on the disk when this returns; a checksum of it is the manifest's to keep.

        Raises:
            StorageError: the disk refused.
        """
        path = Path(folder) / INDEX_FILE
        # Lists that are mapped from a file would be written as a reference to that file.
        in_memory = isinstance(self._lists, faiss.ArrayInvertedLists)
        index = self._index if in_memory else self.updated()._index
        try:
            # FAISS's own file writer ignores a failing close, which is where a full disk shows.
            with path.open("wb") as file:
                faiss.write_index(index, faiss.PyCallbackIOWriter(file.write, 1 << 22))
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
        except OSError as error:
            raise StorageError(f"{path}: the index cannot be written ({error}).") from error
        return write_layout(self._index.d, {INDEX_FILE: size}, self._entries.values())

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
        try:
            size, expected = path.stat().st_size, files.get(INDEX_FILE)
            if size != expected:
                raise CorruptCollectionError(_damaged(path, f"{size} bytes, not {expected}"))
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        except (OSError, RuntimeError, MemoryError) as error:
            raise CorruptCollectionError(_damaged(path, str(error).split("\n")[0])) from error
        problem = _misfit(index, size, dimension, entries)
        if problem:
            raise CorruptCollectionError(_damaged(path, problem))
        return Store(index, entries)


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


def _selector(selection: Selection) -> Any:
    """FAISS's form of a selection; it holds on to the memory that it points into."""
    bits = bitmap(selection.ids)
    sparse = bits is None
    selector = faiss.IDSelectorBatch(selection.ids) if sparse else faiss.IDSelectorBitmap(bits)
    return faiss.IDSelectorNot(selector) if selection.inverted else selector


def _misfit(
    index: Any, size: int, dimension: int, entries: Sequence[PartitionLayout]
) -> str | None:
    """What is wrong with an index that was read, or None."""
    lists = max(1, sum(entry.lists for entry in entries))
    if not isinstance(index, faiss.IndexIVFScalarQuantizer):
        return f"it is a {type(index).__name__}"
    stored: Any = faiss.downcast_InvertedLists(index.invlists)
    # Of lists that another file holds, FAISS remembers that file's size here.
    if not isinstance(stored, faiss.OnDiskInvertedLists) or stored.totsize != size:
        return "its lists are not in the file"
    checks: list[tuple[str, object, object]] = [
        ("dimension", index.d, dimension),
        ("lists", index.nlist, lists),
        ("stored lists", stored.nlist, lists),
        ("centroids", index.quantizer.ntotal, lists),
        ("centroid dimension", index.quantizer.d, dimension),
        ("metric", index.metric_type, _PRODUCT),
        ("code type", index.sq.qtype, faiss.ScalarQuantizer.QT_fp16),
        ("code size", stored.code_size, 2 * dimension),
        ("residual codes", index.by_residual, False),
        ("segments", index.ntotal, sum(entry.count for entry in entries)),
    ]
    problems = [f"{name}: {value}, not {due}" for name, value, due in checks if value != due]
    if problems:
        return problems[0]
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


def _damaged(path: Path, problem: str) -> str:
    return f"{path}: the index cannot be used ({problem}); rebuild it with `anysense compact`."
