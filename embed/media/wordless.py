"""Pictures and recordings that are read for the words in them alone, and have none.

Where no encoder sees or hears, nothing is wrong with such a file: it is no part of the collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import UnsupportedMediaError

if TYPE_CHECKING:
    from anysense.embed.types import Kind

__all__ = ["is_wordless", "wordless"]

_REASON = "in which no words were recognised, and which no encoder here takes for anything else"


def wordless(name: str, kind: Kind) -> UnsupportedMediaError:
    """The error for a picture or a recording without words, where only these would count.

    Args:
        name: what the error calls it.
        kind: of it.
    """
    return UnsupportedMediaError(name, f"is {kind} {_REASON}")


def is_wordless(reason: str) -> bool:
    """Whether that is why something could not be read, by the reason that the error has stated."""
    return reason.endswith(_REASON)
