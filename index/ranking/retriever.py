"""Search: from a query of any modality to one ranked list of items of every modality."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from anysense.embed.errors import NoHitError, StateGoneError, UsageError
from anysense.embed.stages import stage
from anysense.embed.types import Modality
from anysense.index.hits.hits import Hits
from anysense.index.ranking.explaining import explanation_of
from anysense.index.ranking.fusion import fuse
from anysense.index.ranking.matches import by_partition, is_match, search_routes
from anysense.index.ranking.options import MAX_K, SearchOptions
from anysense.index.ranking.paging import list_to, page_of
from anysense.index.ranking.query import parse_query
from anysense.index.ranking.reading import read_hits
from anysense.index.ranking.routes import plan_routes
from anysense.index.ranking.states import STATE_SECONDS, States, gone_with_encoders
from anysense.index.ranking.turns import RANKING
from anysense.index.ranking.word_matches import FoundByWords, seen_of
from anysense.index.ranking.words import has_texts, words_of
from anysense.index.segment_set import SegmentSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.index.folder.opened import OpenCollection
    from anysense.index.hits.explanation import Explanation
    from anysense.index.hits.media import ItemReader
    from anysense.index.ranking.match import Match
    from anysense.index.ranking.query import Query, Term
    from anysense.index.ranking.routes import Route
    from anysense.index.ranking.states import State
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids

__all__ = ["CollectionRetriever"]

T = TypeVar("T")


class CollectionRetriever:
    """Searches one collection. Safe to use from many threads.

    >>> retriever = CollectionRetriever(Collection.open("photos.anysense"))
    >>> retriever.retrieve("a dog on the beach", k=5)
    """

    def __init__(
        self,
        collection: OpenCollection,
        *,
        state_seconds: float = STATE_SECONDS,
        reader: ItemReader | None = None,
    ) -> None:
        """Search a collection.

        Args:
            collection: what to search.
            state_seconds: how long a state is kept for later pages after it was last searched.
            reader: reads the files of hits.
        """
        self._collection = collection
        self._reader = reader
        self._states = States(collection, state_seconds)

    def forget_old_states(self) -> None:
        """Let go of states that nobody has searched for long, as every search does as well."""
        self._states.forget_old()

    def retrieve(self, query: Query, **options: Any) -> Hits:
        """The items that match best; see `anysense.Retriever.retrieve` for options and errors."""
        return self.search(parse_query(query), SearchOptions(**options))

    def search(self, terms: Sequence[Term], options: SearchOptions) -> Hits:
        """What `retrieve` does, for a query that is parsed and options that are checked."""
        return self._of_newest(lambda: self._search(terms, options), options)

    def _of_newest(self, work: Callable[[], T], options: SearchOptions) -> T:
        """Search; once more, if its state went with encoders, and it has asked for none."""
        try:
            return work()
        except StateGoneError:
            if options.state is not None:
                raise
            return work()  # of the state in which there are other encoders

    def _search(self, terms: Sequence[Term], options: SearchOptions) -> Hits:
        ranking = self._ranking(terms, options)
        snapshot = ranking.state.snapshot
        with stage("index"), RANKING.taken():
            ranking.look_up_words()
            while True:
                page = page_of(
                    ranking.ranked,
                    options.k,
                    options.offset,
                    per_modality_k=options.per_modality_k,
                    modalities=ranking.modalities,
                )
                found = read_hits(snapshot, page, self._reader, words_of(terms))
                gone = {m.item for m, hit in zip(page, found, strict=True) if hit is None}
                if not gone:
                    break
                self._check_encoders(snapshot)
                ranking.left_out |= gone  # removed in between, or their rows got lost
        assert ranking.no_match is not None
        hits = (hit for hit in found if hit is not None)
        return Hits(hits, no_match=ranking.no_match, state=ranking.state.name)

    def _ranking(
        self, terms: Sequence[Term], options: SearchOptions, state: State | None = None
    ) -> _Ranking:
        """What a search is to look through, and by which ways."""
        state = state or self._states.find(options.state)
        by_words = options.match == "words"
        if by_words and not has_texts(terms):
            raise UsageError("A search by words needs a text that is not subtracted.")
        of_modalities = options.of_modalities
        routes = [] if by_words else plan_routes(self._collection, state, terms, of_modalities)
        return _Ranking(state, terms, options, routes)

    def _check_encoders(self, snapshot: Snapshot) -> None:
        newest = self._collection.folder.snapshot()
        if snapshot.manifest.encoders != newest.manifest.encoders:
            raise gone_with_encoders()

    def explain(self, query: Query, item_id: str, **options: Any) -> Explanation:
        """Why a search finds an item; see `anysense.Retriever.explain`."""
        return self.explain_parsed(parse_query(query), item_id, SearchOptions(**options))

    def explain_parsed(
        self, terms: Sequence[Term], item_id: str, options: SearchOptions
    ) -> Explanation:
        """What `explain` does, for a query that is parsed and options that are checked."""
        return self._of_newest(lambda: self._explain(terms, item_id, options), options)

    def _explain(self, terms: Sequence[Term], item_id: str, options: SearchOptions) -> Explanation:
        ranking = self._ranking(terms, options)
        state = ranking.state
        item = state.snapshot.item(item_id)
        [key] = state.snapshot.keys_of_items([item_id]) or (-1,)
        with stage("index"), RANKING.taken():
            ranking.look_up_words()
            match = ranking.match_of(key)
            if match is None:  # beyond all pages: by itself
                segments = np.array(sorted(segment.id for segment in item.segments), np.int64)
                alone = replace(options, min_score=None, per_modality_k=None, k=1, offset=0)
                ranking = ranking.narrowed(segments, alone)
                match = next((m for m in ranking.ranked(1) if m.item == key), None)
            matches = [] if match is None else [match]
            found = read_hits(state.snapshot, matches, self._reader, words_of(terms))
            hit = next(iter(found), None)
            if match is None or hit is None:
                self._check_encoders(state.snapshot)
                raise NoHitError(
                    f"This search does not find the item {item_id[:200]}: it may be of another "
                    "kind or modality than what is searched, or not pass the filter."
                )
            assert ranking.words is not None
            return explanation_of(state, terms, ranking.routes, ranking.words, match, hit)

    def plan(self, query: Query, snapshot: Snapshot | None = None) -> list[Route]:
        """The routes that a query takes: what `retrieve` searches, for whoever looks closer.

        Raises:
            UsageError, MediaError, NoRouteError: as `retrieve` does.
        """
        state = self._states.pin(snapshot or self._collection.folder.snapshot())
        return plan_routes(self._collection, state, parse_query(query))


class _Ranking:
    """One search, as far as the matches of its routes, in one list.

    Attributes:
        state: what is searched.
        routes: to where.
        allowed: the only segments to find; None for all.
        left_out: items that are not found, by their keys.
        no_match: whether chance may have found the best, once there is a list.
        words: what the words of the query find, once they are looked up.
    """

    def __init__(
        self,
        state: State,
        terms: Sequence[Term],
        options: SearchOptions,
        routes: Sequence[Route],
        within: Ids | None = None,
    ) -> None:
        snapshot = state.snapshot
        self.state = state
        self.routes = routes
        self._terms = terms
        self._options = options
        self.allowed = snapshot.select(options.of_items)
        if within is not None:
            kept = SegmentSet.of(within[within <= snapshot.high_water])
            self.allowed = kept if self.allowed is None else kept & self.allowed
        liked = (term.like for term in terms if term.like is not None)
        self.left_out = set(snapshot.keys_of_items(liked))
        self.no_match: bool | None = None
        self.words: FoundByWords | None = None

    @property
    def modalities(self) -> int:
        """How many the collection has."""
        return len({p.modality for p in self.state.snapshot.partitions})

    def look_up_words(self) -> None:
        """See what the words of the query find, before anything is ranked."""
        self.words = _words(self.state, self._terms, self._options, self.allowed)

    def narrowed(self, within: Ids, options: SearchOptions) -> _Ranking:
        """The same search of some segments alone, with other options; scores stay what they are."""
        assert self.words is not None
        narrow = _Ranking(self.state, self._terms, options, self.routes, within)
        passages = self.words.passages
        passages = None if passages is None else passages.of_some(within)
        narrow.words = replace(self.words, passages=passages, allowed=narrow.allowed)
        return narrow

    def ranked(self, size: int) -> list[Match]:
        """The merged list of so many matches in each partition."""
        words, options = self.words, self._options
        assert words is not None
        # Not `per_modality_k`: an item may lead by another modality than that of a route.
        lists, counted = search_routes(
            self.state.snapshot,
            self.routes,
            size,
            allowed=self.allowed,
            without=self.left_out,
            collapse=options.collapse,
            evidence=words.passages,
        )
        partitions = [group[0].partition for group in by_partition(self.routes)]
        lists = words.added_to(lists, size, partitions, self.left_out)
        counted = words.texts if options.match == "words" else counted
        if self.no_match is None:
            best = max((match.best.score for each in lists for match in each), default=0.0)
            self.no_match = not is_match(best, counted)
        least = options.min_score
        if least is not None:
            lists = [[match for match in each if match.best.score >= least] for each in lists]
        return fuse(lists, options.fusion)

    def match_of(self, item: int) -> Match | None:
        """How pages of this search show an item, by its key; None if no page has it.

        The pages are made in steps, each twice as long: what a step has put there stays.
        """
        options = self._options
        ranked = lru_cache(maxsize=None)(self.ranked)
        end = options.k
        while True:
            listed = list_to(
                ranked,
                options.k,
                min(end, MAX_K),
                per_modality_k=options.per_modality_k,
                modalities=self.modalities,
            )
            match = next((match for match in listed if match.item == item), None)
            if match is not None or end >= MAX_K or len(listed) < end:
                return match
            end *= 2


def _words(
    state: State, terms: Sequence[Term], options: SearchOptions, allowed: SegmentSet | None
) -> FoundByWords:
    """What the words of a query find of what may be found."""
    snapshot, modalities = state.snapshot, options.of_modalities
    if options.match == "vector":
        return FoundByWords(snapshot, None, None, modalities)
    passages = None
    if Modality.TEXT in modalities:
        passages = state.words.passages(terms, alone=options.match == "words")
    if passages is not None:
        passages = seen_of(snapshot, passages.within(snapshot.high_water, allowed))
    names = state.words.names(terms) if options.collapse is None else None
    return FoundByWords(snapshot, passages, names, modalities, allowed)
