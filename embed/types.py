"""The words of anysense as types: kind, modality, space, encoder, and what one takes and gives.

This module imports neither torch nor an image or audio library, so every layer can use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from anysense.embed.clips import Clip, VideoInput
from anysense.embed.embedded import EmbeddedFile
from anysense.embed.samples import mono_samples, whole_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    FloatArray: TypeAlias = NDArray[np.float32]

__all__ = [
    "CONTEXT_GAP",
    "HEADING_SIGN",
    "WHOLE",
    "AudioWindow",
    "Block",
    "Clip",
    "Content",
    "EmbeddedFile",
    "EncodedSegment",
    "Encoder",
    "Kind",
    "Modality",
    "Origin",
    "Passage",
    "Place",
    "QueryForm",
    "Section",
    "Space",
    "Structure",
    "Unit",
    "VideoInput",
    "Waveform",
]


class Kind(str, Enum):
    """What an item is.

    A video is a container: its frames are images and its sound is audio. A document has passages,
    which are text, and pages, which are images.
    """

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"

    def __str__(self) -> str:
        return self.value

    @property
    def modality(self) -> Modality:
        """The modality of most of its content: what "more like this" goes by."""
        named = {Kind.VIDEO: Modality.IMAGE, Kind.DOCUMENT: Modality.TEXT}
        return named[self] if self in named else Modality(self.value)


class Modality(str, Enum):
    """A kind of content. A video is a container of images and audio, not a modality."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"

    def __str__(self) -> str:
        return self.value


class Unit(str, Enum):
    """What the start and the end of a segment count."""

    SECONDS = "seconds"
    CHARACTERS = "characters"
    PAGES = "pages"

    def __str__(self) -> str:
        return self.value


class Origin(str, Enum):
    """What a segment was derived from: the item's own content, or words that stand for it."""

    CONTENT = "content"
    OCR = "ocr"
    TRANSCRIPT = "transcript"
    CAPTION = "caption"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Place:
    """Where in its item a segment is; with nothing given, it is the whole item.

    Attributes:
        start: where it begins, in `unit`: seconds of a recording, characters of a text, pages of a
            document counted from 1.
        end: where it ends; not included.
        unit: what they count.
        page: the page of a document on which it begins, from 1.
        box: the part of a picture: left, top, right and bottom as shares of its width and height.
        lines: of words in a picture, the box of each line; none where its words are not in lines.
    """

    start: float | None = None
    end: float | None = None
    unit: Unit | None = None
    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    lines: tuple[tuple[float, float, float, float], ...] = ()

    @staticmethod
    def of_seconds(start: float, end: float) -> Place:
        return Place(start, end, Unit.SECONDS)

    @staticmethod
    def of_characters(start: float, end: float, page: int | None = None) -> Place:
        return Place(start, end, Unit.CHARACTERS, page)

    @staticmethod
    def of_page(page: int) -> Place:
        return Place(page, page + 1, Unit.PAGES, page)


WHOLE = Place()
"""The place of a segment that is its whole item."""

HEADING_SIGN = " > "
"""What lies between the headings of a path, where it is encoded or shown."""

CONTEXT_GAP = "\n\n"
"""What lies between the headings of a passage and its text, where it is encoded."""


@dataclass(frozen=True)
class QueryForm:
    """How a query is encoded where an item of the same content would get another vector.

    Attributes:
        name: a word of its own in its space, such as ``query``.
        modality: what the query is.
        targets: the modalities that it looks for.
    """

    name: str
    modality: Modality
    targets: frozenset[Modality]


@dataclass(frozen=True)
class Space:
    """One vector space; vectors compare only inside one.

    Attributes:
        id: the encoder's full name, such as ``openclip:ViT-B-32/laion2b_s34b_b79k``.
        revision: a hash of the weights and of the preprocessing: two spaces with the same id and
            different revisions do not compare.
        dimension: the length of its vectors.
        modalities: what its encoder can encode.
        query_forms: in which its queries are encoded in another way than its items.
    """

    id: str
    revision: str
    dimension: int
    modalities: frozenset[Modality]
    query_forms: tuple[QueryForm, ...] = ()

    def form(self, modality: Modality, target: Modality) -> str:
        """The name of the form of a query that looks for a modality; empty: as items are."""
        for form in self.query_forms:
            if form.modality is modality and target in form.targets:
                return form.name
        return ""


@dataclass(frozen=True)
class Waveform:
    """A mono sound: float32 samples of shape (n,), nominally in [-1, 1], and their rate in Hz.

    It can be made from what libraries give: samples of shape (n, channels) or (channels, n), which
    are mixed; integers of 8, 16 or 32 bits, which are scaled; tensors of torch.

    Raises:
        UsageError: the samples can be taken for several things, or the rate is no whole number.
    """

    samples: FloatArray
    rate: int

    def __post_init__(self) -> None:
        rate = whole_rate(self.rate)
        object.__setattr__(self, "rate", rate)
        object.__setattr__(self, "samples", mono_samples(self.samples, rate))

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def __repr__(self) -> str:
        return f"Waveform({self.seconds:.2f} s at {self.rate} Hz)"


@dataclass(frozen=True)
class AudioWindow:
    """A piece of a recording: its place in seconds, and its samples at the encoder's rate."""

    start: float
    end: float
    waveform: Waveform


@dataclass(frozen=True)
class Section:
    """A part of a text, half open in characters, and the headings it stands under.

    Attributes:
        start: where it begins; its own heading lies before that.
        end: where it ends.
        heading: the path of headings, the outermost first; empty where there is none.
    """

    start: int
    end: int
    heading: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A part of a text that is of most use whole: code, a table, an item of a list.

    Attributes:
        start: where it begins, in characters.
        end: where it ends; not included.
        has_rows: whether its lines stand for themselves: one that is too long is cut between them.
        head_end: where the first row of a table ends, which says what the others mean; 0 for none.
    """

    start: int
    end: int
    has_rows: bool = False
    head_end: int = 0


@dataclass(frozen=True)
class Structure:
    """What a text is made of, as its format says.

    Attributes:
        sections: in order, apart from each other; between them lie headings. None stands for one
            that is the whole text.
        blocks: in order, apart from each other, each within one section.
    """

    sections: tuple[Section, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A piece of a text.

    Attributes:
        start: where in the text it begins, in characters.
        end: where it ends; not included.
        text: the characters themselves.
        heading: the path of headings it stands under, the outermost first.
        context: what an encoder is given before its text: the path, as far as there is room, and
            the first row of a table of which it is a later part.
    """

    start: int
    end: int
    text: str
    heading: tuple[str, ...] = ()
    context: str = ""

    @property
    def encoded(self) -> str:
        """What its vector is made from."""
        return f"{self.context}{CONTEXT_GAP}{self.text}" if self.context else self.text


@dataclass(frozen=True, eq=False)
class EncodedSegment:
    """A piece of an item with its vector.

    Attributes:
        space: the id of the space that `vector` belongs to.
        modality: what the vector was made from.
        vector: float32, shape (dimension,), of length 1.
        place: where in the item it is.
        text: the passage itself, of a text.
        origin: what it was derived from.
        heading: the path of headings that a passage stands under, the outermost first.
    """

    space: str
    modality: Modality
    vector: FloatArray
    place: Place = WHOLE
    text: str | None = None
    origin: Origin = Origin.CONTENT
    heading: tuple[str, ...] = ()


Content: TypeAlias = "str | Image | Clip | Waveform"
"""What an encoder takes: a text, an RGB picture of PIL, or a waveform at the encoder's rate; and
frames of a video, if it says so."""


@runtime_checkable
class Encoder(Protocol):
    """Turns batches of one modality into L2-normalised vectors of its space.

    `prepare` does the work that belongs on the CPU, for one input, and may be called from many
    threads; `encode` runs the model on prepared inputs, and is called from one thread at a time.
    The vector of an input is the same to the bit on the CPU whatever it is batched with.

    Eight attributes more are optional: `batch_size`, how many inputs to give it at once;
    `batches_at_once`, by how many threads, one after `let_others` of another (see `waiting`);
    `image_side`, how many pixels it needs along the shorter side of a picture, or else all of them;
    `is_reentrant`, which if true says that a query need not wait for a batch of items;
    `shorter_dimensions`, to which its vectors may be cut (Matryoshka): the first so many numbers;
    `video`, a `VideoInput` if it takes a `Clip` among its images;
    `prepare_query(modality, content, form)`, which is `prepare` for a query in a form that its
    space names; and `structured_passages(text, structure, overlap)`, which is `passages` for a text
    with a `Structure`, or of passages that overlap (`anysense.embed.encoders.sections` has it for
    any tokenizer). Without it sections are cut one by one, and their headings are not encoded.
    """

    @property
    def space(self) -> Space:
        """The space of its vectors."""
        ...

    @property
    def sample_rate(self) -> int | None:
        """The rate in Hz that its waveforms must have; None if it takes no audio."""
        ...

    @property
    def window_seconds(self) -> float:
        """The length of the window that it hears at once."""
        ...

    def passages(self, text: str) -> list[Passage]:
        """Split normalised text into passages that fit its tokenizer, cutting none short.

        Passages are in order, end at sentence ends where they can, and together hold every
        character of the text that is not white space.
        """
        ...

    def prepare(self, modality: Modality, content: Content) -> Any:
        """Preprocess one input: resize an image, compute features of a window, tokenize a text.

        A text is tokenized as `plain_letters` gives it, and its passages are counted so.

        Raises:
            EncoderError: the encoder does not take this modality.
            MediaError: the content cannot be encoded.
        """
        ...

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Encode prepared inputs of one modality: float32, shape (len(prepared), dimension).

        Halves the batch and goes on when the device runs out of memory.
        """
        ...
