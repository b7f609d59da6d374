"""Texts that only the catalog has: from the passages of one encoder to those of others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from anysense.embed.pipeline.cutting import cut_passages
from anysense.embed.pipeline.turn import DEFAULT_BATCH, encode_in_turn
from anysense.embed.types import (
    WHOLE,
    EncodedSegment,
    Kind,
    Modality,
    Origin,
    Place,
    Section,
    Structure,
    Unit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Encoder, Passage
    from anysense.index.catalog.browse import ItemRow
    from anysense.index.catalog.records import Segment

__all__ = ["KeptText", "encode_kept", "kept_text"]


@dataclass(frozen=True)
class KeptText:
    """A text as the catalog has it.

    Attributes:
        item: of which it is the content.
        text: all of its passages, at their places; what lay between them is white space here.
        structure: the headings that they stand under; None for none.
        captions: words about it.
    """

    item: ItemRow
    text: str
    structure: Structure | None
    captions: tuple[str, ...]


def kept_text(item: ItemRow, segments: Sequence[Segment]) -> KeptText | None:
    """The text of an item, put together from its passages; None if it is no text or has none.

    Args:
        item: the item.
        segments: all of its segments that are seen.
    """
    texts = [s for s in segments if s.modality is Modality.TEXT and s.text]
    content = [s for s in texts if s.origin is Origin.CONTENT and s.place.unit is Unit.CHARACTERS]
    if item.kind is not Kind.TEXT or not content:
        return None
    space = content[0].space
    passages = sorted((s for s in content if s.space == space), key=_start)
    captions = dict.fromkeys(s.text or "" for s in texts if s.origin is Origin.CAPTION)
    text = ""
    for passage in passages:
        gap = _start(passage) - len(text)
        text += " " if gap == 1 else "\n" * gap
        text += (passage.text or "")[max(-gap, 0) :]  # passages may overlap
    return KeptText(item, text, _structure(passages), tuple(captions))


def _start(segment: Segment) -> int:
    return int(segment.place.start or 0)


def _structure(passages: Sequence[Segment]) -> Structure | None:
    """A section for each run of passages under the same headings."""
    if not any(passage.heading for passage in passages):
        return None
    sections = []
    for heading, run in groupby(passages, key=lambda passage: passage.heading):
        own = list(run)
        sections.append(Section(_start(own[0]), int(own[-1].place.end or 0), heading))
    return Structure(tuple(sections))


def encode_kept(
    encoders: Sequence[Encoder],
    texts: Sequence[KeptText],
    overlap: int = 0,
    batch_size: int | None = None,
) -> list[list[EncodedSegment]]:
    """The segments of each text, in every space that takes texts.

    Args:
        encoders: those that may.
        texts: what they get, together.
        overlap: how much of a passage may repeat the one before it, in percent of its tokens.
        batch_size: how many passages a model takes at once; as its encoder asks if None.

    Raises:
        EncoderError: a model cannot be used.
    """
    found: list[list[EncodedSegment]] = [[] for _ in texts]
    for encoder in encoders:
        if Modality.TEXT not in encoder.space.modalities:
            continue
        cut = [
            (at, passage, origin)
            for at, text in enumerate(texts)
            for passage, origin in _passages(encoder, text, overlap)
        ]
        size = batch_size or int(getattr(encoder, "batch_size", DEFAULT_BATCH))
        for start in range(0, len(cut), size):
            batch = cut[start : start + size]
            contents = [encoder.prepare(Modality.TEXT, p.encoded) for _, p, _ in batch]
            vectors = encode_in_turn(encoder, Modality.TEXT, contents)
            for (at, passage, origin), vector in zip(batch, vectors, strict=True):
                is_content = origin is Origin.CONTENT
                place = Place.of_characters(passage.start, passage.end) if is_content else WHOLE
                found[at].append(
                    EncodedSegment(
                        encoder.space.id,
                        Modality.TEXT,
                        vector,
                        place,
                        passage.text,
                        origin,
                        passage.heading,
                    )
                )
    return found


def _passages(encoder: Encoder, text: KeptText, overlap: int) -> list[tuple[Passage, Origin]]:
    content = cut_passages(encoder, text.text, text.structure, overlap)
    captions = [passage for words in text.captions for passage in cut_passages(encoder, words)]
    return [(p, Origin.CONTENT) for p in content] + [(p, Origin.CAPTION) for p in captions]
