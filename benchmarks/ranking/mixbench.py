"""Run MixBench with any encoder, and write ``benchmarks/results/mixbench.json``.

    git clone https://huggingface.co/datasets/mixed-modality-search/MixBench25 DATA
    python benchmarks/ranking/mixbench.py DATA --encoder openclip:ViT-L-14/openai

MixBench (Li et al., "Closing the Modality Gap for Mixed Modality Search", arXiv 2507.19054) has
four sets: MSCOCO, Google_WIT, VisualNews and OVEN. Of each, a third of the documents are a text, a
third a picture and a third a picture with a text (`mixed_corpus.jsonl`), and each query has one
answer. Queries are texts; OVEN's are a picture with a text. The measure is nDCG@10.

The documents become a collection: a picture with a text is an item with a caption. What is compared
with the ways of `Retriever.retrieve` are the two of the paper, over the same vectors: cosines
(`raw cosine`), and cosines of vectors less their modality's mean (`GR-CLIP`), where a picture with
a text is the mean of both vectors. GR-CLIP's means are of the documents and the queries themselves.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anysense import Collection, NewItem, Retriever, Term
from anysense.embed.errors import UsageError
from anysense.embed.pipeline.query import encode_query
from anysense.embed.types import Modality

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Array = NDArray[Any]
SUBSETS = ("MSCOCO", "Google_WIT", "VisualNews", "OVEN")
DEPTH = 10
WAYS: dict[str, dict[str, Any]] = {
    "calibrated": {"match": "vector"},
    "calibrated, with words": {"match": "both"},
    "reciprocal-rank fusion": {"match": "vector", "fusion": "rrf"},
    "round-robin": {"match": "vector", "fusion": "round_robin"},
}


@dataclass(frozen=True)
class Entry:
    """A document or a query: a text, a picture, or both."""

    id: str
    text: str | None
    image: Path | None

    @property
    def kind(self) -> str:
        return "+".join(m for m, c in (("image", self.image), ("text", self.text)) if c is not None)


@dataclass(frozen=True)
class Subset:
    """One set of MixBench; `relevant` gives the scores of each query's answers."""

    queries: list[Entry]
    documents: list[Entry]
    relevant: dict[str, dict[str, int]]


def read_subset(folder: Path) -> Subset:
    """Read ``queries.jsonl``, ``mixed_corpus.jsonl``, ``qrels/qrels.tsv`` and ``images``.

    Raises:
        UsageError: something of that is missing, or an answer is of no document.
    """
    documents = _entries(folder, "mixed_corpus.jsonl", "corpus_id")
    queries = _entries(folder, "queries.jsonl", "query_id")
    path = folder / "qrels/qrels.tsv"
    if not path.is_file():
        raise UsageError(f"{path} is not there: is this a folder of MixBench25?")
    relevant: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            relevant.setdefault(row["query_id"], {})[row["corpus_id"]] = int(row["score"])
    known = {entry.id for entry in documents}
    lost = sorted({d for answers in relevant.values() for d in answers} - known)
    if lost:
        raise UsageError(f"{path} names documents that are not in mixed_corpus.jsonl: {lost[0]}.")
    return Subset([q for q in queries if q.id in relevant], documents, relevant)


def _entries(folder: Path, name: str, key: str) -> list[Entry]:
    path = folder / name
    if not path.is_file():
        raise UsageError(f"{path} is not there: is this a folder of MixBench25?")
    rows = map(json.loads, filter(str.strip, path.read_text("utf-8").splitlines()))
    return [
        Entry(str(row[key]), row.get("text") or None, _image(folder, row.get("image")))
        for row in rows
    ]


def _image(folder: Path, name: str | None) -> Path | None:
    if not name:
        return None
    for place in (folder / "images" / name, folder / name):
        if place.is_file():
            return place
    raise UsageError(f"The picture {name} is not in {folder / 'images'}: git lfs pull fetches it.")


def items(documents: Sequence[Entry]) -> list[NewItem]:
    """The documents as items, each called by its place."""
    made = []
    for place, entry in enumerate(documents):
        if entry.image is None:
            made.append(NewItem(entry.text or "", id=f"d{place}", modality=Modality.TEXT))
        else:
            captions = () if entry.text is None else (entry.text,)
            made.append(
                NewItem(entry.image, id=f"d{place}", modality=Modality.IMAGE, captions=captions)
            )
    return made


def terms(query: Entry) -> list[Term]:
    """A query of `Retriever.retrieve`."""
    asked: list[Term] = []
    if query.text is not None:
        asked.append(Term(query.text, modality=Modality.TEXT))
    if query.image is not None:
        asked.append(Term(query.image, modality=Modality.IMAGE))
    return asked


def ndcg(found: Sequence[str], relevant: Mapping[str, int]) -> float:
    """nDCG@10 of the documents found, best first."""
    gains = [relevant.get(document, 0) for document in found[:DEPTH]]
    best = sorted(relevant.values(), reverse=True)[:DEPTH]
    total = sum(g / np.log2(i + 2) for i, g in enumerate(gains))
    return float(total / sum(g / np.log2(i + 2) for i, g in enumerate(best)))


def by_retriever(collection: Collection, subset: Subset) -> dict[str, list[float]]:
    """nDCG@10 of each query, by each way of the package."""
    retriever = Retriever(collection)
    values: dict[str, list[float]] = {way: [] for way in WAYS}
    for query in subset.queries:
        for way, options in WAYS.items():
            hits = retriever.retrieve(terms(query), k=DEPTH, **options)
            found = [subset.documents[int(hit.id[1:])].id for hit in hits]
            values[way].append(ndcg(found, subset.relevant[query.id]))
    return values


def by_cosine(collection: Collection, subset: Subset) -> dict[str, list[float]]:
    """nDCG@10 of each query by the paper's two ways, over the vectors that the collection has."""
    snapshot = collection.folder.snapshot()
    encoder = collection.encoders()[0]
    documents = []
    for place in range(len(subset.documents)):
        vectors = snapshot.item_vectors(f"d{place}")
        documents.append({p.modality: v.mean(axis=0) for p, v in vectors.items()})
    queries = [
        {
            modality: encode_query(
                encoder, modality, content, encoder.space.form(modality, Modality.IMAGE)
            )
            for modality, content in ((Modality.TEXT, q.text), (Modality.IMAGE, q.image))
            if content is not None
        }
        for q in subset.queries
    ]
    out = {}
    for way in ("raw cosine", "GR-CLIP"):
        asking, held = (_joined(rows, way == "GR-CLIP") for rows in (queries, documents))
        order = np.argsort(-(asking @ held.T), axis=1, kind="stable")[:, :DEPTH]
        out[way] = [
            ndcg([subset.documents[place].id for place in places], subset.relevant[query.id])
            for query, places in zip(subset.queries, order, strict=True)
        ]
    return out


def _joined(rows: Sequence[Mapping[Modality, Array]], centred: bool) -> Array:
    """One vector of length 1 for each: the mean of its modalities' vectors, less their means."""
    means = {
        modality: np.mean([row[modality] for row in rows if modality in row], axis=0)
        for modality in {modality for row in rows for modality in row}
    }
    joined = np.stack(
        [np.mean([v - means[m] if centred else v for m, v in row.items()], axis=0) for row in rows]
    )
    return joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-9)


def measure(subset: Subset, encoder: str, device: str) -> dict[str, Any]:
    """The means of a set, and what could not be read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixbench.anysense"
        with Collection.create(path, encoders=(encoder,), device=device) as collection:
            report = collection.add(items(subset.documents))
            if report.failed:
                raise UsageError(f"{report.failed[0].source}: {report.failed[0].reason}")
            values = {**by_cosine(collection, subset), **by_retriever(collection, subset)}
            revision = collection.spaces[0].revision
    kinds = [document.kind for document in subset.documents]
    return {
        "revision": revision,
        "queries": len(subset.queries),
        "documents": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "ndcg": {way: round(float(np.mean(found)), 4) for way, found in values.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a folder with MSCOCO, Google_WIT, ...")
    parser.add_argument("--encoder", required=True, help="as anysense build takes it")
    parser.add_argument("--subset", action="append", choices=SUBSETS, help="all if not given")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    results: dict[str, Any] = {}
    for name in arguments.subset or SUBSETS:
        subset = read_subset(arguments.data / name)
        results[name] = measure(subset, arguments.encoder, arguments.device)
        print(name, json.dumps(results[name]["ndcg"]), flush=True)
    print(save("mixbench", {"encoder": arguments.encoder, "subsets": results}))


if __name__ == "__main__":
    main()
