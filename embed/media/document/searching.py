"""Patterns in texts of any length, looked for without holding up other threads.

`re` keeps the interpreter to itself while it looks: seconds for a text of 20 million characters, in
which a service answers nobody. `regex` lets others have it meanwhile.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import regex

__all__ = ["PART", "in_parts", "replace"]

PART = 1 << 16
"""Characters that any one step may take at once: well under a millisecond each."""


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


def in_parts(text: str) -> Iterator[str]:
    """A text in parts of `PART` characters, such that folding each is folding the whole.

    Each begins with a character that never joins the one before it. Where there is none, a part is
    longer.
    """
    start = 0
    while start < len(text):
        end = start + PART
        while end < len(text) and not _stands_alone(text[end]):
            end += 1
        yield text[start:end]
        start = end


def _stands_alone(character: str) -> bool:
    """Whether it joins nothing before it: it is no mark, line feed or later letter of Hangul.

    A byte order mark does not count, as it is dropped, and what follows it may join.
    """
    if character.isascii():
        return character != "\n"
    is_mark = unicodedata.category(character)[0] == "M" or unicodedata.combining(character) > 0
    is_rare = character >= "\ufeff"  # some vowels above are letters by category
    return not (is_mark or is_rare or "\u1160" <= character <= "\u11ff")
