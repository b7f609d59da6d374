"""Patterns in texts of any length, looked for without holding up other threads.

`re` keeps the interpreter to itself while it looks: seconds for a text of 20 million characters, in
which a service answers nobody. `regex` lets others have it meanwhile.
"""

from __future__ import annotations

import codecs
import unicodedata
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import regex

__all__ = [
    "PART",
    "change",
    "decode_in_parts",
    "in_parts",
    "joins_letter",
    "joins_line",
    "replace",
]

Joins: TypeAlias = "Callable[[str, str], bool]"
"""Whether a character, the second, belongs together with those before it, the first."""

PART = 1 << 16
"""Characters that any one step may take at once: well under a millisecond each."""

_READ_WHOLE = frozenset(
    ["idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7", "utf-16", "utf-32"]
)
"""Encodings that no document is in without a mark; in parts they would be read otherwise."""

_CHAIN = 3
"""Characters before one that can become one with it: none is made of more than four."""


def replace(
    pattern: regex.Pattern[str],
    replacement: str | Callable[[regex.Match[str]], str],
    text: str,
) -> str:
    """`pattern.sub`; handing over the interpreter costs more than a short text takes.

    Raises:
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    check_waiter()
    return pattern.sub(replacement, text, concurrent=len(text) > PART)


def change(text: str, work: Callable[[str], str], joins: Joins) -> str:
    """What some work makes of a text, done in parts; the text itself where it changes nothing.

    Args:
        text: of any length.
        work: what is done to a part; of the parts together it makes what it makes of the whole.
        joins: whether a part may not end at a place; see `in_parts`.

    Raises:
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    if len(text) <= PART:
        return work(text)
    changed: list[str] = []
    start = done = 0
    for part in in_parts(text, joins):
        check_waiter()
        new = work(part)
        if new != part:  # what stays is copied at the end, if at all
            changed += (text[done:start], new)
            done = start + len(part)
        start += len(part)
    return "".join([*changed, text[done:]]) if changed else text


def in_parts(text: str, joins: Joins) -> Iterator[str]:
    """A text in parts of `PART` characters.

    Where a character joins what stands before it, it is in the same part, which is longer then.
    """
    start = 0
    while start < len(text):
        end = start + PART
        while end < len(text) and joins(text[end - _CHAIN : end], text[end]):
            end += 1
        yield text[start:end]
        start = end


def decode_in_parts(data: bytes, encoding: str) -> str:
    """`data.decode(encoding)`, for an encoding of texts; what it raises says another place.

    Raises:
        UnicodeDecodeError: they are not in it.
        LookupError: there is no such encoding of texts.
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    if len(data) <= PART or encoding in _READ_WHOLE:
        return data.decode(encoding)
    "a".encode(encoding)  # what is no encoding of texts refuses this
    decoder = codecs.getincrementaldecoder(encoding)()
    parts = []
    for start in range(0, len(data), PART):
        check_waiter()
        part = data[start : start + PART]
        try:
            parts.append(decoder.decode(part, final=start + PART >= len(data)))
        except UnicodeDecodeError:
            raise
        except UnicodeError as error:  # a part ends within an escape that is none
            raise UnicodeDecodeError(encoding, part, len(part) - 1, len(part), str(error)) from None
    return "".join(parts)


def joins_line(before: str, character: str) -> bool:
    """Whether a character ends a line together with the one before."""
    return character == "\n" and before.endswith("\r")


def joins_letter(before: str, character: str) -> bool:
    """Whether a character may become one with those before, or change places with them.

    A vowel may join what is not composed before that is: they are tried together.
    """
    if character.isascii():
        return False
    if unicodedata.combining(character):
        return True
    alone = _composed(character)
    ends = (before[at:] for at in range(len(before)))
    return any(_composed(end + character) != _composed(end) + alone for end in ends)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
