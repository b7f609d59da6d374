"""What are words worth beside vectors? Compare, and write ``results/words.json``.

    python benchmarks/ranking/words.py WORK [DATA]

Texts with labelled queries (`word_sets.py`) become collections of the starter model in WORK, each
by itself and all in one. Of each way to search, by vectors, by words and by both: nDCG@10 as hits
give it; how many unrelated passages reach a score; whether error codes are found among other texts;
and what looking words up costs among 100,000 passages. DATA has the classical sets.
"""

from __future__ import annotations

import argparse
import string
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from word_sets import LabelledSet, read_sets

from anysense.embed.pipeline import query as pipeline
from anysense.embed.types import WHOLE, EncodedSegment, Kind, Modality
from anysense.index.calibration.words import MOST_ADDED, SHARE, added_by_words
from anysense.index.catalog.records import ItemRecord
from anysense.index.collection import Collection
from anysense.index.evaluation.metrics import bootstrap, ndcg
from anysense.index.ranking.options import MATCHES
from anysense.index.ranking.query import parse_query
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.ranking.word_matches import joined_segments
from anysense.index.ranking.words import MOST_POSTINGS, Words
from anysense.index.types import NewItem, Partition

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.index.snapshots.snapshot import Snapshot

Array: TypeAlias = NDArray[Any]
TEXTS = Partition("starter", Modality.TEXT)
LEVELS = (1.0, 1.5, 2.0, 3.0)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 1.0)
CODES = 200
RUNBOOK = (
    "Runbook for {code}. When {code} is raised the {part} has stopped answering. Look at the log "
    "of the {part}, restart it, and see whether the error is back; if so, tell the team on call."
)
PARTS = ("scheduler", "cache", "mail gateway", "billing worker", "load balancer")
ASKING = ("{code}", "What does {code} mean?", "how do I fix error {code} in production")
PASSAGES = 100_000
WORDS_EACH = 120  # of a passage, by Zipf's law
VOCABULARY = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    arguments = parser.parse_args()
    pipeline.encode_several = remembering(pipeline.encode_several)
    sets = read_sets(arguments.data)
    payload: dict[str, Any] = {"sets": {}}
    for labelled in sets:
        payload["sets"][labelled.name] = {
            "texts": len(labelled.texts),
            "queries": len(labelled.queries),
        }
    payload["ndcg@10"] = dict(qualities(arguments.work, sets))
    with built(arguments.work, "all", sets) as collection:
        payload |= scored(collection, sets)
    with built(arguments.work, "codes", sets) as collection:
        payload["codes"] = codes(collection)
    payload["lookup"] = lookup(arguments.work)
    print(save("words", payload))


def remembering(encode: Any) -> Any:
    """Encode each query once: the ways to search differ in nothing before its vector."""
    known: dict[tuple[str, str, str], Any] = {}

    def encoded(encoder: Any, modality: Modality, content: str, form: str = "") -> Any:
        key = (encoder.space.id, content, form)
        if key not in known:
            known[key] = encode(encoder, modality, content, form)
        return known[key]

    return encoded


def built(work: Path, name: str, sets: Sequence[LabelledSet]) -> Collection:
    """The collection of some sets, made if it is not there."""
    path = work / f"{name}.anysense"
    if Collection.exists(path):
        collection = Collection.open(path)
        with collection.folder.writing():  # brings it to the format of today
            return collection
    collection = Collection.create(path)
    for labelled in sets:
        collection.add(
            NewItem(text, id=f"{labelled.name}-{number}", modality=Modality.TEXT)
            for number, text in labelled.texts.items()
        )
    if name == "codes":
        collection.add(
            NewItem(
                RUNBOOK.format(code=code, part=PARTS[place % len(PARTS)]),
                id=f"runbook-{place}",
                modality=Modality.TEXT,
            )
            for place, code in enumerate(error_codes())
        )
    collection.publish()
    return collection


def error_codes() -> list[str]:
    """Codes, most of which differ in a digit or two."""
    return [f"ERR_{2000 + 7 * place}" for place in range(CODES)]


def qualities(work: Path, sets: Sequence[LabelledSet]) -> Iterator[tuple[str, Any]]:
    """nDCG@10 of each set by itself, and of all of them in one collection."""
    for name, asked in [(s.name, [s]) for s in sets] + [("all in one", sets)]:
        with built(work, "all" if len(asked) > 1 else name, asked) as collection:
            retriever = CollectionRetriever(collection)
            yield name, {match: quality(retriever, asked, match) for match in MATCHES}


def quality(
    retriever: CollectionRetriever, sets: Sequence[LabelledSet], match: str
) -> dict[str, Any]:
    values = []
    for labelled in sets:
        for query, relevant in labelled.queries:
            ids = [hit.id for hit in retriever.retrieve(query, match=match)]
            places = {name: rank for rank, name in enumerate(ids, 1)}
            names = [f"{labelled.name}-{number}" for number in relevant]
            ranks = [places.get(name, float("inf")) for name in names]
            values.append(ndcg(ranks, [1.0] * len(ranks)))
    return {"value": float(np.mean(values)), "interval": bootstrap(values)}


def scored(collection: Collection, sets: Sequence[LabelledSet]) -> dict[str, Any]:
    """Of all passages by each way: how many unrelated ones reach a score, over those that are meant
    to; and nDCG@10 where scores by vectors and by words are put together in other ways.
    """
    snapshot = collection.snapshot()
    retriever, words = CollectionRetriever(collection), Words(snapshot)
    keys, owners = passages(snapshot)
    counts: dict[str, dict[str, list[float]]] = {}
    qualities: dict[str, list[float]] = {}
    for labelled in sets:
        is_own = np.array([owner.startswith(f"{labelled.name}-") for owner in owners])
        for query, relevant in labelled.queries:
            names = {f"{labelled.name}-{number}" for number in relevant}
            is_relevant = np.array([owner in names for owner in owners])
            scores = scores_of(snapshot, retriever, words, query, keys)
            for way, values in together(scores["vector"], scores["words"]):
                value = ndcg_of(values, owners, is_relevant, len(relevant))
                qualities.setdefault(way, []).append(value)
            for place, kind in ((~is_own, "of other sets"), (is_own & ~is_relevant, "of the same")):
                for match, values in scores.items():
                    own = counts.setdefault(kind, {}).setdefault(match, [0.0] * (len(LEVELS) + 1))
                    own[0] += place.sum()
                    for level, least in enumerate(LEVELS, 1):
                        own[level] += (values[place] >= least).sum()
    rates = {
        kind: {
            match: {
                str(level): reached / total / 10**-level
                for level, reached in zip(LEVELS, rest, strict=True)
            }
            for match, (total, *rest) in of_kind.items()
        }
        for kind, of_kind in counts.items()
    }
    means = {way: float(np.mean(values)) for way, values in qualities.items()}
    return {"unrelated": rates, "together": means}


def together(by_vector: Array, by_words: Array) -> Iterator[tuple[str, Array]]:
    """Ways to put the scores of passages together, without what finds codes."""
    yield "vectors alone", by_vector
    yield "words alone", by_words
    yield "the higher one", np.maximum(by_vector, by_words)
    for share in SHARES:
        yield f"{share:g} of words added", by_vector + share * by_words
    yield (
        f"{SHARE:g} of words added, {MOST_ADDED:g} at most",
        by_vector + added_by_words(by_words),
    )


def ndcg_of(scores: Array, owners: Sequence[str], is_relevant: Array, relevant: int) -> float:
    """nDCG@10 of items, each as good as its best passage."""
    seen: dict[str, bool] = {}
    for place in np.argsort(-scores, kind="stable").tolist():
        seen.setdefault(owners[place], bool(is_relevant[place]))
        if len(seen) == 10:
            break
    ranks = [rank for rank, is_found in enumerate(seen.values(), 1) if is_found]
    ranks += [float("inf")] * (relevant - len(ranks))
    return ndcg(ranks, [1.0] * relevant)


def passages(snapshot: Snapshot) -> tuple[Array, list[str]]:
    """The keys of all passages, ascending, and the ids of their items."""
    query = (
        "SELECT s.segment_pk, i.id FROM segments AS s JOIN items AS i USING (item_pk) ORDER BY 1"
    )
    with snapshot.catalog.transaction() as connection:
        rows = connection.execute(query).fetchall()
    return np.array([key for key, _ in rows]), [owner for _, owner in rows]


def scores_of(
    snapshot: Snapshot,
    retriever: CollectionRetriever,
    words: Words,
    query: str,
    keys: Array,
) -> dict[str, Array]:
    """The score of every passage, by each way to search."""
    routes = retriever.plan(query, snapshot)
    vectors = snapshot.vectors(TEXTS, keys)
    by_vector = np.max(
        [[route.null.score(p) for p in (vectors @ route.vector).tolist()] for route in routes],
        axis=0,
    )
    evidence = words.passages(parse_query(query))
    by_words, both = np.zeros(len(keys)), by_vector
    if evidence is not None:
        by_words[np.searchsorted(keys, evidence.keys)] = evidence.scores
        both = np.zeros(len(keys))
        for route in routes:
            joined = joined_segments(snapshot, route, keys, evidence, len(keys))
            places = np.searchsorted(keys, np.array([segment.id for segment in joined]))
            both[places] = np.maximum(both[places], [segment.score for segment in joined])
    return {"vector": by_vector, "words": by_words, "both": both}


def codes(collection: Collection) -> dict[str, Any]:
    """How often the runbook of a code comes first, among as many of other codes and all texts."""
    retriever = CollectionRetriever(collection)
    shares: dict[str, Any] = {}
    for asking in ASKING:
        for match in MATCHES:
            first = 0
            for place, code in enumerate(error_codes()):
                hits = retriever.retrieve(asking.format(code=code), k=1, match=match)
                first += bool(hits and hits[0].id == f"runbook-{place}")
            shares.setdefault(asking, {})[match] = first / CODES
    return {"texts": sum(collection.snapshot().items_by_kind().values()), "first": shares}


def lookup(work: Path) -> dict[str, Any]:
    """The CPU time of looking up the words of a query among 100,000 passages, in milliseconds."""
    path = work / "many.anysense"
    if not Collection.exists(path):
        fill(path)
    with Collection.open(path) as collection:
        snapshot = collection.snapshot()
        times = {}
        for name, ranks in (
            ("the six most frequent words", range(6)),
            ("six words of ranks 20 to 10,000", (20, 100, 300, 1000, 3000, 10_000)),
            ("32 words of ranks 0 to 31", range(32)),
            ("32 words of ranks 100 to 131", range(100, 132)),
            ("one word of rank 50", (50,)),
            ("one rare word", (50_000,)),
        ):
            query = parse_query(" ".join(word(rank) for rank in ranks))
            taken = []
            for _ in range(5):
                words = Words(snapshot)  # which remembers nothing yet
                start = time.process_time()
                words.passages(query)
                taken.append(1000 * (time.process_time() - start))
            times[name] = round(float(np.median(taken)), 1)
        catalog = (path / "catalog.sqlite").stat().st_size
        with snapshot.catalog.transaction() as connection:
            kept = "SELECT sum(length(block)) FROM words_data"
            (size,) = connection.execute(kept).fetchone()
    return {
        "passages": PASSAGES,
        "words_each": WORDS_EACH,
        "most_places": MOST_POSTINGS,
        "cpu_ms": times,
        "words_bytes": size,
        "catalog_bytes": catalog,
    }


def word(rank: int) -> str:
    """A word that is in no list: so that only the collection tells how frequent it is."""
    letters = string.ascii_lowercase
    return "zq" + "".join(letters[rank // 26**place % 26] for place in range(4))


def fill(path: Path) -> None:
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    shares /= shares.sum()
    with Collection.create(path) as collection:
        dimension = collection.spaces[0].dimension
        for start in range(0, PASSAGES, 1000):
            ranks = rng.choice(VOCABULARY, (1000, WORDS_EACH), p=shares)
            vectors = rng.standard_normal((1000, dimension)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            collection.write(
                [
                    ItemRecord(
                        f"text-{start + place}",
                        f"text-{start + place}",
                        Kind.TEXT,
                        {},
                        [
                            EncodedSegment(
                                TEXTS.space,
                                Modality.TEXT,
                                vectors[place],
                                WHOLE,
                                " ".join(map(word, ranks[place].tolist())),
                            )
                        ],
                    )
                    for place in range(1000)
                ]
            )
        collection.publish()


if __name__ == "__main__":
    main()
