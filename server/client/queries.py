"""Queries and new items, as a service takes them."""

from __future__ import annotations

import base64
import io
import json
import math
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.media.files import open_media
from anysense.embed.types import Modality, Waveform
from anysense.index.ranking.options import SearchOptions
from anysense.index.ranking.query import VideoTerm, parse_query

if TYPE_CHECKING:
    from anysense.index.ranking.query import Query, Term

__all__ = ["json_of", "media_bytes", "options_body", "search_body"]

_DEFAULTS = {field.name: field.default for field in fields(SearchOptions)}


def search_body(query: Query, options: SearchOptions) -> dict[str, Any]:
    """A search as JSON.

    Raises:
        UsageError: the query cannot be understood.
        MediaError: a file of it cannot be read.
    """
    return {"terms": [_term(term) for term in parse_query(query)], **options_body(options)}


def json_of(value: Any) -> bytes:
    """A value as JSON.

    Raises:
        UsageError: JSON cannot hold it.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"This cannot be sent as JSON: {error}.") from error


def options_body(options: SearchOptions) -> dict[str, Any]:
    """Those of the options that are not as they would be anyway."""
    body = {
        name: value
        for name, value in vars(options).items()
        if name in _DEFAULTS and value != _DEFAULTS[name]
    }
    if options.modalities is not None:
        body["modalities"] = sorted(modality.value for modality in options.of_modalities)
    if options.of_kinds is not None:
        body["kinds"] = sorted(kind.value for kind in options.of_kinds)
    return body


def _term(term: Term) -> dict[str, Any]:
    body: dict[str, Any] = {} if term.weight == 1.0 else {"weight": float(term.weight)}
    if term.like is not None:
        return {**body, "like": term.like}
    if term.vector is not None:
        vector = [float(value) for value in term.vector]
        if not all(map(math.isfinite, vector)):
            raise UsageError("A vector in a query must be finite and not all zeros.")
        modality = str(term.modality or Modality.TEXT)
        return {**body, "vector": vector, "space": term.space, "modality": modality}
    if term.modality is Modality.TEXT:
        return {**body, "text": _text(term.content)}
    data = base64.b64encode(media_bytes(term.content)).decode("ascii")
    # What it holds is found out from its content.
    field = "video" if isinstance(term, VideoTerm) else str(term.modality)
    return {**body, field: f"data:application/octet-stream;base64,{data}"}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    from anysense.embed.media.document.document import read_document

    return read_document(content)


def media_bytes(content: Any) -> bytes:
    """A file, a payload, a picture or samples as the bytes of a file, without any loss.

    Raises:
        UsageError: it is none of these.
        MediaError: the file cannot be read.
    """
    if isinstance(content, bytes):
        return content
    if isinstance(content, Path):
        with open_media(content) as file:
            return file.read()
    if isinstance(content, Waveform):
        from anysense.embed.media.audio.wav import wav_bytes

        return wav_bytes(content, "FLOAT")
    from PIL.Image import Image

    if isinstance(content, Image):
        from anysense.embed.media.image import as_rgb

        out = io.BytesIO()
        as_rgb(content).save(out, "PNG")
        return out.getvalue()
    raise UsageError(f"A {type(content).__name__} is neither a file nor a picture nor a sound.")
