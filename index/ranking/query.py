"""What may be asked: one input of any modality, or several with weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import UsageError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.types import Clip, Kind, Modality, Waveform
from anysense.index.ranking.budget import check_budget

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    QueryContent: TypeAlias = (
        str | Path | bytes | Image | Clip | Waveform | tuple[NDArray[np.floating[Any]], int]
    )
    Query: TypeAlias = "QueryContent | Term | Sequence[QueryContent | Term]"

__all__ = ["MAX_TERMS", "Term", "VideoTerm", "parse_query"]

MAX_TERMS = 32


@dataclass(frozen=True)
class Term:
    """One part of a query. Exactly one of `content`, `like` and `vector` is given.

    Attributes:
        content: a text (`str`, also where it is the path of a file, of which a warning tells), a
            file (`pathlib.Path`), the bytes of a file, a PIL image, frames of a video (`Clip`), a
            `Waveform`, or a pair of what one is made of: samples and their rate in Hz.
        weight: how much it counts beside the other terms; a negative weight subtracts.
        like: the id of an item: "more like this one".
        vector: a vector of shape (dimension,) in the space named `space`.
        space: the id of the space of `vector`.
        modality: the content's modality, where it is not to be found out; for a vector, the
            modality of what it was made from (text unless said).
    """

    content: QueryContent | None = None
    weight: float = 1.0
    like: str | None = None
    vector: NDArray[np.floating[Any]] | None = None
    space: str | None = None
    modality: Modality | None = None


@dataclass(frozen=True)
class VideoTerm(Term):
    """A term whose content is a video: by its frames and, apart from them, by its sound.

    Its sound looks for sounds, its frames for all else.
    """


def parse_query(query: Query, limits: Limits = DEFAULT_LIMITS) -> list[Term]:
    """Turn whatever the user asks into terms whose modalities are known.

    Raises:
        UsageError: the query is empty, has only negative terms, or cannot be understood.
        MediaError: a file or payload of it is not one that anysense reads, or its sounds or
            pictures are too much for a query.
    """
    parts: list[Any] = [query]
    if isinstance(query, (list, tuple)) and not _is_samples(query):
        parts = list(query)
    if not 1 <= len(parts) <= MAX_TERMS:
        raise UsageError(f"A query has 1 to {MAX_TERMS} terms, not {len(parts)}.")
    terms = [_resolve(part if isinstance(part, Term) else Term(part), limits) for part in parts]
    if not any(term.weight > 0 for term in terms):
        raise UsageError("A query needs at least one term that is not subtracted.")
    check_budget([(term.modality, term.content) for term in terms], limits)
    return terms


def _resolve(term: Term, limits: Limits) -> Term:
    given = [value is not None for value in (term.content, term.like, term.vector)]
    if sum(given) != 1:
        raise UsageError("A term of a query has exactly one of content, like and vector.")
    _check_weight(term.weight)
    if term.vector is not None:
        if term.space is None:
            raise UsageError("A vector in a query needs the id of its space.")
        return replace(term, modality=term.modality or Modality.TEXT)
    if term.like is not None:
        return term
    return _resolve_content(term, limits)


def _check_weight(weight: float) -> None:
    if not -1e6 < weight < 1e6 or weight == 0:
        raise UsageError(f"A weight is a finite number other than 0, not {weight}.")


def _resolve_content(term: Term, limits: Limits) -> Term:
    content = term.content
    if isinstance(content, str):
        if len(content) > limits.query_text_characters:
            raise UsageError(
                f"The text of a query has {len(content):,} characters; "
                f"the limit is {limits.query_text_characters:,}."
            )
        _check_words(content)
        if term.modality is None:
            from anysense.embed.media.identify import warn_of_path

            warn_of_path(
                content,
                "searched as words: give a pathlib.Path to search by the file, or "
                "Term(..., modality=Modality.TEXT) if words are meant",
            )
        return _resolve_as(term, Modality.TEXT)
    if isinstance(content, (Path, bytes)):
        return _resolve_file(term, content, limits)
    if isinstance(content, Waveform):
        if content.rate <= 0:
            raise UsageError(f"The rate of a waveform is above 0 Hz, not {content.rate}.")
        return _resolve_as(term, Modality.AUDIO)
    if isinstance(content, tuple) and _is_samples(content):
        return _resolve_as(replace(term, content=_waveform(*content)), Modality.AUDIO)
    from PIL.Image import Image

    if isinstance(content, Image | Clip):
        return _resolve_as(term, Modality.IMAGE)
    raise UsageError(
        f"A query cannot be a {type(content).__name__}: give a str for text, a pathlib.Path or "
        "bytes for a file, a PIL image, or a Waveform for a sound."
    )


def _resolve_file(term: Term, content: Path | bytes, limits: Limits) -> Term:
    """A term of a file; a video of which no modality is said is one of frames and of sound."""
    from anysense.embed.media.identify import format_of_media

    if term.modality is not None:
        return term
    file_format = format_of_media(content, limits)
    if file_format.kind is Kind.VIDEO:
        from anysense.embed.media.video.facts import is_heard

        if is_heard(content, limits):
            return VideoTerm(content, term.weight, modality=Modality.IMAGE)
    return replace(term, modality=file_format.modality)


def _resolve_as(term: Term, modality: Modality) -> Term:
    """A term of content that can have one modality only.

    Raises:
        UsageError: another one is said.
    """
    if term.modality not in (None, modality):
        hint = ": give a pathlib.Path to search by a file" if modality is Modality.TEXT else ""
        raise UsageError(
            f"A term of a query is given as {term.modality}, but holds {modality}{hint}."
        )
    return replace(term, modality=modality)


def _check_words(text: str) -> None:
    """Refuse a text that says nothing: whatever its vector is, it would match at random."""
    from anysense.embed.media.document.document import has_words, no_words

    if not has_words(text):
        raise UsageError(f"The text of a query {no_words(text, 'query').reason}.")


def _is_samples(content: Any) -> bool:
    """Whether this is a pair of samples, an array or a tensor, and their rate."""
    return (
        isinstance(content, tuple)
        and len(content) == 2
        and all(hasattr(content[0], name) for name in ("shape", "dtype"))
        and isinstance(content[1], Real)
    )


def _waveform(samples: NDArray[np.float32], rate: int) -> Waveform:
    import numpy as np

    waveform = Waveform(samples, rate)
    if len(waveform.samples) == 0 or waveform.rate <= 0:
        raise UsageError("A sound is samples, at least one, and a rate above 0 Hz.")
    if not np.isfinite(waveform.samples).all():
        raise UsageError("The samples of a sound hold NaN or infinity.")
    return waveform
