"""Which members of a tar are items, and which say something of them.

Members are grouped as in a WebDataset: by their names up to the first dot after the last slash. Of
a group the pictures, sounds and documents are items; its ``.txt`` and ``.caption`` are captions of
its pictures and sounds, its ``.json`` and ``.cls`` metadata of all of them. Where a group has
neither a picture nor a sound, its texts are items themselves, as in a folder.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.media.identify import MEDIA_SUFFIXES
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from anysense.index.building.sources.tars.headers import Extent

__all__ = [
    "CAPTION_SUFFIXES",
    "CLASS_SUFFIX",
    "JSON_SUFFIX",
    "Groups",
    "Words",
    "group_key",
    "group_members",
]

CAPTION_SUFFIXES = (".txt", ".caption")
JSON_SUFFIX = ".json"
CLASS_SUFFIX = ".cls"

_KEY = re.compile(r"((?:.*/)?[^./]+)\.[^/]*", re.DOTALL)


class Words(NamedTuple):
    """A member that says something of the others of its group.

    Attributes:
        ending: its name after the dot that ends the group's key.
        start: where its bytes begin.
        size: how many it has.
    """

    ending: str
    start: int
    size: int


class Groups(NamedTuple):
    """The members of a tar, sorted out.

    Attributes:
        items: what is an item, by its name, in the order of the tar.
        words: what says something of the items of a group, by the group's key, captions first.
        others: names of files that are neither.
    """

    items: dict[str, Extent]
    words: dict[str, tuple[Words, ...]]
    others: list[str]


def group_key(name: str) -> str | None:
    """A name up to the first dot after its last slash; None where nothing is before that dot."""
    match = _KEY.fullmatch(name)
    return match[1] if match else None


def group_members(
    members: Mapping[str, Extent],
    suffixes: Iterable[str],
    streams: Set[str] = frozenset(),
    *,
    with_words: bool = True,
) -> Groups:
    """Sort out the members of a tar.

    Args:
        members: its files, by name.
        suffixes: of what is read here, in small letters.
        streams: names of members that are videos though their suffix is not one of these.
        with_words: whether some say something of others; if not, texts are items too.
    """
    read = frozenset(suffixes)
    described = {
        group_key(name)
        for name in members
        if name in streams or MEDIA_SUFFIXES.get(_suffix(name), Modality.TEXT) is not Modality.TEXT
    }
    items: dict[str, Extent] = {}
    texts: dict[str, list[Words]] = {}
    others = []
    for name, member in members.items():
        suffix, key = _suffix(name), group_key(name)
        is_caption = suffix in CAPTION_SUFFIXES and key in described
        if with_words and key and (is_caption or suffix in (JSON_SUFFIX, CLASS_SUFFIX)):
            words = Words(sys.intern(name[len(key) + 1 :]), member.start, member.size)
            texts.setdefault(key, []).append(words)
        elif (suffix in read or name in streams) and key:
            items[name] = member
        else:
            others.append(name)
    keys = {group_key(name) for name in items}
    others += [f"{k}.{w.ending}" for k, found in texts.items() if k not in keys for w in found]
    ranked = {k: tuple(sorted(found, key=_rank)) for k, found in texts.items() if k in keys}
    return Groups(items, ranked, others)


def _suffix(name: str) -> str:
    """The last suffix of a name that has one, in small letters."""
    return "." + name.rpartition(".")[2].lower()


def _rank(words: Words) -> tuple[int, int, str]:
    """Captions before metadata; of several of one kind the shortest name, which says the most."""
    order = [*CAPTION_SUFFIXES, CLASS_SUFFIX, JSON_SUFFIX]
    return order.index(_suffix(f"_.{words.ending}")), len(words.ending), words.ending
