"""From matches to hits: what the catalog says of the items and segments that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.index.hits.hit import Hit, HitSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.catalog.records import SegmentRow
    from anysense.index.hits.media import ItemReader
    from anysense.index.ranking.match import Match, SegmentMatch
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["read_hits"]


def read_hits(
    snapshot: Snapshot, matches: Sequence[Match], reader: ItemReader | None = None
) -> list[Hit | None]:
    """A hit for each match, in order; None where the item was removed a moment ago, or got lost.

    Raises:
        CorruptCollectionError: a row does not match its checksum.
    """
    ids = [segment.id for match in matches for segment in (match.best, *match.segments)]
    rows = dict(zip(ids, snapshot.rows(ids), strict=True))
    return [_hit(match, rows, reader) for match in matches]


def _hit(match: Match, rows: dict[int, SegmentRow | None], reader: ItemReader | None) -> Hit | None:
    row = rows[match.best.id]
    if row is None:
        return None
    further = [(segment, rows[segment.id]) for segment in match.segments]
    return Hit(
        **vars(_segment(match.best, row)),
        id=row.item_id,
        kind=row.kind,
        source=row.source,
        metadata=row.metadata,
        segments=tuple(_segment(segment, row) for segment, row in further if row is not None),
        reader=reader,
    )


def _segment(match: SegmentMatch, row: SegmentRow) -> HitSegment:
    place = row.segment.place
    return HitSegment(
        modality=row.segment.modality,
        score=match.score,
        raw_score=match.raw_score,
        route=match.route.name,
        space=row.segment.space,
        start=None if place.start is None else round(place.start, 3),
        end=None if place.end is None else round(place.end, 3),
        unit=place.unit,
        page=place.page,
        box=place.box,
        origin=row.segment.origin,
        heading=row.segment.heading,
        text=row.segment.text,
    )
