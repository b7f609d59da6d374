"""Hits as text that a language model can read and cite."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sized
from numbers import Integral
from typing import TYPE_CHECKING, Any, Protocol

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.hits.excerpts import excerpts_of, heading_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.index.hits.hit import Hit

__all__ = ["BYTES_PER_TOKEN", "Tokenizer", "context_of", "token_counter"]

BYTES_PER_TOKEN = 3
"""Where no tokenizer is given: of UTF-8, rather too few than too many (English has over 4)."""

_BREAK = "\n[...]\n"
_BLANK = "\n\n"
_NOUNS = {
    Modality.TEXT: "(a text)",
    Modality.IMAGE: "(a picture)",
    Modality.AUDIO: "(a sound)",
}


class Tokenizer(Protocol):
    """What most tokenizers have: tiktoken's, Hugging Face's."""

    def encode(self, text: str, /) -> Any:
        """The tokens of a text, which have a length."""
        ...


def context_of(
    hits: Sequence[Hit],
    max_tokens: int | None = None,
    tokenizer: Tokenizer | Callable[[str], Any] | None = None,
) -> str:
    """Hits as numbered, cited text; see `anysense.index.hits.hits.Hits.as_context`."""
    _check_most(max_tokens)
    count = token_counter(tokenizer)
    whole = _BLANK.join(_told(number, hit) for number, hit in enumerate(hits, 1))
    if max_tokens is None or count(whole) <= max_tokens:
        return whole
    most = room = max_tokens
    while room > 0:
        text = _fitting(hits, room, count)
        over = count(text) - most
        if over <= 0:
            return text
        room -= over  # a whole may have more tokens than its parts
    return ""


def _check_most(value: Any) -> None:
    if value is not None and (not isinstance(value, Integral) or int(value) < 1):
        raise UsageError(f"max_tokens is a whole number from 1 on, not {value!r}.")


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
        # What Hugging Face's tokenizers give, if they are called, is a mapping.
        tokens = tokens["input_ids"] if isinstance(tokens, Mapping) else tokens
        return len(tokens) if isinstance(tokens, Sized) else operator.index(tokens)

    return count


def _told(number: int, hit: Hit, most: int | None = None) -> str:
    """What is said of one hit: a line that cites it, and its best segments."""
    excerpts = excerpts_of(hit, most)
    heading = heading_of(number, hit, excerpts)
    if most is not None:
        count = 1 + len(hit.segments)
        heading += f" (of {count} passages {count - most} left out, for length)"
    texts = (e.text if e.text is not None else _NOUNS[e.modality] for e in excerpts)
    return f"{heading}\n{_BREAK.join(texts)}"


def _fitting(hits: Sequence[Hit], room: int, count: Callable[[str], int]) -> str:
    """As many of the hits, in their order, as have at most `room` tokens, and what is left out.

    A passage is given whole or not at all; of those of one hit, the best come first. There is room
    for the note of what is left out, unless then there is none for any hit.
    """
    for reserved in (count(_BLANK + _note([1, 3, 5])), 0):  # as long as most notes are
        parts, left_out = _taken(hits, room - reserved, count)
        if parts:
            break
    notes = ["", _note(left_out), f"(Left out, for length: {len(left_out)} more.)"]
    for note in notes[1:] if left_out else notes[:1]:
        text = _BLANK.join(filter(None, [*parts, note]))
        if count(text) <= room:
            return text
    return _BLANK.join(parts)


def _taken(
    hits: Sequence[Hit], room: int, count: Callable[[str], int]
) -> tuple[list[str], list[int]]:
    """What is said of the hits that have room, and the numbers of the others."""
    parts: list[str] = []
    left_out: list[int] = []
    for number, hit in enumerate(hits, 1):
        several = (None, *range(len(hit.segments), 0, -1))
        told = (_BLANK + _told(number, hit, most) for most in several)
        part = next((part for part in told if count(part) <= room), None)
        if part is None:
            left_out.append(number)
        else:
            room -= count(part)
            parts.append(part.removeprefix(_BLANK))
    return parts, left_out


def _note(left_out: Sequence[int]) -> str:
    """Which hits are left out, in ranges."""
    ranges: list[list[int]] = []
    for number in left_out:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1] = [ranges[-1][0], number]
        else:
            ranges.append([number])
    numbers = ", ".join("-".join(f"[{number}]" for number in each) for each in ranges)
    return f"(Left out, for length: {numbers}.)"
