"""The hits of a search as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.hits.hit import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Hits"]


class Hits(list[Hit]):
    """The hits of a search, best first: a list, and what is to be said of all of them.

    Attributes:
        no_match: whether chance alone may have found the best of them, so that probably nothing in
            the collection answers the query.
        state: names the state of the collection that was searched; given back with an `offset`,
            the next page comes from the same state.
    """

    def __init__(
        self, hits: Iterable[Hit] = (), *, no_match: bool = False, state: str = ""
    ) -> None:
        super().__init__(hits)
        self.no_match = no_match
        self.state = state
