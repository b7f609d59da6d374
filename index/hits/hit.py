"""What a search returns: items, with the segments of them that matched."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UnsupportedMediaError, UsageError
from anysense.embed.types import Kind, Place

if TYPE_CHECKING:
    from anysense.embed.types import Modality, Origin, Unit
    from anysense.index.hits.media import ItemReader, MediaFile
    from anysense.index.hits.moments import Matched, Moment

__all__ = ["Hit", "HitSegment"]


@dataclass(frozen=True)
class HitSegment:
    """A segment that matched: what it is, how well it matched, and where in its item it is.

    Attributes:
        modality: what was compared with the query: a text, an image or a sound.
        score: how rarely chance scores so high: of segments of this modality that have nothing to
            do with the query, one in 10 has a score of 1 or more, one in 100 of 2 or more, one in
            1,000 of 3 or more. It compares across modalities, spaces and collections.
        raw_score: the cosine of the query's and the segment's vectors, or on the route ``words``
            the BM25 of the query's words: not comparable.
        route: ``native`` if one encoder made both vectors, ``bridged`` if a map lies between,
            ``words`` if it was found by its words, or by those of its item's name, alone or more
            than by its vector.
        space: the id of the space in which the two were compared.
        start: where the segment starts, in `unit`; None where it is the whole item.
        end: where it ends, not included.
        unit: ``seconds`` of a sound, ``characters`` of a text, or ``pages`` of a document.
        page: the page of a document that it begins on, from 1.
        box: the part of a picture: left, top, right, bottom as shares of its width and height.
        origin: ``content``, or what it was derived from, such as ``caption``.
        heading: of a passage, the path of headings that it stands under, the outermost first.
        text: the passage that matched, of a text.
    """

    modality: Modality
    score: float
    raw_score: float
    route: str
    space: str
    start: float | None = None
    end: float | None = None
    unit: Unit | None = None
    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    origin: Origin | None = None
    heading: tuple[str, ...] = ()
    text: str | None = None

    @property
    def place(self) -> Place:
        """Where in the item it is."""
        return Place(self.start, self.end, self.unit, self.page, self.box)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {name: _plain(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Hit:
    """One result: an item, with the segment of it that matched best.

    Attributes:
        id: the item's id.
        kind: what the item is: a text, an image, a sound, a document or a video.
        modality, score, raw_score, route, space, start, end, unit, page, box, origin,
            heading, text: of that segment; see `HitSegment`.
        source: the item's path, or a name given by the user.
        metadata: what the user stored with the item.
        segments: the other segments of the item that matched well, best first.
        reader: reads the item's file, where it is known who can.
    """

    id: str
    kind: Kind
    modality: Modality
    score: float
    raw_score: float
    route: str
    source: str
    space: str
    start: float | None = None
    end: float | None = None
    unit: Unit | None = None
    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    origin: Origin | None = None
    heading: tuple[str, ...] = ()
    text: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    segments: tuple[HitSegment, ...] = ()
    reader: ItemReader | None = field(default=None, repr=False, compare=False)

    @property
    def place(self) -> Place:
        """Where in the item the segment is."""
        return Place(self.start, self.end, self.unit, self.page, self.box)

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The seconds of a recording or a video that matched, best first.

        Segments of the same seconds are one moment, and so are neighbours that match as well:
        frames, windows of sound and passages of a transcript.
        """
        from anysense.index.hits.moments import moments_of

        segments: tuple[Matched, ...] = (self, *self.segments)
        return moments_of(segments)

    @property
    def frame(self) -> float | None:
        """When the frame of a video is shown that matched best, or where it matched, in seconds."""
        if self.kind is not Kind.VIDEO or not self.moments:
            return None
        moment = self.moments[0]
        return moment.start if moment.frame is None else moment.frame

    def media(self) -> MediaFile:
        """The item's file.

        Raises:
            NoMediaError: the item was not made from a file.
            MediaGoneError: its file is gone, or another one by now.
            MediaTooLargeError: it is larger than what is read of files.
        """
        return self.read_by.media(self.id)

    def thumbnail(self, width: int = 320) -> MediaFile:
        """A small JPEG of the item's picture, or of the page or the frame of it that matched.

        Args:
            width: how many pixels it has along its longer side, or more, if the picture has them.

        Raises:
            UnsupportedMediaError: the item is neither a picture nor a PDF nor a video.
            MediaError, CollectionError: as for `media`; or the file cannot be read.
        """
        return self.read_by.thumbnail(self.id, width, self.page, self.frame)

    def clip(self) -> MediaFile:
        """The best moment of the item: of a sound as a WAV file, of a video as an MP4 file.

        Raises:
            UnsupportedMediaError: what matched is not a part of a sound or a video.
            MediaError, CollectionError: as for `media`; or the file cannot be read.
        """
        if not self.moments:
            problem = "did not match by some seconds of a sound or a video"
            raise UnsupportedMediaError(self.source, problem)
        moment = self.moments[0]
        return self.read_by.clip(self.id, moment.start, moment.end)

    @property
    def read_by(self) -> ItemReader:
        """Who reads the item's file.

        Raises:
            UsageError: nobody is known who can.
        """
        if self.reader is None:
            raise UsageError("This hit was made without a collection, so its file cannot be read.")
        return self.reader

    def to_dict(self) -> dict[str, Any]:
        """The hit as plain values, in the shape that the command line and the service print."""
        values = {name: _plain(value) for name, value in vars(self).items() if name != "reader"}
        segments = [segment.to_dict() for segment in self.segments]
        moments = [moment.to_dict() for moment in self.moments]
        metadata = deepcopy(self.metadata)
        return {**values, "metadata": metadata, "segments": segments, "moments": moments}


def _plain(value: Any) -> Any:
    """A member of an enumeration as its value, a tuple as a list."""
    return list(value) if isinstance(value, tuple) else getattr(value, "value", value)
