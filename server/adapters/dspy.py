"""A retriever for DSPy, and its pictures and sounds as DSPy's."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.adapters.media import ATTACHMENT_BYTES, SIDE, media_of, medium_of
from anysense.adapters.missing import MissingExtraError
from anysense.embed.forking import new_rlock
from anysense.embed.types import Kind, Modality
from anysense.errors import UnsupportedMediaError, UsageError
from anysense.index.hits.attachments import picture_of
from anysense.index.hits.places import show_place

try:
    import dspy
except ImportError as error:
    raise MissingExtraError("dspy") from error

from anysense import Retriever

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from anysense import Client, Collection, Hit
    from anysense.index.hits.media import MediaFile

__all__ = ["AnysensePassage", "AnysenseRM", "audio_of", "image_of"]


@dataclass(frozen=True)
class AnysensePassage:
    """What was found, as DSPy takes it.

    Attributes:
        long_text: the passage that matched; of what has no words, what it is and where.
        hit: all that the search says of it.
    """

    long_text: str
    hit: Hit


class AnysenseRM:
    """A retrieval model: ``dspy.configure(rm=AnysenseRM("my.anysense"))``, then `dspy.Retrieve`.

    >>> rm = AnysenseRM("my.anysense")
    >>> [passage.long_text for passage in rm("waves on a beach", k=5)]
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Collection | Client,
        *,
        k: int = 3,
        modalities: Sequence[str] | None = None,
        where: str | Mapping[str, Any] | None = None,
        min_score: float | None = None,
        api_key: str | None = None,
        collection: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        """Say what is searched. It is opened when it is first used.

        Args:
            source: an open collection, the path of one, the address of a service, or a client.
            k: how many passages at most, where a call does not say it.
            modalities: only segments of these: ``text``, ``image``, ``audio``.
            where: a filter, as a text or a mapping.
            min_score: only passages of at least this score.
            api_key: for a service.
            collection: the name of a collection of a service.
            timeout: seconds to wait for a service.
        """
        self._source = source
        self._connection: dict[str, Any] = {
            "api_key": api_key,
            "collection": collection,
            "timeout": timeout,
        }
        self._options: dict[str, Any] = {
            "k": k,
            "modalities": modalities,
            "where": where,
            "min_score": min_score,
        }
        self._opening = new_rlock()
        self._retriever: Retriever | None = None

    def __call__(self, query: Any, k: int | None = None, **options: Any) -> list[AnysensePassage]:
        """Find what matches best.

        Args:
            query: a text, a `dspy.Image` or a `dspy.Audio`, anything else that
                `anysense.Retriever.retrieve` takes, or a list of these, which combine.
            k: how many passages at most.
            options: of `anysense.Retriever.retrieve`; they count before those of the retriever.

        Raises:
            UsageError: an option is wrong, or a picture is an address, which is not fetched.
            MediaError, NoRouteError, CollectionError, ServiceError: as `Retriever.retrieve`.
        """
        given = {**self._options, **({} if k is None else {"k": k}), **options}
        hits = self._open().retrieve(_content(query), **given)
        return [AnysensePassage(_long_text(hit), hit) for hit in hits]

    def close(self) -> None:
        """Let go of what was opened; the next use opens it again."""
        with self._opening:
            if self._retriever is not None:
                self._retriever.close()
                self._retriever = None

    def __deepcopy__(self, memo: dict[int, Any]) -> AnysenseRM:
        """Itself: optimizers copy modules with all that is in them, and a collection is one."""
        return self

    def _open(self) -> Retriever:
        with self._opening:
            if self._retriever is None:
                self._retriever = Retriever(self._source, **self._connection)
            return self._retriever


def image_of(found: AnysensePassage | Hit, *, max_bytes: int = ATTACHMENT_BYTES) -> dspy.Image:
    """The picture that was found, or the page of a PDF, as DSPy gives it to a model: a JPEG.

    Args:
        found: a passage, or a hit.
        max_bytes: the most that it may have, before base64 makes it a third longer; it is made
            smaller until it does.

    Raises:
        UnsupportedMediaError: it is neither.
        MediaTooLargeError: however small it is made, it has more.
        MediaError, CollectionError, ServiceError: it cannot be read.
    """
    hit = _hit(found)
    file = picture_of(hit, hit.place, SIDE, max_bytes)
    return dspy.Image(url=f"data:{file.mime_type};base64,{_base64(file)}")


def audio_of(found: AnysensePassage | Hit, *, max_bytes: int = ATTACHMENT_BYTES) -> dspy.Audio:
    """The seconds of a sound that matched, as DSPy gives them to a model: a WAV.

    It is the whole sound if that was found by words about it.

    Args:
        found: a passage, or a hit.
        max_bytes: the most that it may have, before base64 makes it a third longer; it is made
            smaller if it has more.

    Raises:
        UnsupportedMediaError: it is no sound.
        MediaTooLargeError: however small it is made, it has more.
        MediaError, CollectionError, ServiceError: it cannot be read.
    """
    hit = _hit(found)
    if medium_of(hit) is not Modality.AUDIO:
        raise UnsupportedMediaError(hit.source, f"is no sound, but {hit.kind}")
    return dspy.Audio(data=_base64(media_of(hit, max_bytes)), audio_format="wav")


def _hit(found: AnysensePassage | Hit) -> Hit:
    return found.hit if isinstance(found, AnysensePassage) else found


def _base64(file: MediaFile) -> str:
    return base64.b64encode(file.data).decode("ascii")


def _content(query: Any) -> Any:
    if isinstance(query, list):
        return [_content(each) for each in query]
    if isinstance(query, dspy.Audio):
        return _decoded(query.data)
    if not isinstance(query, dspy.Image):
        return query
    head, _, data = query.url.partition(",")
    if not head.startswith("data:") or not head.endswith(";base64"):
        raise UsageError(
            f"A picture asks by its bytes, not by the address {query.url:.100}, which is not "
            "fetched: give dspy.Image(bytes)."
        )
    return _decoded(data)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise UsageError(f"A picture or a sound of the query is no base64: {error}.") from None


def _long_text(hit: Hit) -> str:
    """The words of a hit; of a picture or a sound what it is and where, and the words about it."""
    if hit.text is not None and hit.kind in (Kind.TEXT, Kind.DOCUMENT):
        return hit.text
    place = show_place(hit.place, hit.origin)
    about = f"{hit.source}{place and f', {place}'} ({hit.kind})"
    return about if hit.text is None else f"{about}: {hit.text}"
