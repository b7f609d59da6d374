"""What readers give: an item as pieces, each of one modality, with its place.

A reader is a function that yields the pieces of one file. `_READERS` says which reads what: a new
format of files is a line in `anysense.embed.media.signatures`, which tells it apart, a line in this
table, and one new file with its reader.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import media_name
from anysense.embed.media.identify import format_of_media
from anysense.embed.media.picture.reduced import WHOLE as WHOLE_PICTURE
from anysense.embed.types import WHOLE, Kind, Modality, Origin, Place, Waveform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from PIL.Image import Image

    from anysense.embed.media.files import Media
    from anysense.embed.media.signatures import Format
    from anysense.embed.media.speech.recogniser import SpeechRecogniser
    from anysense.embed.types import Clip, Structure, VideoInput

__all__ = [
    "DEFAULT_VIDEO_FPS",
    "NO_RECOGNITION",
    "Piece",
    "ReadOptions",
    "Recognition",
    "captions",
    "check_recognition",
    "read_pieces",
]

DEFAULT_VIDEO_FPS = 1.0
"""How many frames of a second of a video are encoded, unless asked otherwise."""

_log = logging.getLogger("anysense")

_OFFICE = "anysense.embed.media.office.office_pieces:office_pieces"
_READERS = {
    "text": "anysense.embed.media.document.text_pieces:text_pieces",
    "PDF": "anysense.embed.media.document.pdf_pieces:pdf_pieces",
    "DOCX": _OFFICE,
    "EPUB": _OFFICE,
    "ODT": _OFFICE,
    "PPTX": _OFFICE,
    "RTF": _OFFICE,
    "XLSX": _OFFICE,
    "image": "anysense.embed.media.picture.motion:photo_pieces",
    "video": "anysense.embed.media.video.video:video_pieces",
    "audio": "anysense.embed.media.audio.recording:recording_pieces",
}
"""By the name of a format, or else by the kind of its items."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of an item.

    Attributes:
        modality: what it is.
        content: a normalised text; a picture in 8-bit RGB; frames of a video; of a sound what it is
            read from: a file, a payload or samples, as each encoder hears windows of its own.
        place: where in the item it is. Of a text that is a part, such as a page, it says where it
            starts, and from there its passages are counted.
        origin: what it was derived from.
        is_complete: whether the file has all of it; a picture that lost its end is given as far as
            it is there.
        leave: to be called when the content is needed no more, so that others find room.
        structure: of a text whose format has any: its sections and blocks, in its characters.
        said: what the file says of itself, as metadata of the item.
        sides: of a picture, which of the needs that `ReadOptions` names it is for.
        videos: of frames of a video, which of the inputs that `ReadOptions` names they are for.
    """

    modality: Modality
    content: str | Image | Clip | Media | Waveform
    place: Place = WHOLE
    origin: Origin = Origin.CONTENT
    is_complete: bool = True
    leave: Callable[[], None] = lambda: None
    structure: Structure | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    sides: frozenset[int | None] | None = None
    videos: frozenset[VideoInput | None] | None = None

    def is_for(self, side: int | None, video: VideoInput | None = None) -> bool:
        """Whether it is for those who need so many pixels along a picture's shorter side.

        And who take such clips of videos, or else their frames.
        """
        is_video = self.videos is None or video in self.videos
        return is_video and (self.sides is None or side in self.sides)


@dataclass(frozen=True)
class Recognition:
    """Which words are recognised in what is no text, and become segments.

    Attributes:
        ocr: those in pictures, and on pages of documents that have no text.
        transcribe: the name of the model that writes down what is said in sounds; None for none.
    """

    ocr: bool = False
    transcribe: str | None = None

    def reads(self, modalities: Set[Modality]) -> bool:
        """Whether words are recognised in files that yield pieces of these modalities."""
        return (self.ocr and modalities == {Modality.IMAGE}) or (
            self.transcribe is not None and Modality.AUDIO in modalities
        )


NO_RECOGNITION = Recognition()


def check_recognition(recognition: Recognition) -> None:
    """See that what recognises words is installed, before anything is read.

    Raises:
        UsageError: it is not.
    """
    from anysense.embed.media.extras import check_ocr, check_speech

    if recognition.ocr:
        check_ocr()
    if recognition.transcribe is not None:
        check_speech()


@dataclass(frozen=True)
class ReadOptions:
    """What is wanted of a file.

    Attributes:
        modalities: those that there are encoders for: a reader need not make other pieces.
        captions: whether to read the words about a picture or a sound that lie in its file.
        limits: what is too large.
        encoding: what texts are in that are not Unicode; found out where it is None.
        overlap: how much of a passage may repeat the one before it, in percent of its tokens.
        sides: how many pixels the encoders need along the shorter side of a picture; None for all.
        videos: which clips of videos the encoders take; None for their frames, one by one.
        video_fps: how many frames of a second of a video there are, one by one.
        window_seconds: how long the windows are in which the sound of a video is given.
        recognition: which words are recognised in what is no text.
        recogniser: what writes down speech; None where nobody is to.
        motion: whether to read the video behind the picture of a motion photo.
    """

    modalities: frozenset[Modality] = frozenset(Modality)
    captions: bool = True
    limits: Limits = DEFAULT_LIMITS
    encoding: str | None = None
    overlap: int = 0
    sides: frozenset[int | None] = WHOLE_PICTURE
    videos: frozenset[VideoInput | None] = frozenset({None})
    video_fps: float = DEFAULT_VIDEO_FPS
    window_seconds: float = 10.0
    recognition: Recognition = NO_RECOGNITION
    recogniser: SpeechRecogniser | None = None
    motion: bool = True

    @property
    def takes_captions(self) -> bool:
        """Whether the words about a picture or a sound become pieces of it."""
        return self.captions and Modality.TEXT in self.modalities

    @property
    def takes_words_of_pictures(self) -> bool:
        """Whether the words in a picture become pieces of it."""
        return self.recognition.ocr and Modality.TEXT in self.modalities

    @property
    def takes_speech(self) -> bool:
        """Whether what is said in a sound becomes pieces of it."""
        return self.recogniser is not None and Modality.TEXT in self.modalities

    def reads_words_of(self, kind: Kind) -> bool:
        """Whether words are recognised in what such an item shows, or in its sound."""
        if kind is Kind.IMAGE:
            return self.takes_words_of_pictures
        if kind is Kind.VIDEO and self.takes_words_of_pictures:  # animated pictures
            return True
        return kind in (Kind.AUDIO, Kind.VIDEO) and self.takes_speech

    @property
    def takes_sound(self) -> bool:
        """Whether the sound of a video is needed: for itself, or for what is said in it."""
        return Modality.AUDIO in self.modalities or self.takes_speech


Reader: TypeAlias = Callable[["Media", ReadOptions], Iterator[Piece]]


_MODALITIES = {Kind.VIDEO: (Modality.IMAGE, Modality.AUDIO)}
"""What may be asked of an item of several modalities; of another, that of its kind."""
_NOUNS = {Modality.TEXT: "a text", Modality.IMAGE: "an image", Modality.AUDIO: "a recording"}


def read_pieces(
    source: Media, options: ReadOptions, modality: Modality | None = None
) -> tuple[Kind, Iterator[Piece]]:
    """What a file or payload is, and its pieces, read as they are asked for.

    Args:
        source: the file or payload.
        options: what is wanted of it.
        modality: what it must be, if that is known.

    Raises:
        MediaError: it cannot be read, or is something else; also while iterating.
    """
    file_format = format_of_media(source, options.limits)
    kind = file_format.kind
    if modality is not None and modality not in _MODALITIES.get(kind, (kind.modality,)):
        raise UnsupportedMediaError(
            media_name(source), f"is {file_format.article}, not {_NOUNS[modality]}"
        )
    if kind is Kind.VIDEO and modality is not None:
        wanted = options.modalities & {modality, Modality.TEXT}
        recogniser = options.recogniser if modality is Modality.AUDIO else None
        options = replace(options, modalities=wanted, recogniser=recogniser)
    return kind, _reader(file_format)(source, options)


def captions(texts: Sequence[str], name: str, options: ReadOptions) -> Iterator[Piece]:
    """Words about an item as pieces of it, if they are wanted.

    Those that go over the limit of characters together are left out, with a warning: the item is
    whole without them.
    """
    if not options.takes_captions:
        return
    left = options.limits.text_characters
    for text in texts:
        left -= len(text)
        if left < 0:
            _log.warning("%s: further words about it are left out: too many characters", name)
            return
        yield Piece(Modality.TEXT, text, origin=Origin.CAPTION)


def _reader(file_format: Format) -> Reader:
    path = _READERS.get(file_format.name) or _READERS[file_format.kind.value]
    module, _, name = path.partition(":")
    reader: Reader = getattr(import_module(module), name)
    return reader
