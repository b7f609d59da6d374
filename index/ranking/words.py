"""What the words of a query find in a state of a collection, with scores: passages and names."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anysense.embed.forking import new_lock
from anysense.embed.types import Modality
from anysense.index.background.words import frequency
from anysense.index.calibration.words import WordNull, chance_of
from anysense.index.catalog.words.search import WordSearch
from anysense.index.catalog.words.tables import NAMES, PASSAGES
from anysense.index.catalog.words.tokens import (
    Asked,
    asked_words,
    with_names_of_paths,
    words_of_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.index.calibration.words import Scores
    from anysense.index.ranking.query import Term
    from anysense.index.segment_set import SegmentSet
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids

__all__ = ["Evidence", "Words", "has_texts", "words_of"]

MOST_WORDS = 32
"""Words of a query that are looked up: the rarest in texts by anybody, of more."""
MOST_POSTINGS = 20_000
"""Places of words that are looked at: common words are passed over where there are more."""
TELLS_NOTHING = 0.25
"""A word that so many unrelated texts have is passed over."""
OF_CODES = math.log10(2)
"""What a score loses that goes by one word, an error code or the like: two scores are tried."""
OF_ALL = 0.5
"""What a score loses that goes by a text's having all words of the query."""
_KEPT = 64


@dataclass(frozen=True)
class Evidence:
    """What a query's words say of the texts that have any of them.

    Attributes:
        keys: of the texts, ascending, (n,).
        sums: their BM25, (n,).
        scores: how rarely chance gives an unrelated text such a sum, (n,).
        sure: the scores of those that have a code of the query or all of its words, whatever their
            vectors say; 0 for others, (n,).
        null: what chance gives such a query.
        texts: how many texts there are.
        words: that were looked up, the rarest first.
        of_others: whether other texts, of those that are searched, have some of the words too: they
            count then where none of these has any.
    """

    keys: Ids
    sums: Scores
    scores: Scores
    sure: Scores
    null: WordNull
    texts: int
    words: tuple[str, ...] = ()
    of_others: bool = False

    def within(self, until: int, allowed: SegmentSet | None) -> Evidence:
        """Of the texts up to a key, and of those that a filter allows."""
        is_there = self.keys <= until
        if allowed is not None:
            is_there &= allowed.contains(self.keys)
        return self if is_there.all() else self.taken(np.flatnonzero(is_there))

    def of_some(self, keys: Ids) -> Evidence:
        """Of these texts alone, with the scores that they have among all."""
        places = np.flatnonzero(np.isin(self.keys, keys))
        return replace(self.taken(places), of_others=len(self.keys) > 0)

    def taken(self, places: Ids) -> Evidence:
        """Of some of the texts alone."""
        return replace(
            self,
            keys=self.keys[places],
            sums=self.sums[places],
            scores=self.scores[places],
            sure=self.sure[places],
        )


class _Word(NamedTuple):
    text: str
    weight: float  # beside the heaviest text of the query
    chance: float
    texts: int

    @property
    def rarity(self) -> float:
        return -math.log(self.chance)

    @property
    def is_character(self) -> bool:
        """Whether it is one letter or digit, as many names have beside other words."""
        return len(self.text) == 1 and self.text.isascii()

    @property
    def is_code(self) -> bool:
        return not self.text.isalpha() and not self.is_character


class Words:
    """The words of one state. Safe to use from many threads.

    What a query has found is remembered, so that the pages of a search fit together.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._tables = {table: WordSearch(snapshot.catalog, table) for table in (PASSAGES, NAMES)}
        self._found: OrderedDict[tuple[object, ...], Evidence | None] = OrderedDict()
        self._lock = new_lock()

    def passages(self, terms: Sequence[Term], *, alone: bool = False) -> Evidence | None:
        """What the words of a query find among passages; None if they say nothing.

        Args:
            terms: the query; only the texts of it that are not subtracted are looked at.
            alone: the words decide alone, so that even common ones count.
        """
        return self._evidence(PASSAGES, terms, alone)

    def names(self, terms: Sequence[Term]) -> Evidence | None:
        """What they find among the names of items, by item; None if they say nothing."""
        return self._evidence(NAMES, terms, False)

    def in_passage(self, words: Sequence[str], key: int) -> list[str]:
        """Those of some words that a passage has, by its key."""
        return self._tables[PASSAGES].present(words, key)

    def in_name(self, words: Sequence[str], key: int) -> list[str]:
        """Those of some words that the name of an item has, by its key."""
        return self._tables[NAMES].present(words, key)

    def _evidence(self, table: str, terms: Sequence[Term], alone: bool) -> Evidence | None:
        texts = tuple(_texts(terms))
        if table == NAMES:
            texts = tuple((with_names_of_paths(text), weight) for text, weight in texts)
        key = (table, alone, texts)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = _look_up(self._tables[table], texts, alone) if texts else None
        with self._lock:
            self._found[key] = found
            if len(self._found) > _KEPT:
                self._found.popitem(last=False)
        return found


def has_texts(terms: Sequence[Term]) -> bool:
    """Whether a query has a text that is not subtracted."""
    return any(_texts(terms))


def words_of(terms: Sequence[Term]) -> frozenset[str]:
    """The words of the texts of a query that are not subtracted, folded, with their parts."""
    return frozenset(word for text, _ in _texts(terms) for word in words_of_text(text))


def _texts(terms: Sequence[Term]) -> Iterator[tuple[str, float]]:
    """The texts of a query that are not subtracted, with their weights."""
    for term in terms:
        is_text = term.modality is Modality.TEXT and term.weight > 0
        if is_text and isinstance(term.content, str):
            yield term.content, term.weight


def _look_up(
    search: WordSearch, texts: Sequence[tuple[str, float]], alone: bool
) -> Evidence | None:
    extent = search.extent()
    if not extent.texts:
        return None
    words = _chosen(_known(search, texts), alone)
    if not any(word.texts for word in words):
        return None
    found = search.postings([word.text for word in words if word.texts], MOST_POSTINGS)
    if not found:
        return None
    keys = np.unique(np.concatenate([posting.keys for posting in found.values()]))
    sums, plain, share, codes = (np.zeros(len(keys)) for _ in range(4))
    for word in words:
        if word.text in found:
            places = np.searchsorted(keys, found[word.text].keys)
            sums[places] += word.weight * word.rarity * found[word.text].weights
            plain[places] += word.rarity * found[word.text].weights
            share[places] += word.rarity
            if word.is_code:
                score = word.weight * word.rarity / math.log(10) - OF_CODES
                codes[places] = np.maximum(codes[places], score)
    rarities = [word.weight * word.rarity for word in words]
    null = WordNull.of([word.chance for word in words], rarities)
    scores = null.score(sums) * sums / plain  # less by words of texts that weigh less
    has_all = share > 0.999 * sum(word.rarity for word in words)
    has_all &= not all(word.is_character for word in words)
    sure = np.maximum(codes, np.where(has_all, scores - OF_ALL, 0.0))
    names = tuple(word.text for word in words)
    return Evidence(keys, sums, scores, sure.clip(0.0), null, extent.texts, names)


def _known(search: WordSearch, texts: Sequence[tuple[str, float]]) -> list[_Word]:
    """The words of a query, each as a whole if any text has it so, or else its parts."""
    extent = search.extent()
    heaviest = max(weight for _, weight in texts)
    asked: dict[Asked, float] = {}
    for text, weight in texts:
        for word in asked_words(text):
            asked[word] = max(asked.get(word, 0.0), weight / heaviest)
    rarest = sorted(asked, key=lambda word: frequency(word.whole))[:MOST_WORDS]
    counts = search.counts([word.whole for word in rarest])
    weights: dict[str, float] = {}
    for word in rarest:
        has_parts = not counts[word.whole].texts and word.parts
        for name in word.parts if has_parts else (word.whole,):
            weights[name] = max(weights.get(name, 0.0), asked[word])
    chosen = sorted(weights, key=frequency)[:MOST_WORDS]
    counts = search.counts(chosen)
    return [
        _Word(
            name,
            weights[name],
            chance_of(
                counts[name].texts,
                extent.texts,
                frequency(name),
                extent.length,
                counts[name].of_one,
            ),
            counts[name].texts,
        )
        for name in chosen
    ]


def _chosen(words: Sequence[_Word], alone: bool) -> list[_Word]:
    """The words that tell something, the rarest first, as far as looking at them is bearable."""
    rarest = sorted(words, key=lambda word: word.chance)
    telling = [word for word in rarest if word.chance <= TELLS_NOTHING]
    if alone and not any(word.texts for word in telling):
        telling += [word for word in rarest if word.texts and word not in telling][:1]
    chosen, places = [], 0
    for word in telling:
        is_first = word.texts and not places
        if is_first or places + word.texts <= MOST_POSTINGS:
            chosen.append(word)
            places += word.texts
    return chosen
