"""Splitting a text into passages that fit a tokenizer, cutting nothing short.

Passages end at paragraph and sentence ends where they can; a sentence that does not fit is split
between words, and a word that does not fit between characters. Lengths are the tokenizer's own: a
passage is never longer than the limit, and every character that is not white space is in one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.types import Passage
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Block

__all__ = [
    "CountSpan",
    "CountTokens",
    "Span",
    "count_spans",
    "find_most",
    "sentences",
    "split_passages",
    "split_span",
    "words",
]

CountTokens: TypeAlias = Callable[[str], int]
CountSpan: TypeAlias = Callable[[int, int], int]
"""How many tokens a part of the text has: without a copy of what is far too long."""
Span: TypeAlias = tuple[int, int]

# A sentence ends after its closing mark, and quotes or brackets that follow; an ideographic full
# stop needs no space after it. An empty line ends one as well.
_SENTENCE_END = re.compile(
    r"""(?<![.!?\u2026])[.!?\u2026]+["'\u201d\u2019)\]]*(?=\s)|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\uff09]*|\n\s*\n"""
)
_WORD = re.compile(r"\S+")
# Titles and shortened words whose full stop does not end a sentence.
_SHORT = re.compile(r"(?:^|\W)(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|No|Fig|cf)\.$")
_WINDOW = 1 << 16
_CHARACTERS_PER_TOKEN = 64
"""A passage has no more, lest it count megabytes, which may be one "unknown" to a tokenizer."""
_WORDS_PER_TOKEN = 4
"""How many words are looked at together: hardly any word has no token of its own."""


def split_passages(text: str, count_tokens: CountTokens, limit: int) -> list[Passage]:
    """Split normalised text into passages of at most `limit` tokens.

    Args:
        text: normalised (see `anysense.embed.media.document.document.normalise_text`).
        count_tokens: how many tokens the tokenizer makes of a string, without those it adds to
            each input.
        limit: how many of them fit one input, at least 1.

    Returns:
        Passages in order that do not overlap; none for a text of white space. A single character
        of more tokens than the limit is a passage of its own.
    """
    if not text or text.isspace():
        return []
    count = count_spans(text, count_tokens, limit)
    spans = split_span(text, (0, len(text)), count, limit)
    return [Passage(start, end, text[start:end]) for start, end in spans]


def split_span(
    text: str,
    span: Span,
    count: CountSpan,
    limit: int,
    blocks: Sequence[Block] = (),
    block_limit: int | None = None,
) -> list[Span]:
    """Split a part of a text into passages: where they are.

    Args:
        text: all of it.
        span: the part.
        count: as `count_spans` gives it.
        limit: the most tokens of a passage, at least 1.
        blocks: what lies in this part and is kept whole where it fits, in order.
        block_limit: the most tokens of a block that is kept whole; `limit` if None.
    """
    whole = _strip(text, *span)
    if whole[0] == whole[1]:
        return []
    if span[1] - span[0] <= 4 * limit and count(*whole) <= limit:
        return [whole]
    pieces = _pieces(text, span, blocks, count, (limit, block_limit or limit))
    return list(_pack(pieces, count, limit))


def count_spans(text: str, count_tokens: CountTokens, limit: int) -> CountSpan:
    """Counting of parts of a text: the very long count as too long, and nobody waiting ends it."""

    def count(start: int, end: int) -> int:
        check_waiter()
        if end - start > _CHARACTERS_PER_TOKEN * limit:
            return limit + 1
        return count_tokens(text[start:end])

    return count


def _strip(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _sentence_ends(text: str, start: int, stop: int) -> Iterator[re.Match[str]]:
    """The ends of sentences, looked for in windows, as `re` lets no other thread work meanwhile.

    A window ends inside a word, where no sentence ends; or anywhere, in a text that has none.
    """
    while start < stop:
        end = min(start + _WINDOW, stop)
        while end < min(start + 2 * _WINDOW, stop) and not text[end - 1 : end + 1].isalnum():
            end += 1
        yield from _SENTENCE_END.finditer(text, start, end)
        start = end


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of a part of a text, without white space around them."""
    for match in _sentence_ends(text, start, end):
        if _SHORT.search(text, max(start, match.end() - 8), match.end()):
            continue
        span = _strip(text, start, match.end())
        if span[0] < span[1]:
            yield span
        start = match.end()
    span = _strip(text, start, end)
    if span[0] < span[1]:
        yield span


def _pieces(
    text: str, span: Span, blocks: Sequence[Block], count: CountSpan, limits: tuple[int, int]
) -> Iterator[tuple[Span, int]]:
    """The pieces of a part of a text, each with its number of tokens; `limits` are of both kinds.

    They are blocks; between these sentences; and pieces of what is too long.
    """
    at = span[0]
    for block in blocks:
        yield from _fitting(text, sentences(text, at, block.start), count, limits[0])
        yield from _block_pieces(text, block, count, limits)
        at = block.end
    yield from _fitting(text, sentences(text, at, span[1]), count, limits[0])


def _fitting(
    text: str, spans: Iterator[Span], count: CountSpan, limit: int
) -> Iterator[tuple[Span, int]]:
    for span in spans:
        tokens = count(*span)
        if tokens <= limit:
            yield span, tokens
        else:
            yield from _split_sentence(text, span, count, limit)


def _block_pieces(
    text: str, block: Block, count: CountSpan, limits: tuple[int, int]
) -> Iterator[tuple[Span, int]]:
    """A block that fits; or else its lines, if they stand for themselves, or its sentences."""
    span = _strip(text, block.start, block.end)
    if block.has_rows:  # of code, the first line keeps its indent
        span = max(block.start, text.rfind("\n", block.start, span[0]) + 1), span[1]
    if span[0] >= span[1]:
        return
    tokens = count(*span)
    if tokens <= limits[1]:
        yield span, tokens
        return
    parts = _lines(text, *span) if block.has_rows else sentences(text, *span)
    yield from _fitting(text, parts, count, limits[0])


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        if not text[start:stop].isspace() and start < stop:
            yield start, stop
        start = stop + 1


def words(text: str, start: int, end: int) -> Iterator[Span]:
    """The words of a part, looked for in windows as well: one may be as long as the text."""
    word: Span | None = None
    for at in range(start, end, _WINDOW):
        for match in _WORD.finditer(text, at, min(at + _WINDOW, end)):
            if word is not None and word[1] == match.start():  # it goes on in this window
                word = word[0], match.end()
                continue
            if word is not None:
                yield word
            word = match.span()
    if word is not None:
        yield word


def _split_sentence(
    text: str, span: Span, count: CountSpan, limit: int
) -> Iterator[tuple[Span, int]]:
    """Pieces of a sentence that end between words, as long as they fit."""
    spans = words(text, *span)
    ahead = list(islice(spans, _WORDS_PER_TOKEN * limit))
    while ahead:
        start = ahead[0][0]
        fits = find_most(
            len(ahead),
            lambda n, start=start, ahead=ahead: (  # type: ignore[misc]
                count(start, ahead[n - 1][1]) <= limit
            ),
            guess=max(1, limit // 2),
        )
        if fits:
            end = ahead[fits - 1][1]
            yield (start, end), count(start, end)
        else:
            yield from _split_word(text, ahead[0], count, limit)
        del ahead[: max(fits, 1)]
        ahead.extend(islice(spans, max(fits, 1)))


def _split_word(text: str, span: Span, count: CountSpan, limit: int) -> Iterator[tuple[Span, int]]:
    """Pieces of a word, none of which begins with a mark that combines with the one before."""
    start, stop = span
    while start < stop:
        fits = find_most(
            stop - start,
            lambda n, start=start: count(start, start + n) <= limit,  # type: ignore[misc]
            guess=limit,
        )
        end = start + max(fits, 1)
        whole = end
        while whole > start + 1 and whole < stop and unicodedata.combining(text[whole]):
            whole -= 1
        end = whole if whole > start + 1 else end
        yield (start, end), count(start, end)
        start = end


def find_most(n: int, fits: Callable[[int], bool], *, guess: int) -> int:
    """The greatest count from 0 to n that fits, looked for outwards from a guess."""
    low, high = 0, min(guess, n)
    while fits(high):
        low = high
        if high == n:
            return n
        high = min(2 * high, n)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def _pack(pieces: Iterator[tuple[Span, int]], count: CountSpan, limit: int) -> Iterator[Span]:
    """Join neighbouring pieces while together they fit.

    The sum of their counts says how many to try; the tokenizer itself has the last word, for some
    make more tokens of a whole than of its parts.
    """
    group: list[tuple[Span, int]] = []
    total = 0
    for piece in pieces:
        while group and total + piece[1] > limit:
            span, group = _close(group, count, limit)
            total = sum(tokens for _, tokens in group)
            yield span
        group.append(piece)
        total += piece[1]
    while group:
        span, group = _close(group, count, limit)
        yield span


def _close(
    group: list[tuple[Span, int]], count: CountSpan, limit: int
) -> tuple[Span, list[tuple[Span, int]]]:
    """As many of the first pieces as fit, as one span, and those that are left."""
    most = len(group)
    while most > 1 and count(group[0][0][0], group[most - 1][0][1]) > limit:
        most -= 1
    return (group[0][0][0], group[most - 1][0][1]), group[most:]
