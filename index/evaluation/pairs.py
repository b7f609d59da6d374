"""Labelled queries: what is relevant to each, read from a file or from captions in a folder."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.ranking.query import Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Pair", "pairs_from_captions", "read_pairs"]

_LARGEST = 64 << 20  # bytes of a file of pairs


@dataclass(frozen=True)
class Pair:
    """A query, and what is relevant to it.

    Attributes:
        terms: the query.
        modality: that of its first part.
        relevant: ids or sources of items, each with its grade.
        place: where the pair is from, for messages.
        query_files: the files that the query is made of. Where they are items, they are no answers.
    """

    terms: list[Term]
    modality: Modality
    relevant: Mapping[str, float]
    place: str
    query_files: frozenset[str] = frozenset()


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs from JSONL: ``{"query": {"text": ...}, "relevant": [...], "grade": ...}``.

    The query has one or more of ``text``, ``image``, ``audio``; paths in it, and in ``relevant``,
    start at the file's folder. ``relevant`` lists ids or sources; ``grade`` is a number for all of
    them or a list of one for each, 1 if not given.

    Raises:
        UsageError: the file cannot be read, or a line is not as above.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{path} is over {_LARGEST >> 20} MiB: use fewer pairs.")
    pairs = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            pairs.append(_pair(line, path.parent, f"{path}, line {number}"))
    if not pairs:
        raise UsageError(f"{path} holds no pairs.")
    return pairs


def pairs_from_captions(folder: Path) -> list[Pair]:
    """Pairs from captions beside media: the text of ``photo.txt`` asks for ``photo.jpg``.

    Each pair also asks the other way round, where the caption is an item of the collection: the
    media file then asks for the caption.

    Raises:
        UsageError: the folder is not there, or no media file in it has a caption.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.")
    pairs = list(_captions(folder))
    if not pairs:
        raise UsageError(
            f"No media file in {folder} has a caption: a photo.jpg needs a photo.txt beside it."
        )
    return pairs


def _captions(folder: Path) -> Iterator[Pair]:
    from anysense.embed.media.identify import MEDIA_SUFFIXES

    for media in sorted(path for path in folder.rglob("*") if path.is_file()):
        modality = MEDIA_SUFFIXES.get(media.suffix.lower(), Modality.TEXT)
        caption = media.with_suffix(".txt")
        if modality is Modality.TEXT or not caption.is_file():
            continue
        try:
            text = " ".join(caption.read_text(encoding="utf-8-sig").split())
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{caption} cannot be read: {error}.") from None
        if text:
            words, file = os.path.realpath(caption), os.path.realpath(media)
            caption_terms = [Term(text, modality=Modality.TEXT)]
            yield Pair(caption_terms, Modality.TEXT, {file: 1.0}, str(caption), frozenset({words}))
            media_terms = [Term(media, modality=modality)]
            yield Pair(media_terms, modality, {words: 1.0}, str(media), frozenset({file}))


def _pair(line: str, folder: Path, place: str) -> Pair:
    try:
        entry = json.loads(line)
        query, relevant, grade = entry["query"], entry["relevant"], entry.get("grade", 1.0)
        terms = [_term(kind, content, folder) for kind, content in query.items()]
        names = [str(name) for name in relevant]
        grades = grade if isinstance(grade, list) else [grade] * len(names)
        graded = dict(zip(names, map(float, grades), strict=True))
        if not terms or not names or isinstance(relevant, str):
            raise ValueError
        if not all(0 < grade < math.inf for grade in graded.values()):
            raise ValueError
        files = {os.path.realpath(t.content) for t in terms if isinstance(t.content, Path)}
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        raise UsageError(
            f'{place} is no pair: it looks like {{"query": {{"text": "..."}}, "relevant": '
            '["a path or an id"]}, with "image" or "audio" for a file, and grades above 0.'
        ) from None
    relevant = _by_path(graded, folder)
    modality = terms[0].modality or Modality.TEXT
    return Pair(terms, modality, relevant, place, frozenset(files - relevant.keys()))


def _term(kind: str, content: Any, folder: Path) -> Term:
    modality = Modality(kind)
    if not isinstance(content, str):
        raise TypeError
    return Term(content if modality is Modality.TEXT else folder / content, modality=modality)


def _by_path(graded: Mapping[str, float], folder: Path) -> dict[str, float]:
    """Names that are files there, by their full path; others stay what they are."""
    by_path = {}
    for name, grade in graded.items():
        path = os.path.join(folder, name)  # noqa: PTH118 - an id may be no path at all
        by_path[os.path.realpath(path) if os.path.exists(path) else name] = grade  # noqa: PTH110
    return by_path
