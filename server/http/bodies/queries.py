"""From the body of a search to the terms of a query."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from anysense.embed.types import Modality
from anysense.index.ranking.query import Term
from anysense.server.http.errors import RequestError
from anysense.server.http.schemas.search import SearchRequest, TermBody

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["media_bytes", "search_terms"]

MAX_SCHEME = 64
WHITE_SPACE = b" \t\n\r\v\f"
PART = 1024**2


def search_terms(request: SearchRequest, files: Mapping[str, bytes] | None = None) -> list[Term]:
    """The terms of a search: those of its top level, uploaded files, and its list of terms.

    Args:
        request: the body, or the fields of a form.
        files: uploaded media by the name of their field, ``image`` or ``audio``.

    Raises:
        RequestError: media cannot be read from the body, or nothing is asked.
    """
    single = {name: getattr(request, name) for name in ("text", "image", "audio", "like")}
    terms = [
        _term(TermBody.model_construct(**{name: value}), name)
        for name, value in single.items()
        if value is not None
    ]
    for name, content in (files or {}).items():
        if single.get(name) is not None:
            message = f"{name}: send a file or a data URI, not both."
            raise RequestError(message, 422, "invalid_value", name)
        terms.append(Term(content, modality=Modality(name)))
    if (request.vector is None) != (request.space is None):
        message = "vector: it goes with the id of its space, and the other way round."
        raise RequestError(message, 422, "invalid_value", "vector")
    if request.vector is not None:
        body = TermBody.model_construct(vector=request.vector, space=request.space)
        terms.append(_term(body, "vector"))
    terms += [_term(term, f"terms.{place}") for place, term in enumerate(request.terms)]
    opposites = [request.not_] if isinstance(request.not_, str) else request.not_ or []
    # Said to be a text, so that nobody looks whether it is the path of a file here.
    terms += [Term(text, weight=-1.0, modality=Modality.TEXT) for text in opposites]
    if not terms:
        message = "Give at least one of text, image, audio, like, vector and terms."
        raise RequestError(message, 422, "empty_query")
    return terms


def _term(term: TermBody, param: str) -> Term:
    if term.vector is not None:
        import numpy as np

        values = np.asarray(term.vector, np.float64)
        # Its length says nothing; the largest and least floats would overflow in what follows.
        vector = (values / (np.abs(values).max() or 1.0)).astype(np.float32)
        return Term(vector=vector, space=term.space, modality=term.modality, weight=term.weight)
    if term.like is not None:
        return Term(like=term.like, weight=term.weight)
    if term.text is not None:
        return Term(term.text, weight=term.weight, modality=Modality.TEXT)
    modality = Modality.IMAGE if term.image is not None else Modality.AUDIO
    uri = term.image if term.image is not None else term.audio
    assert uri is not None
    return Term(media_bytes(uri, param), modality=modality, weight=term.weight)


def media_bytes(uri: str, param: str) -> bytes:
    """The bytes in a data URI. What they are is found out from themselves, not from its type.

    Raises:
        RequestError: it is another kind of address, which is never fetched, or damaged.
    """
    comma = uri.find(",")
    head = uri[: max(comma, 0)]
    scheme = uri[:MAX_SCHEME].partition(":")[0].strip().lower()
    if scheme != "data" or comma < 0:
        kind = scheme if scheme in ("http", "https", "file", "ftp") else "other"
        message = (
            f"{param}: {kind} addresses are not fetched; send the media itself, as a data URI "
            "(data:image/jpeg;base64,...) or as an uploaded file."
        )
        raise RequestError(message, 400, "address_not_fetched", param)
    if not head.lower().rstrip().endswith(";base64"):
        message = f"{param}: a data URI must be in base64 (data:image/jpeg;base64,...)."
        raise RequestError(message, 400, "invalid_data_uri", param)
    try:
        return decoded(uri, comma + 1)
    except (binascii.Error, ValueError):
        message = f"{param}: the data URI is not base64 that can be read."
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
