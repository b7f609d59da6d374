"""Hits as text that a language model can read and cite."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.hits.excerpts import excerpts_of, heading_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.index.hits.excerpts import Excerpt
    from anysense.index.hits.hit import Hit

__all__ = ["BYTES_PER_TOKEN", "Tokenizer", "context_of", "token_counter"]

BYTES_PER_TOKEN = 3
"""Where no tokenizer is given: of UTF-8, rather too few than too many (English has over 4)."""

_BREAK = "\n[...]\n"
_BLANK = "\n\n"
_NOUNS = {Modality.IMAGE: "(a picture)", Modality.AUDIO: "(a sound)"}


class Tokenizer(Protocol):
    """What most tokenizers have: tiktoken's, Hugging Face's."""

    def encode(self, text: str, /) -> Any:
        """The tokens of a text, which have a length."""
        ...


@dataclass(frozen=True)
class _Entry:
    """What is said of one hit: a line that cites it, and its excerpts."""

    heading: str
    excerpts: list[tuple[Excerpt, str]]
    all: int

    @property
    def text(self) -> str:
        return "\n".join([self.heading, _BREAK.join(text for _, text in self.excerpts)])


def context_of(
    hits: Sequence[Hit],
    max_tokens: int | None = None,
    tokenizer: Tokenizer | Callable[[str], Any] | None = None,
) -> str:
    """Hits as numbered, cited text; see `anysense.index.hits.hits.Hits.as_context`."""
    if max_tokens is not None and max_tokens < 1:
        raise UsageError(f"max_tokens is a whole number from 1 on, not {max_tokens}.")
    count = token_counter(tokenizer)
    entries = [_entry(number, hit) for number, hit in enumerate(hits, 1)]
    if max_tokens is None:
        return _BLANK.join(entry.text for entry in entries)
    room = max_tokens
    while True:
        text = _fitting(entries, room, count)
        over = count(text) - max_tokens
        if over <= 0:
            return text
        if room <= 0:
            return ""  # not even what was left out can be said
        room -= over  # a whole may have more tokens than its parts


def token_counter(
    tokenizer: Tokenizer | Callable[[str], Any] | None,
) -> Callable[[str], int]:
    """What counts the tokens of a text.

    Args:
        tokenizer: an object with `encode`, or a function that gives tokens or their number; if
            None, they are guessed from the length.
    """
    if tokenizer is None:
        return lambda text: math.ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN)
    encode: Callable[[str], Any] = getattr(tokenizer, "encode", None) or tokenizer  # type: ignore[assignment]

    def count(text: str) -> int:
        tokens = encode(text)
        return tokens if isinstance(tokens, int) else len(tokens)

    return count


def _entry(number: int, hit: Hit) -> _Entry:
    excerpts = excerpts_of(hit)
    said = [(e, e.text if e.text is not None else _NOUNS[e.modality]) for e in excerpts]
    return _Entry(heading_of(number, hit, excerpts), said, len(said))


def _fitting(entries: list[_Entry], room: int, count: Callable[[str], int]) -> str:
    """As many of the entries, in their order, as have at most `room` tokens, and what is left out.

    An excerpt is given whole or not at all; of those of one hit, the best come first.
    """
    taken: list[_Entry] = []
    left_out: list[int] = []
    used = 0
    for number, entry in enumerate(entries, 1):
        short = _shortened(entry, room - used - count(_note([*left_out, number])), count)
        if short is None:
            left_out.append(number)
            continue
        used += count(_BLANK + short.text)
        taken.append(short)
    parts = [entry.text for entry in taken]
    if left_out:
        parts.append(_note(left_out))
    return _BLANK.join(parts)


def _shortened(entry: _Entry, room: int, count: Callable[[str], int]) -> _Entry | None:
    """An entry with those of its excerpts that have room; None if none has."""
    if count(_BLANK + entry.text) <= room:
        return entry
    best_first = sorted(entry.excerpts, key=lambda pair: -pair[0].score)
    for number in range(len(best_first) - 1, 0, -1):
        best = [excerpt for excerpt, _ in best_first[:number]]
        kept = [pair for pair in entry.excerpts if pair[0] in best]
        missing = entry.all - len(kept)
        more = f"{entry.heading} (of {entry.all} passages {missing} left out, for length)"
        short = _Entry(more, kept, entry.all)
        if count(_BLANK + short.text) <= room:
            return short
    return None


def _note(left_out: Sequence[int]) -> str:
    if not left_out:
        return ""
    numbers = ", ".join(f"[{number}]" for number in left_out)
    return f"(Left out, for length: {numbers}.)"
