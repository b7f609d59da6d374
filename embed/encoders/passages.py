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
from typing import TypeAlias

from anysense.embed.types import Passage
from anysense.embed.waiting import check_waiter

__all__ = ["CountTokens", "split_passages"]

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
    count = _counter(text, count_tokens, limit)
    whole = _strip(text, 0, len(text))
    if len(text) <= 4 * limit and count(*whole) <= limit:
        return [_passage(text, whole)]
    pieces = _pieces(text, count, limit)
    return [_passage(text, span) for span in _pack(pieces, count, limit)]


def _counter(text: str, count_tokens: CountTokens, limit: int) -> CountSpan:
    """Counting that calls what is very long too long, and stops when nobody waits for it."""

    def count(start: int, end: int) -> int:
        check_waiter()
        if end - start > _CHARACTERS_PER_TOKEN * limit:
            return limit + 1
        return count_tokens(text[start:end])

    return count


def _passage(text: str, span: Span) -> Passage:
    return Passage(span[0], span[1], text[span[0] : span[1]])


def _strip(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _sentence_ends(text: str) -> Iterator[re.Match[str]]:
    """The ends of sentences, looked for in windows, as `re` lets no other thread work meanwhile.

    A window ends inside a word, where no sentence ends; or anywhere, in a text that has none.
    """
    start = 0
    while start < len(text):
        end = min(start + _WINDOW, len(text))
        while end < min(start + 2 * _WINDOW, len(text)) and not text[end - 1 : end + 1].isalnum():
            end += 1
        yield from _SENTENCE_END.finditer(text, start, end)
        start = end


def _sentences(text: str) -> Iterator[Span]:
    start = 0
    for match in _sentence_ends(text):
        if _SHORT.search(text, max(start, match.end() - 8), match.end()):
            continue
        span = _strip(text, start, match.end())
        if span[0] < span[1]:
            yield span
        start = match.end()
    span = _strip(text, start, len(text))
    if span[0] < span[1]:
        yield span


def _pieces(text: str, count: CountSpan, limit: int) -> Iterator[tuple[Span, int]]:
    """Sentences, and pieces of those that are too long, each with its number of tokens."""
    for span in _sentences(text):
        tokens = count(*span)
        if tokens <= limit:
            yield span, tokens
        else:
            yield from _split_sentence(text, span, count, limit)


def _words(text: str, start: int, end: int) -> Iterator[Span]:
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
    spans = _words(text, *span)
    words = list(islice(spans, _WORDS_PER_TOKEN * limit))
    while words:
        start = words[0][0]
        fits = _most(
            len(words),
            lambda n, start=start, words=words: (  # type: ignore[misc]
                count(start, words[n - 1][1]) <= limit
            ),
            guess=max(1, limit // 2),
        )
        if fits:
            end = words[fits - 1][1]
            yield (start, end), count(start, end)
        else:
            yield from _split_word(text, words[0], count, limit)
        del words[: max(fits, 1)]
        words.extend(islice(spans, max(fits, 1)))


def _split_word(text: str, span: Span, count: CountSpan, limit: int) -> Iterator[tuple[Span, int]]:
    """Pieces of a word, none of which begins with a mark that combines with the one before."""
    start, stop = span
    while start < stop:
        fits = _most(
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


def _most(n: int, fits: Callable[[int], bool], *, guess: int) -> int:
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
