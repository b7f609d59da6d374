"""Splitting a text into passages by its structure: under their headings, and overlapping if asked.

No passage goes on over a heading. Each is encoded with the path of headings that it stands under,
as a passage alone seldom says what it is about; the path takes a quarter of the room at most, and
loses its outermost headings first. Within a section the rules of `passages` hold; code, tables and
items of lists that fit stay whole. Of a table that does not, each part is encoded with the first
row of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.encoders.passages import count_spans, find_most, sentences, split_span, words
from anysense.embed.types import CONTEXT_GAP, HEADING_SIGN, Passage, Section, Structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anysense.embed.encoders.passages import CountSpan, CountTokens, Span
    from anysense.embed.types import Block

__all__ = ["split_sections"]

_HEADING_SHARE = 4  # the path takes no more than one part in so many


def split_sections(
    text: str, structure: Structure, overlap: int, count_tokens: CountTokens, limit: int
) -> list[Passage]:
    """Split normalised text into passages that have at most `limit` tokens with their context.

    Args:
        text: as of `anysense.embed.encoders.passages.split_passages`.
        structure: of the text.
        overlap: how much of a passage may repeat the end of the one before it in its section, in
            percent of its tokens: 0 to 50.
        count_tokens: as of `split_passages`.
        limit: the same.

    Returns:
        Passages in order. Without an overlap they hold every character of the sections that is no
        white space, once.
    """
    count = count_spans(text, count_tokens, limit)
    passages = []
    blocks = list(reversed(structure.blocks))
    for section in structure.sections or [Section(0, len(text))]:
        context = _context(section.heading, count_tokens, limit)
        room = limit - count_tokens(context + CONTEXT_GAP) if context else limit
        inside = []
        while blocks and blocks[-1].start < section.end:
            inside.append(blocks.pop())
        heads = _heads(text, inside, count, room, limit)
        room -= max(heads.values(), default=0)
        for start, end in _spans(text, section, inside, overlap, count, room):
            contexts = [context, ""]
            for block in heads:
                if block.head_end <= start < block.end:
                    head = text[block.start : block.head_end].strip()
                    contexts.insert(0, f"{context}{CONTEXT_GAP}{head}" if context else head)
            for with_context in contexts:  # less of it, where the whole has more than its parts
                passage = Passage(start, end, text[start:end], section.heading, with_context)
                if not with_context or count_tokens(passage.encoded) <= limit:
                    break
            passages.append(passage)
    return passages


def _heads(
    text: str, blocks: Sequence[Block], count: CountSpan, room: int, limit: int
) -> dict[Block, int]:
    """The tables that have to be cut, each with the tokens of its first row, if that is short."""
    heads = {}
    for block in blocks:
        if block.head_end and count(block.start, block.end) > room:
            tokens = count(block.start, block.head_end)
            if tokens <= min(limit // _HEADING_SHARE, room // 2):
                heads[block] = tokens
    return heads


def _context(heading: Sequence[str], count_tokens: CountTokens, limit: int) -> str:
    """The path of headings as it is encoded: all of it, or as much of its end as there is room."""

    def fits(context: str) -> bool:
        return count_tokens(context + CONTEXT_GAP) <= limit // _HEADING_SHARE

    for outermost in range(len(heading)):
        context = HEADING_SIGN.join(heading[outermost:])
        if fits(context):
            return context
    last = heading[-1].split() if heading else []
    most = find_most(len(last), lambda n: n == 0 or fits(" ".join(last[len(last) - n :])), guess=8)
    return " ".join(last[len(last) - most :])


def _spans(
    text: str,
    section: Section,
    blocks: Sequence[Block],
    overlap: int,
    count: CountSpan,
    room: int,
) -> list[Span]:
    """Where the passages of a section are."""
    span = section.start, section.end
    spans = split_span(text, span, count, room, blocks)
    repeated = room * overlap // 100
    if repeated == 0 or len(spans) < 2:
        return spans
    spans = split_span(text, span, count, room - repeated, blocks, room)
    return list(_overlapping(text, spans, count, room, repeated))


def _overlapping(
    text: str, spans: Sequence[Span], count: CountSpan, room: int, repeated: int
) -> Iterator[Span]:
    """Spans of which each begins in the one before, with a sentence where one begins there."""
    before: Span | None = None
    for span in spans:
        start = (
            span[0] if before is None else _start_within(text, before, span, count, room, repeated)
        )
        yield start, span[1]
        before = span


def _start_within(
    text: str, before: Span, span: Span, count: CountSpan, room: int, repeated: int
) -> int:
    """Where a passage begins that repeats the end of the one before it."""
    earlier = [word[0] for word in words(text, *before)]

    def fits(n: int) -> bool:
        if n == 0:
            return True
        start = earlier[-n]
        return count(start, before[1]) <= repeated and count(start, span[1]) <= room

    most = find_most(len(earlier), fits, guess=max(1, repeated // 2))
    if most == 0:
        return span[0]
    start = earlier[-most]
    whole = [first for first, _ in sentences(text, before[0], before[1]) if first >= start]
    return whole[0] if whole else start
