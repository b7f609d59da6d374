"""Search: from a query of any modality to one ranked list of items of every modality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.errors import StateGoneError, UsageError
from anysense.embed.stages import stage
from anysense.embed.types import Modality
from anysense.index.hits.hits import Hits
from anysense.index.ranking.fusion import fuse
from anysense.index.ranking.matches import is_match, search_routes
from anysense.index.ranking.options import SearchOptions
from anysense.index.ranking.paging import page_of
from anysense.index.ranking.query import parse_query
from anysense.index.ranking.reading import read_hits
from anysense.index.ranking.routes import plan_routes
from anysense.index.ranking.states import STATE_SECONDS, States, gone_with_encoders
from anysense.index.ranking.turns import RANKING
from anysense.index.ranking.word_matches import FoundByWords, seen_of
from anysense.index.ranking.words import has_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.folder.opened import OpenCollection
    from anysense.index.hits.media import ItemReader
    from anysense.index.ranking.match import Match
    from anysense.index.ranking.query import Query, Term
    from anysense.index.ranking.routes import Route
    from anysense.index.ranking.states import State
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids

__all__ = ["CollectionRetriever"]


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
        try:
            return self._search(terms, options)
        except StateGoneError:
            if options.state is not None:
                raise
            return self._search(terms, options)  # of the state in which there are other encoders

    def _search(self, terms: Sequence[Term], options: SearchOptions) -> Hits:
        state = self._states.find(options.state)
        snapshot = state.snapshot
        by_words = options.match == "words"
        if by_words and not has_texts(terms):
            raise UsageError("A search by words needs a text that is not subtracted.")
        of_modalities = options.of_modalities
        routes = [] if by_words else plan_routes(self._collection, state, terms, of_modalities)
        allowed = snapshot.select(options.of_items)
        liked = (term.like for term in terms if term.like is not None)
        left_out = set(snapshot.keys_of_items(liked))
        no_match: bool | None = None

        def ranked(size: int) -> list[Match]:
            nonlocal no_match
            # Not `per_modality_k`: an item may lead by another modality than that of a route.
            lists, counted = search_routes(
                snapshot,
                routes,
                size,
                allowed=allowed,
                without=left_out,
                collapse=options.collapse,
                evidence=words.passages,
            )
            lists = words.added_to(lists, size, [route.partition for route in routes], left_out)
            counted = words.texts if by_words else counted
            if no_match is None:
                best = max((match.best.score for each in lists for match in each), default=0.0)
                no_match = not is_match(best, counted)
            least = options.min_score
            if least is not None:
                lists = [[match for match in each if match.best.score >= least] for each in lists]
            return fuse(lists, options.fusion)

        with stage("index"), RANKING.taken():
            words = _words(state, terms, options, allowed)
            while True:
                page = page_of(
                    ranked,
                    options.k,
                    options.offset,
                    per_modality_k=options.per_modality_k,
                    modalities=len({p.modality for p in snapshot.partitions}),
                )
                found = read_hits(snapshot, page, self._reader)
                gone = {m.item for m, hit in zip(page, found, strict=True) if hit is None}
                if not gone:
                    break
                if (
                    snapshot.manifest.encoders
                    != self._collection.folder.snapshot().manifest.encoders
                ):
                    raise gone_with_encoders()
                left_out |= gone  # removed in between, or their rows got lost: others move up
        assert no_match is not None
        hits = (hit for hit in found if hit is not None)
        return Hits(hits, no_match=no_match, state=state.name)

    def plan(self, query: Query, snapshot: Snapshot | None = None) -> list[Route]:
        """The routes that a query takes: what `retrieve` searches, for whoever looks closer.

        Raises:
            UsageError, MediaError, NoRouteError: as `retrieve` does.
        """
        state = self._states.pin(snapshot or self._collection.folder.snapshot())
        return plan_routes(self._collection, state, parse_query(query))


def _words(
    state: State, terms: Sequence[Term], options: SearchOptions, allowed: Ids | None
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
