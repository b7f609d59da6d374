"""Hits as HTML for a notebook: small pictures, players and passages, with nothing from elsewhere.

There is no script in it, no style sheet and no address: each element has its own style, as a
notebook that does not trust an output keeps that, and so it cannot change what is around it.
Colours are those of the notebook, dark or light, and greys that are seen on both. Pictures and
sounds are inside of it, as long as they have room: the notebook's file keeps them.
"""

from __future__ import annotations

import base64
import json
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError, MediaTooLargeError, UsageError
from anysense.embed.media.files import readable_size
from anysense.embed.types import HEADING_SIGN, Kind, Modality
from anysense.index.hits.attachments import picture_of
from anysense.index.hits.excerpts import excerpts_of
from anysense.index.hits.places import one_line, show_place
from anysense.index.hits.players import film_of, player_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from anysense.index.hits.excerpts import Excerpt
    from anysense.index.hits.hit import Hit
    from anysense.index.hits.media import MediaFile

__all__ = ["MEDIA_BYTES", "html_of"]

MEDIA_BYTES = 4 * 1024**2
"""What pictures and sounds have together, before base64 makes them a third longer."""
MOST_HITS = 50
_SIDE = 320
_MEDIUM_BYTES = 512 * 1024
_FILM_BYTES = 1024**2
_LEAST_BYTES = 8 * 1024
"""Where there is less room, media are not read to see whether they fit."""
_MOST_EXCERPTS = 3
_MOST_FILMS = 3
"""So many videos are played; the others are shown by a frame, as cutting takes seconds."""
_PASSAGE_CHARACTERS = 400
_WRAPPED_CHARACTERS = 60
"""A line of at least so many ends where the writer's window did, not where something ends."""
_MOST_FIELDS = 12
_FIELD_CHARACTERS = 200

_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), " ")
"""Signs that HTML has not, for `str.translate`."""

_GREY = "rgba(128,128,128,0.45)"
_LIST = "display:flex;flex-wrap:wrap;gap:10px;align-items:flex-start;max-width:100%"
_CARD = (
    f"box-sizing:border-box;width:240px;max-width:100%;padding:8px;border:1px solid {_GREY};"
    "border-radius:6px;font-size:12px;line-height:1.4;overflow-wrap:anywhere"
)
_WIDE_CARD = _CARD.replace("240px", "490px")
_PICTURE = (
    "display:block;margin:0 auto 6px;max-width:100%;max-height:240px;width:auto;height:auto;"
    "border-radius:3px"
)
_PLAYER = "display:block;width:100%;height:36px;margin:0 0 6px"
_PASSAGE = f"margin:0 0 6px;padding-left:8px;border-left:3px solid {_GREY};white-space:pre-wrap"
_QUIET = "opacity:0.75"


def html_of(hits: Sequence[Hit], *, no_match: bool) -> str:
    """A `div` with a card for each hit.

    What of their pictures and sounds has no room, or cannot be read, is said.

    Args:
        hits: best first.
        no_match: whether chance alone may have found them.
    """
    room = _Room(MEDIA_BYTES)
    cards = [_card(number, hit, room) for number, hit in enumerate(hits[:MOST_HITS], start=1)]
    notes = []
    if not hits:
        notes.append("No hits.")
    elif no_match:
        notes.append("Nothing stands out: chance alone may have found these.")
    if len(hits) > MOST_HITS:
        notes.append(f"{len(hits) - MOST_HITS:,} more hits are not shown.")
    if room.left_out:
        many = "1 picture or sound is"
        if room.left_out > 1:
            many = f"{room.left_out} pictures and sounds are"
        notes.append(f"{many} left out: those shown have {readable_size(MEDIA_BYTES)} together.")
    said = "".join(f'<p style="margin:0 0 6px">{escape(note)}</p>' for note in notes)
    return f'<div>{said}<div style="{_LIST}">{"".join(cards)}</div></div>'


class _Room:
    """How many bytes of media may still come, and how many media had none."""

    def __init__(self, most_bytes: int) -> None:
        self.bytes_left = most_bytes
        self.left_out = 0
        self.films_left = _MOST_FILMS

    def take(self, medium: MediaFile) -> str | None:
        """A medium as an address that holds it; None if it has no room."""
        if len(medium.data) > self.bytes_left:
            self.left_out += 1
            return None
        self.bytes_left -= len(medium.data)
        return f"data:{medium.mime_type};base64,{base64.b64encode(medium.data).decode('ascii')}"


def _card(number: int, hit: Hit, room: _Room) -> str:
    excerpts = excerpts_of(hit, _MOST_EXCERPTS)
    best = next((e for e in excerpts if e.score == hit.score), excerpts[0])
    passages = [e for e in excerpts if e.text]
    parts = [_medium(hit, best, room), *map(_passage, passages)]
    parts += [_caption(number, hit, best), _metadata(hit.metadata)]
    style = _WIDE_CARD if passages and hit.kind in (Kind.TEXT, Kind.DOCUMENT) else _CARD
    return f'<div style="{style}">{"".join(parts)}</div>'


def _medium(hit: Hit, best: Excerpt, room: _Room) -> str:
    """The item's picture, page, frame or sound; what is in the way of it, if something is."""
    is_sound = hit.kind is Kind.AUDIO
    is_seen = hit.kind in (Kind.IMAGE, Kind.VIDEO)
    if not is_sound and not is_seen and best.modality is not Modality.IMAGE:
        return ""
    if room.bytes_left < _LEAST_BYTES:  # not even read
        room.left_out += 1
        return ""
    try:
        film = _film(hit, room)
        if film:
            return film
        if is_sound:
            medium = player_of(hit, best, _MEDIUM_BYTES)
        else:
            medium = picture_of(hit, best.place, _SIDE, _MEDIUM_BYTES)
    except UsageError:  # a hit that was made without a collection
        return ""
    except AnysenseError as error:
        return f'<p style="margin:0 0 6px;{_QUIET}">{escape(one_line(str(error)))}</p>'
    uri = room.take(medium)
    if uri is None:
        return ""
    if is_sound:
        return f'<audio controls preload="metadata" style="{_PLAYER}" src="{uri}"></audio>'
    return f'<img style="{_PICTURE}" alt="{escape(_name(hit))}" src="{uri}">'


def _film(hit: Hit, room: _Room) -> str:
    """The moment of a video, if it is to be played and has room."""
    if hit.frame is None or not room.films_left:
        return ""
    room.films_left -= 1
    try:
        film = film_of(hit, min(_FILM_BYTES, room.bytes_left))
    except MediaTooLargeError:
        return ""
    return f'<video controls preload="metadata" style="{_PICTURE}" src="{room.take(film)}"></video>'


def _passage(excerpt: Excerpt) -> str:
    text = _unwrapped((excerpt.text or "").translate(_CONTROLS).strip())
    shown = text[:_PASSAGE_CHARACTERS] + ("…" if len(text) > _PASSAGE_CHARACTERS else "")
    heading = one_line(HEADING_SIGN.join(excerpt.heading))
    above = f'<div style="{_QUIET}"><bdi>{escape(heading)}</bdi></div>' if heading else ""
    return f'{above}<blockquote style="{_PASSAGE}"><bdi>{escape(shown)}</bdi></blockquote>'


def _unwrapped(text: str) -> str:
    """A text whose lines end where the browser's do, but for short ones, as code and lists have."""
    lines = text.split("\n")
    ends = [
        " " if len(line) >= _WRAPPED_CHARACTERS and following.strip() else "\n"
        for line, following in pairwise(lines)
    ]
    return "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))


def _caption(number: int, hit: Hit, best: Excerpt) -> str:
    source = escape(one_line(hit.source))
    place = show_place(best.place, best.origin)
    about = ", ".join(filter(None, (str(hit.kind), place, f"score {hit.score:.2f}")))
    return (
        f'<div title="{source}"><b>{number}</b> <bdi>{escape(_name(hit))}</bdi></div>'
        f'<div style="{_QUIET}">{escape(about)}</div>'
    )


def _metadata(metadata: Mapping[str, Any]) -> str:
    if not metadata:
        return ""
    rows = [
        f"<bdi>{escape(_short(one_line(str(name))))}</bdi>: <bdi>{escape(_value(value))}</bdi>"
        for name, value in list(metadata.items())[:_MOST_FIELDS]
    ]
    if len(metadata) > _MOST_FIELDS:
        rows.append(f"and {len(metadata) - _MOST_FIELDS:,} more")
    return f'<details style="{_QUIET}"><summary>metadata</summary>{"<br>".join(rows)}</details>'


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return _short(one_line(text))


def _short(text: str) -> str:
    return text if len(text) <= _FIELD_CHARACTERS else f"{text[:_FIELD_CHARACTERS]}…"


def _name(hit: Hit) -> str:
    """The last part of a path, as one line."""
    parts: Sequence[str] = hit.source.replace("\\", "/").rstrip("/").split("/")
    return one_line(parts[-1]) or one_line(hit.source)
