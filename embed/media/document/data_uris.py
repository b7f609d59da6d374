"""Pictures and other files that lie inside a text as data URIs: they are no words of it.

Markdown has them as `![alt](data:image/png;base64,...)` or, as Google Docs writes it, at its end as
`[image1]: <data:image/png;base64,...>`; HTML as `<img src="data:...">`, style sheets as
`url(data:...)`.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import regex

from anysense.embed.media.document.searching import PART, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["drop_data_uris", "picture_files"]

_MOST_PICTURES = 64
_MOST_CHARACTERS = 64 * 1024**2  # of all of them, in Base64

_BASE64 = r"[\w+/=%-]"
# Lines of it are long, but for the last, which a bracket or a quote follows.
_WRAPPED = rf"(?:(?:\s+{_BASE64}{{60,}})+(?:\s+{_BASE64}+(?=\s*[\"')>]))?)?"
_URI = regex.compile(
    r"data:(?P<type>[\w.+-]{1,40}/[\w.+-]{1,80})?(?:;[\w.+-]{1,40}(?:=[^\s,;\"'<>()]{0,80})?){0,8}"
    rf"(?:(?<=;base64),\s{{0,8}}(?P<payload>{_BASE64}{{16,}}{_WRAPPED})"
    r"|,(?:<svg\b(?:(?!</svg>).)*(?:</svg>)?|(?:%[0-9a-f]{2}|[^\s\"'<>()]){40,}))",
    regex.I | regex.S | regex.A,
)
_SCHEME = regex.compile("data:", regex.I | regex.A)
_DEFINITION = regex.compile(r"^[ ]{0,3}\[[^\]\n]{1,200}\]:[ \t]*<?>?[ \t]*$\n?", regex.M)


def drop_data_uris(text: str) -> str:
    """A text without its data URIs; what names them, such as an alternative text, stays."""
    if not _SCHEME.search(text, concurrent=len(text) > PART):
        return text
    short = replace(_URI, "", text)
    return replace(_DEFINITION, "", short) if len(short) < len(text) else text


def picture_files(text: str) -> Iterator[bytes]:
    """The files of the pictures in a text's data URIs, each once; up to 64 of them, and 64 MiB."""
    seen: set[bytes] = set()
    left = _MOST_CHARACTERS
    for match in _URI.finditer(text, concurrent=len(text) > PART):
        payload, media_type = match["payload"], match["type"] or ""
        if not payload or not media_type.lower().startswith("image/"):
            continue
        left -= len(payload)
        if left < 0 or len(seen) == _MOST_PICTURES:
            return
        data = _decoded(payload)
        if data not in seen:
            seen.add(data)
            yield data


def _decoded(payload: str) -> bytes:
    """The bytes of a payload; none where it is damaged."""
    try:
        return base64.b64decode("".join(payload.split()).replace("%2B", "+").replace("%3D", "="))
    except (binascii.Error, ValueError):
        return b""
