"""Pictures and sounds that bodies hold: data URIs, base64, and addresses of files elsewhere."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from anysense.embed.types import Modality
from anysense.index.showing.names import safe_name
from anysense.server.http.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_address", "media_bytes", "name_in", "plain_bytes", "stated_modality"]

MAX_SCHEME = 64
WHITE_SPACE = b" \t\n\r\v\f"
PART = 1024**2
EXAMPLES = {
    Modality.IMAGE: "data:image/jpeg;base64,...",
    Modality.AUDIO: "data:audio/wav;base64,...",
}
DATA_URI = re.compile(r"\s*data:([a-z]+)/[a-z0-9.+-]+[;,]", re.IGNORECASE)


def is_address(uri: str) -> bool:
    """Whether something is the address of a file elsewhere."""
    return uri[:8].lower().startswith(("http://", "https://"))


def name_in(uri: str) -> str:
    """What to call the file at an address: the last part of its path."""
    path = urlsplit(uri).path if is_address(uri) else ""
    return safe_name(unquote(path), "the file")


def stated_modality(text: str) -> Modality | None:
    """What a data URI says that it holds; None of what is not a data URI.

    Raises:
        ValueError: it says that it holds something else than text, a picture or a sound.
    """
    stated = DATA_URI.match(text[:200])
    if stated is None:
        return None
    kind = stated[1].lower()
    if kind not in ("image", "audio"):
        raise ValueError(f"a data URI of the type {kind}/... is neither a picture nor a sound")
    return Modality(kind)


def media_bytes(
    uri: str,
    param: str,
    fetched: Mapping[str, bytes] | None = None,
    *,
    modality: Modality = Modality.IMAGE,
    may_upload: bool = True,
) -> bytes:
    """The bytes in a data URI, or what was fetched from an address.

    What they are is found out from themselves, not from the type that is stated.

    Args:
        uri: the data URI or the address.
        param: what errors call it.
        fetched: what addresses gave.
        modality: what errors give an example of.
        may_upload: whether they tell of forms as well.

    Raises:
        RequestError: it is an address that is not fetched, or is damaged.
    """
    if fetched is not None and uri in fetched:
        return fetched[uri]
    example = EXAMPLES[modality]
    comma = uri.find(",")
    head = uri[: max(comma, 0)]
    scheme, colon, _ = uri[:MAX_SCHEME].partition(":")
    scheme = scheme.strip().lower()
    if scheme == "data" and comma >= 0:
        if not head.lower().rstrip().endswith(";base64"):
            message = f"{param}: a data URI must be in base64 ({example})."
            raise RequestError(message, 400, "invalid_data_uri", param)
        return plain_bytes(uri, param, comma + 1)
    if colon and scheme in ("http", "https", "file", "ftp"):
        message = (
            f"{param}: {scheme} addresses are not fetched; send the media itself, as a data URI "
            f"({example}){' or as an uploaded file' if may_upload else ''}."
        )
        raise RequestError(message, 400, "address_not_fetched", param)
    end = ", or upload the file" if may_upload else ""
    message = f"{param}: give a data URI ({example}){end}."
    raise RequestError(message, 400, "invalid_data_uri", param)


def plain_bytes(text: str, param: str, start: int = 0) -> bytes:
    """The bytes that base64 stands for, from a place of a text on.

    Raises:
        RequestError: it is not base64.
    """
    try:
        return decoded(text, start)
    except (binascii.Error, ValueError):
        message = f"{param}: the data is not base64 that can be read."
        raise RequestError(message, 400, "invalid_data_uri", param) from None


def decoded(text: str, start: int) -> bytes:
    """The bytes that base64 stands for, from a place on; white space counts for nothing.

    In parts, so that other threads go on between them.

    Raises:
        ValueError: it is not base64.
    """
    parts: list[bytes] = []
    rest, is_padded = b"", False
    for place in range(start, len(text), PART):
        rest += text[place : place + PART].encode("ascii").translate(None, WHITE_SPACE)
        if rest and is_padded:
            raise ValueError("something stands behind the padding")
        is_last = place + PART >= len(text)
        whole = len(rest) if is_last else len(rest) // 4 * 4
        parts.append(base64.b64decode(rest[:whole], validate=True))
        is_padded, rest = rest[:whole].endswith(b"="), rest[whole:]
    return b"".join(parts)
