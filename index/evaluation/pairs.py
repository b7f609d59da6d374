"""Labelled queries: what is relevant to each, read from a file or from captions in a folder."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import EmptyMediaError, MediaError, UsageError
from anysense.embed.types import Modality
from anysense.index.ranking.query import Term

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

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
        caption: the query, where it is words about what is relevant. Where they are segments of it,
            these are no answers: it would be found by being quoted.
    """

    terms: list[Term]
    modality: Modality
    relevant: Mapping[str, float]
    place: str
    query_files: frozenset[str] = frozenset()
    caption: str | None = None


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


def pairs_from_captions(folder: Path, files: Container[str]) -> list[Pair]:
    """Pairs from texts beside media: that of ``photo.txt`` asks for ``photo.jpg``.

    Where the text is an item of the collection, each of the media files also asks for it.

    Args:
        folder: where they are, or in folders below.
        files: the paths of the files that are items of the collection.

    Raises:
        UsageError: the folder is not there, or no media file in it has a caption.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.")
    pairs = []
    for caption, media in _captions(folder):
        text = _read_caption(caption)
        if text:
            words, paths = os.path.realpath(caption), [os.path.realpath(file) for file in media]
            asks = [Term(text, modality=Modality.TEXT)]
            relevant = dict.fromkeys(paths, 1.0)
            query_files = frozenset({words})
            pairs.append(Pair(asks, Modality.TEXT, relevant, str(caption), query_files, text))
            if words in files:
                pairs += [_pair_of_media(file, words) for file in media]
    if not pairs:
        raise UsageError(
            f"No media file in {folder} has a caption: a photo.jpg needs a photo.txt beside it."
        )
    return pairs


def _captions(folder: Path) -> Iterator[tuple[Path, list[Path]]]:
    """The texts beside media, each with the media that it belongs to."""
    from anysense.embed.media.beside import pair_sidecars
    from anysense.embed.media.identify import named_modality

    folders: dict[Path, list[str]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        folders.setdefault(path.parent, []).append(path.name)
    for inner, names in folders.items():
        media: dict[str, list[Path]] = {}
        for name, texts in pair_sidecars(names).items():
            if texts[0].lower().endswith(".txt") and named_modality(name) is not None:
                media.setdefault(texts[0], []).append(inner / name)
        for text, paths in media.items():
            yield inner / text, paths


def _read_caption(path: Path) -> str:
    """The words of a text, as those of the segments that it becomes, with single spaces between."""
    from anysense.embed.media.document.charset import decode_text
    from anysense.embed.media.document.document import normalise_text

    try:
        text = normalise_text(decode_text(path.read_bytes(), str(path)), str(path))
    except EmptyMediaError:
        return ""
    except MediaError as error:
        raise UsageError(f"{path} cannot be read: it {error.reason}.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    return " ".join(text.split())


def _pair_of_media(path: Path, caption: str) -> Pair:
    from anysense.embed.media.identify import named_modality

    modality = named_modality(path.name)
    query_files = frozenset({os.path.realpath(path)})
    terms = [Term(path, modality=modality)]
    return Pair(terms, modality or Modality.TEXT, {caption: 1.0}, str(path), query_files)


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
