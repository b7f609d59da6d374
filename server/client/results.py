"""What a service answers, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.types import Kind, Modality, Origin, Place, Unit
from anysense.index.catalog.records import Item, Segment
from anysense.index.hits.explanation import Explanation
from anysense.index.hits.hit import Hit, HitSegment
from anysense.index.hits.hits import Hits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.embed.errors import AnysenseError
    from anysense.index.hits.media import ItemReader

__all__ = [
    "Added",
    "CollectionInfo",
    "ItemPage",
    "Job",
    "Model",
    "Status",
    "explanation_of",
    "hits_of",
    "item_of",
]


@dataclass(frozen=True)
class Added:
    """What became of one of several items.

    Attributes:
        id: the item's id; None if it has none.
        error: why it was not added, or not removed.
    """

    id: str | None
    error: AnysenseError | None = None


@dataclass(frozen=True)
class ItemPage:
    """Some items, without their segments and aliases.

    Attributes:
        items: in the order that was asked for.
        next_cursor: where the next page begins; None at the end.
    """

    items: list[Item]
    next_cursor: str | None


@dataclass(frozen=True)
class Status:
    """How a service is.

    Attributes:
        status: ``ok`` or ``ready``; ``loading``, ``failed`` or ``stopping`` if it cannot answer.
        reason: why not.
    """

    status: str
    reason: str | None = None

    @property
    def is_ready(self) -> bool:
        return self.status == "ready"


@dataclass(frozen=True)
class Model:
    """An encoder of a service.

    Attributes:
        id: its name.
        dimension: the length of its vectors.
        modalities: what it takes.
        space: the id of the space of its vectors.
        revision: vectors compare only where this is the same.
        collections: the names of those that use it.
    """

    id: str
    dimension: int
    modalities: frozenset[Modality]
    space: str
    revision: str
    collections: list[str]


@dataclass(frozen=True)
class CollectionInfo:
    """A collection that is served: what addresses call it, what it holds, and by which models."""

    name: str
    items: int
    items_by_kind: dict[str, int]
    encoders: list[str]


@dataclass(frozen=True)
class Job:
    """Items that are added after the answer.

    Attributes:
        id: what it is asked for by.
        status: ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
        total: how many items it has, of which `done` are dealt with and `failed` could not be
            added.
        error: why it has failed, or what it waits for.
    """

    id: str
    status: str
    total: int
    done: int
    failed: int
    error: str | None

    @property
    def is_over(self) -> bool:
        return self.status not in ("queued", "running")


def hits_of(body: Mapping[str, Any], reader: ItemReader | None) -> Hits:
    """The hits of an answer; fields that are not known here are left out."""
    hits = (_hit(values, reader) for values in body["hits"])
    return Hits(hits, no_match=body["no_match"], state=body["state"])


def explanation_of(body: Mapping[str, Any], reader: ItemReader | None) -> Explanation:
    """Why an item was found, of an answer."""
    return Explanation.of(body, _hit(body, reader))


def item_of(body: Mapping[str, Any]) -> Item:
    """An item of an answer; of one in a list, segments and aliases are not told."""
    return Item(
        id=body["id"],
        source=body["source"],
        kind=Kind(body["kind"]),
        metadata=body["metadata"],
        segments=[_segment(values) for values in body.get("segments", ())],
        aliases=list(body.get("aliases", ())),
        added_at=body["added_at"],
    )


def _hit(values: Mapping[str, Any], reader: ItemReader | None) -> Hit:
    return Hit(
        **_matched(values),
        id=values["id"],
        kind=Kind(values["kind"]),
        source=values["source"],
        metadata=values["metadata"],
        segments=tuple(HitSegment(**_matched(each)) for each in values["segments"]),
        reader=reader,
    )


def _matched(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a hit and a segment of one share."""
    names = HitSegment.__dataclass_fields__
    matched = {name: value for name, value in values.items() if name in names}
    matched["modality"] = Modality(values["modality"])
    matched["score"], matched["raw_score"] = float(values["score"]), float(values["raw_score"])
    matched["start"], matched["end"] = (_number(values[name]) for name in ("start", "end"))
    matched["unit"] = None if values["unit"] is None else Unit(values["unit"])
    matched["origin"] = None if values["origin"] is None else Origin(values["origin"])
    matched["box"] = None if values["box"] is None else tuple(values["box"])
    matched["heading"] = tuple(values["heading"])
    return matched


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _segment(values: Mapping[str, Any]) -> Segment:
    unit, box = values["unit"], values["box"]
    place = Place(
        values["start"],
        values["end"],
        None if unit is None else Unit(unit),
        values["page"],
        None if box is None else tuple(box),
    )
    return Segment(
        id=values["id"],
        space=values["space"],
        modality=Modality(values["modality"]),
        place=place,
        text=values["text"],
        origin=Origin(values["origin"]),
        heading=tuple(values["heading"]),
    )
