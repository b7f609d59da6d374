"""How frequent words are in texts that no collection is about.

The list has English words in the order of their frequency; how frequent each is follows by Zipf's
law. A word that is not in it is the rarer the longer it is (Zipf's law of abbreviation), so that
the short words of other languages are not taken for rare ones.
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path

__all__ = ["frequency"]

_PATH = Path(__file__).with_name("words.txt.gz")
_FIRST = (
    0.1  # the words of a text that are of the rank r are this over r + _SHIFT (Mandelbrot, 1953)
)
_SHIFT = 2.7
_BY_LENGTH = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 2e-6)
_LONGEST = 1e-6
_CHARACTERS_OF_SYLLABLES = 0x2E80
"""From here on a character stands for a syllable or a word, as three letters do."""


def frequency(word: str) -> float:
    """The share of the words of a text by anybody that are this one, folded as words are."""
    rank = _ranks().get(word)
    if rank is not None:
        return _FIRST / (rank + _SHIFT)
    length = len(word)
    if length > 1:
        length += 2 * sum(ord(character) >= _CHARACTERS_OF_SYLLABLES for character in word)
    if not word.isalpha() and not word.isdigit():
        length += 3  # as C++ or x86: few texts have it
    return _BY_LENGTH[length - 1] if length <= len(_BY_LENGTH) else _LONGEST


@functools.cache
def _ranks() -> dict[str, int]:
    words = gzip.decompress(_PATH.read_bytes()).decode("ascii").split("\n")
    return {word: rank for rank, word in enumerate(words, 1)}
