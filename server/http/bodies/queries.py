"""From the body of a search to the terms of a query."""

from __future__ import annotations

import io
import json
import zlib
from typing import TYPE_CHECKING

from anysense.embed.media.formats.animation import animated_format
from anysense.embed.media.identify import identify
from anysense.embed.media.signatures import VIDEO_FORMATS
from anysense.embed.types import Kind, Modality
from anysense.index.ranking.query import Term
from anysense.server.http.bodies.kept_queries import find_query
from anysense.server.http.bodies.media import media_bytes
from anysense.server.http.errors import RequestError
from anysense.server.http.schemas.search import SearchRequest, TermBody

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_of_texts", "media_uris", "query_mark", "search_terms"]

CHOOSING = {
    *("where", "modalities", "kinds", "min_score", "per_modality_k"),
    *("fusion", "match", "collapse"),
}
"""Fields of a search that are no terms, and say what is found and in which order."""
SINGLE = ("text", "image", "audio", "video", "upload", "like")
"""Fields of its top level that are terms."""
MEDIA = {"image": Modality.IMAGE, "audio": Modality.AUDIO, "video": None}
"""Fields that are media, with what is taken of them; of a video, all that it is."""


def media_uris(request: SearchRequest) -> list[tuple[str, str]]:
    """The URIs of media in a search, each after what errors call it."""
    parts = [(name, getattr(request, name)) for name in MEDIA]
    for place, term in enumerate(request.terms):
        parts += [(f"terms.{place}", getattr(term, name)) for name in MEDIA]
    return [(param, uri) for param, uri in parts if uri is not None]


def is_of_texts(request: SearchRequest) -> bool:
    """Whether a search holds no media and no numbers, so that its terms are made in no time."""
    parts: tuple[SearchRequest | TermBody, ...] = (request, *request.terms)
    is_plain = all(part.vector is None and part.upload is None for part in parts)
    return is_plain and not media_uris(request)


def search_terms(
    request: SearchRequest,
    files: Mapping[str, bytes] | None = None,
    fetched: Mapping[str, bytes] | None = None,
) -> list[Term]:
    """The terms of a search: those of its top level, uploaded files, and its list of terms.

    Args:
        request: the body, or the fields of a form.
        files: uploaded media by the name of their field, ``image``, ``audio`` or ``video``.
        fetched: what addresses among its URIs gave.

    Raises:
        RequestError: media cannot be read from the body, or nothing is asked.
    """
    single = {name: getattr(request, name) for name in SINGLE}
    terms = [
        _term(TermBody.model_construct(**{name: value}), name, fetched)
        for name, value in single.items()
        if value is not None
    ]
    for name, content in (files or {}).items():
        if single.get(name) is not None:
            message = f"{name}: send a file or a data URI, not both."
            raise RequestError(message, 422, "invalid_value", name)
        if name == "video":
            _check_video(content, name)
        terms.append(Term(content, modality=MEDIA[name]))
    if (request.vector is None) != (request.space is None):
        message = "vector: it goes with the id of its space, and the other way round."
        raise RequestError(message, 422, "invalid_value", "vector")
    if request.vector is not None:
        body = TermBody.model_construct(vector=request.vector, space=request.space)
        terms.append(_term(body, "vector", None))
    terms += [_term(term, f"terms.{place}", fetched) for place, term in enumerate(request.terms)]
    opposites = [request.not_] if isinstance(request.not_, str) else request.not_ or []
    # Said to be a text, so that nobody looks whether it is the path of a file here.
    terms += [Term(text, weight=-1.0, modality=Modality.TEXT) for text in opposites]
    if not terms:
        message = "Give at least one of text, image, audio, video, upload, like, vector and terms."
        raise RequestError(message, 422, "empty_query")
    return terms


def query_mark(request: SearchRequest, terms: list[Term]) -> int:
    """A number that tells whether two pages are of the same search.

    Args:
        request: the body, or the fields of a form.
        terms: what it asks, media as their bytes.
    """
    options = request.model_dump(mode="json", include=CHOOSING)
    mark = zlib.crc32(json.dumps(options, sort_keys=True).encode())
    for term in terms:
        content = term.content if isinstance(term.content, bytes) else repr(term.content).encode()
        named = repr((term.like, term.space, str(term.modality), term.weight, len(content)))
        mark = zlib.crc32(content, zlib.crc32(named.encode(), mark))
        if term.vector is not None:
            mark = zlib.crc32(term.vector.tobytes(), mark)
    return mark


def _term(term: TermBody, param: str, fetched: Mapping[str, bytes] | None) -> Term:
    if term.vector is not None:
        import numpy as np

        values = np.asarray(term.vector, np.float64)
        # Its length says nothing; the largest and least floats would overflow in what follows.
        vector = (values / (np.abs(values).max() or 1.0)).astype(np.float32)
        return Term(vector=vector, space=term.space, modality=term.modality, weight=term.weight)
    if term.like is not None:
        return Term(like=term.like, weight=term.weight)
    if term.upload is not None:
        return Term(find_query(term.upload, param), weight=term.weight)
    if term.text is not None:
        return Term(term.text, weight=term.weight, modality=Modality.TEXT)
    name = next(name for name in MEDIA if getattr(term, name) is not None)
    modality = MEDIA[name]
    example = modality or Modality.IMAGE
    content = media_bytes(getattr(term, name), param, fetched, modality=example)
    if name == "video":
        _check_video(content, param)
    return Term(content, modality=modality, weight=term.weight)


def _check_video(content: bytes, param: str) -> None:
    """Refuse what is no video; whether one holds pictures is seen when it is read.

    Raises:
        RequestError: so it is.
        MediaError: it cannot be told what it is.
    """
    file = io.BytesIO(content)
    found = identify(file, content)
    is_video = found.kind is Kind.VIDEO or found.container in VIDEO_FORMATS
    if not is_video and animated_format(file, found) is None:
        message = f"{param}: this is {found.article}, not a video."
        raise RequestError(message, 422, "invalid_value", param)
