"""Why something was found: a score beside what chance gives, and what each term gave to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.hits.hit import Hit

__all__ = ["Chance", "Explanation", "FoundWords", "Parts", "TermShare"]


class Parts(NamedTuple):
    """What the parts of a score are: together they are the score.

    Attributes:
        vector: by how rarely chance gives an unrelated segment such a cosine.
        copy: for being all but the same as the query.
        words: by the words of the query; a little below 0 where chance words are allowed for.
    """

    vector: float
    copy: float
    words: float


class Chance(NamedTuple):
    """What chance gives a query on the route of a hit.

    Attributes:
        mean, deviation: of the cosines of the query with segments that have nothing to do with it.
        product: of the hit with what is searched with: the cosine, or where the query crosses to
            another modality, what is left of it without what all vectors have in common.
        values: scores, ascending.
        shares: of chance pairs that have such a score or a higher one, (n,).
        products: that have these scores, (n,).
        sample: the scores of the query with segments that stand for all unrelated ones, ascending.
    """

    mean: float
    deviation: float
    product: float
    values: tuple[float, ...]
    shares: tuple[float, ...]
    products: tuple[float, ...]
    sample: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        raw = {"mean": self.mean, "deviation": self.deviation}
        lists = {name: list(getattr(self, name)) for name in self._fields[3:]}
        return {"raw": raw, "product": self.product, **lists}


@dataclass(frozen=True)
class TermShare:
    """What one term of a query gave.

    Attributes:
        index: its place among the terms, from 0.
        weight: how much it counts beside the others.
        cosine: of the term alone with the segment; None if it does not reach the segment's space.
        share: of the cosine of the whole query, which those of all terms add up to.
    """

    index: int
    weight: float
    cosine: float | None
    share: float


class FoundWords(NamedTuple):
    """The words of a query that a passage has, or the name of an item.

    Attributes:
        score: how rarely chance gives an unrelated text such words.
        found: the words, folded, the rarest first.
        in_name: whether they are in the name of the item's file, not in the passage.
    """

    score: float
    found: tuple[str, ...]
    in_name: bool


@dataclass(frozen=True)
class Explanation:
    """Why an item was found.

    Attributes:
        hit: as the search gives it, with its best segment.
        state: names the state of the collection that was searched.
        cosine: of the query's vector and the segment's: `raw_score`, but where that tells of words;
            None if the query has no vector there.
        parts: of the score.
        chance: None if there is no vector to compare.
        terms: of the query, in order; none if there is no vector to compare.
        words: None if none of the query's words found it.
    """

    hit: Hit
    state: str
    cosine: float | None
    parts: Parts
    chance: Chance | None
    terms: tuple[TermShare, ...]
    words: FoundWords | None

    def to_dict(self) -> dict[str, Any]:
        """The hit as plain values, and why it was found, in the shape that the service gives."""
        words = None if self.words is None else self.words._asdict()
        return {
            **self.hit.to_dict(),
            "state": self.state,
            "cosine": self.cosine,
            "parts": self.parts._asdict(),
            "chance": None if self.chance is None else self.chance.to_dict(),
            "terms": [dict(vars(term)) for term in self.terms],
            "words": None if words is None else {**words, "found": list(words["found"])},
        }

    @staticmethod
    def of(values: Mapping[str, Any], hit: Hit) -> Explanation:
        """The reverse of `to_dict`.

        Args:
            values: what it gave.
            hit: the hit that they tell of.
        """
        chance, words = values["chance"], values["words"]
        if chance is not None:
            lists = (tuple(chance[name]) for name in Chance._fields[3:])
            raw = chance["raw"]
            chance = Chance(raw["mean"], raw["deviation"], chance["product"], *lists)
        if words is not None:
            words = FoundWords(words["score"], tuple(words["found"]), words["in_name"])
        return Explanation(
            hit=hit,
            state=values["state"],
            cosine=values["cosine"],
            parts=Parts(**values["parts"]),
            chance=chance,
            terms=tuple(TermShare(**term) for term in values["terms"]),
            words=words,
        )
