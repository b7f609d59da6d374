"""The pieces of an item, with what is said in its sound among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.audio.recording import iter_windows, resample
from anysense.embed.media.document.document import fold_text, has_words
from anysense.embed.media.pieces import Piece
from anysense.embed.media.speech.listening import Listener
from anysense.embed.media.speech.recogniser import RATE
from anysense.embed.types import Modality, Origin, Place, Waveform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anysense.embed.limits import Limits
    from anysense.embed.media.speech.recogniser import SpeechRecogniser, TimedText
    from anysense.embed.types import FloatArray

__all__ = ["passages_of", "with_transcript"]

_LONGEST = 15.0  # seconds of a passage; a single sentence may be longer
_LONGEST_GAP = 2.0  # seconds without a word within one
_BLOCK_SECONDS = 30.0
_JITTER = 0.05  # seconds by which a window may begin late and go on from the one before


def with_transcript(
    pieces: Iterator[Piece], recogniser: SpeechRecogniser, limits: Limits
) -> Iterator[Piece]:
    """The pieces, and behind its sounds what is said in them.

    A recording is read a second time, block by block; the windows of a video are listened to as
    they come.

    Raises:
        MediaError: a sound cannot be read.
    """
    listener: Listener | None = None
    texts: list[TimedText] = []
    for piece in pieces:
        yield piece
        if piece.modality is not Modality.AUDIO:
            continue
        for start, samples in _blocks(piece, limits):
            if listener is None or start > listener.end + _JITTER:
                texts += listener.finish() if listener is not None else ()
                listener = Listener(recogniser, start)
            heard = max(0, round((listener.end - start) * RATE))  # windows may overlap
            texts += listener.add(samples[heard:])
    if listener is not None:
        texts += listener.finish()
    for text in passages_of(texts):
        content = " ".join(fold_text(text.text).split())
        if has_words(content):
            place = Place.of_seconds(round(text.start, 2), round(text.end, 2))
            yield Piece(Modality.TEXT, content, place, Origin.TRANSCRIPT)


def passages_of(texts: Iterable[TimedText]) -> Iterator[TimedText]:
    """Texts that follow each other as passages of some seconds."""
    passage: TimedText | None = None
    for text in texts:
        if passage is None:
            passage = text
        elif text.end - passage.start <= _LONGEST and text.start - passage.end <= _LONGEST_GAP:
            passage = type(text)(passage.start, text.end, f"{passage.text} {text.text}")
        else:
            yield passage
            passage = text
    if passage is not None:
        yield passage


def _blocks(piece: Piece, limits: Limits) -> Iterator[tuple[float, FloatArray]]:
    """The samples of a sound at `RATE`, each block with when it begins."""
    content, start = piece.content, piece.place.start or 0.0
    if isinstance(content, Waveform):
        yield start, resample(content, RATE).samples
        return
    for window in iter_windows(content, RATE, _BLOCK_SECONDS, limits=limits):  # type: ignore[arg-type]
        yield start + window.start, window.waveform.samples
