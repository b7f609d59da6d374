"""WordNet's nouns, read from its own database files (package wordnet-base)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Synset", "read_nouns"]


@dataclass(frozen=True)
class Synset:
    """A meaning: its words (the first is the usual one), its broader meanings, its definition."""

    offset: int
    words: tuple[str, ...]
    hypernyms: tuple[int, ...]
    gloss: str


def read_nouns(path: Path) -> dict[int, Synset]:
    """Every noun synset of WordNet 3.0's ``data.noun``, by offset (format: wndb(5WN))."""
    synsets = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(" "):
            continue  # the licence
        fields, _, gloss = line.partition(" | ")
        parts = fields.split()
        offset, count = int(parts[0]), int(parts[3], 16)
        words = tuple(parts[4 + 2 * i].replace("_", " ") for i in range(count))
        at = 4 + 2 * count
        pointers = [parts[at + 1 + 4 * i : at + 5 + 4 * i] for i in range(int(parts[at]))]
        hypernyms = tuple(int(p[1]) for p in pointers if p[0] in ("@", "@i"))
        synsets[offset] = Synset(offset, words, hypernyms, gloss.split(";")[0].strip())
    return synsets
