"""What chance gives a query's words: how often an unrelated text has as many of them, as rare ones.

A text is ranked by BM25: the sum over the query's words that it has of their rarity and of how much
each counts in it. The score is how rarely chance gives such a sum, where each word is in a text by
itself, as often as in the collection's other texts and in texts by anybody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Scores: TypeAlias = NDArray[np.float64]

__all__ = ["Scores", "WordNull", "added_by_words", "chance_of", "joined_scores"]

COLLECTION_SHARE = 0.9  # of a large collection, beside texts by anybody
HALF_SIZE = 50  # a collection of so many texts counts half as much
WEIGHTS = ((0.6, 0.2), (0.85, 0.3), (1.1, 0.25), (1.35, 0.15), (1.65, 0.1))
"""How much a word counts in the texts that have it, and in which share of them, as measured."""
STEPS = 512  # of the sums whose chances are computed
LEAST_CHANCE = 1e-9
SHARE = 0.3  # of a score by words that is added to one by vectors, as measured
MOST_ADDED = 6.0  # of a score by words: more words do not make a text more relevant


def chance_of(count: int, texts: int, frequency: float, length: float, of_one: int = 1) -> float:
    """The share of unrelated texts that have a word.

    One item that has it may be the answer, so its texts say nothing of the others.

    Args:
        count: how many of the collection's texts have the word.
        texts: how many there are.
        frequency: the share of the words of texts by anybody that are this one.
        length: how many words the collection's texts have on average.
        of_one: how many of the texts that have the word are of one item, of that with the most.
    """
    share = COLLECTION_SHARE * texts / (texts + HALF_SIZE)
    here = max(count - of_one, 0) / max(texts - of_one, 1)
    anywhere = 1 - math.exp(-frequency * length)
    return min(max(share * here + (1 - share) * anywhere, LEAST_CHANCE), 1.0)


@dataclass(frozen=True)
class WordNull:
    """What chance gives the words of one query.

    Attributes:
        step: between two sums.
        density: how often chance gives each sum from 0 on, (`STEPS` + 1,).
        scores: of these sums, ascending.
    """

    step: float
    density: Scores
    scores: Scores

    def score(self, sums: Scores) -> Scores:
        """The scores of sums of BM25, (n,)."""
        scores: Scores = np.interp(sums / self.step, np.arange(len(self.scores)), self.scores)
        return scores

    def correction(self) -> float:
        """What the `SHARE` of a score by words adds to an unrelated text's by chance.

        P(v + a w >= s) = E[10^(a w)] 10^-s, where v and w are independent and P(v >= s) = 10^-s.
        """
        return float(np.log10((self.density * 10 ** added_by_words(self.scores)).sum()))

    @staticmethod
    def of(chances: Sequence[float], rarities: Sequence[float]) -> WordNull:
        """The null of words, given how often an unrelated text has each, and their rarities."""
        most = WEIGHTS[-1][0] * sum(rarities)
        step = most / STEPS
        density = np.zeros(STEPS + 1)
        density[0] = 1.0
        for chance, rarity in zip(chances, rarities, strict=True):
            shifted = np.zeros_like(density)
            for weight, share in WEIGHTS:
                place = round(weight * rarity / step)
                shifted[place:] += share * density[: len(density) - place]
            density = (1 - chance) * density + chance * shifted
        tail = np.cumsum(density[::-1])[::-1]
        return WordNull(step, density, -np.log10(np.clip(tail, 1e-300, 1.0)))


def added_by_words(scores: Scores) -> Scores:
    """What scores by words, (n,), add to those by vectors."""
    added: Scores = SHARE * np.minimum(scores, MOST_ADDED)
    return added


def joined_scores(vectors: Scores, words: Scores, null: WordNull) -> Scores:
    """The scores of texts by their vectors and by their words together, (n,).

    Args:
        vectors: the scores by vectors, (n,).
        words: those by words, 0 where a text has none of them, (n,).
        null: what chance gives the words.
    """
    joined: Scores = vectors + added_by_words(words) - null.correction()
    return joined
