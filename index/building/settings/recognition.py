"""Which words a collection has recognised in pictures and sounds, and what was read before that.

The catalog notes the number of the first segment that may have been read so. Segments are numbered
in the order in which they are written, and an item that is read again gets new ones: what has an
older one is read again when it is built the next time, however often builds are stopped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.embed.media.identify import ANIMATED_SUFFIXES
from anysense.embed.media.pieces import Recognition, check_recognition
from anysense.embed.types import Kind
from anysense.index.catalog.browse import items_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anysense.index.folder.folder import CollectionFolder

__all__ = ["items_to_recognise", "note_recognised", "note_recognition", "recognition_of"]

_RECOGNITION = "recognition|"
"""What the keys of the notes begin with."""
_OCR = f"{_RECOGNITION}ocr"
_TRANSCRIBE = f"{_RECOGNITION}transcribe"
_KINDS: Mapping[str, Mapping[Kind, tuple[str, ...]]] = {
    _OCR: {Kind.IMAGE: (), Kind.DOCUMENT: (), Kind.VIDEO: ANIMATED_SUFFIXES},
    _TRANSCRIBE: {Kind.AUDIO: (), Kind.VIDEO: ()},
}
"""What is read again where one of these changes, with the suffixes that count, if not all do."""
_NONE_BEFORE = 0  # no segment has this number, or a smaller one


def recognition_of(folder: CollectionFolder) -> Recognition:
    """Which words are recognised in what is added to a collection."""
    notes = folder.notes(_RECOGNITION)
    model = notes.get(_TRANSCRIBE, "").partition(" ")[2]
    return Recognition(ocr=_OCR in notes, transcribe=model or None)


def note_recognition(
    folder: CollectionFolder, *, ocr: bool | None = None, transcribe: str | None = None
) -> bool:
    """Keep which words are recognised from now on; whether some are that were not so far.

    Args:
        folder: the collection.
        ocr: whether those in pictures are; as it was if None.
        transcribe: the model that writes down speech, empty for none; as it was if None.

    Raises:
        UsageError: what recognises them is not installed.
        EncoderError: there is no such model here.
    """
    former = recognition_of(folder)
    wanted = replace(former, ocr=former.ocr if ocr is None else ocr)
    if transcribe is not None:
        wanted = replace(wanted, transcribe=_model(transcribe))
    if wanted == former:
        return False
    check_recognition(wanted)
    next_segment = folder.catalog.state().next_segment
    notes: dict[str, str | None] = {}
    if wanted.ocr != former.ocr:
        notes[_OCR] = str(next_segment) if wanted.ocr else None
    if wanted.transcribe != former.transcribe:
        model = wanted.transcribe
        notes[_TRANSCRIBE] = None if model is None else f"{next_segment} {model}"
    folder.note(notes)
    return any(notes.values())


def items_to_recognise(folder: CollectionFolder) -> frozenset[str]:
    """The ids of items whose words were not recognised when they were read, and are to be."""
    return frozenset(item for key, _ in _open(folder) for item in _before(folder, key))


def note_recognised(folder: CollectionFolder) -> None:
    """Note that there are no such items any more, if so: then nobody has to look for them."""
    for key, model in _open(folder):
        if not any(True for _ in _before(folder, key)):
            folder.note({key: f"{_NONE_BEFORE} {model}".rstrip()})


def _model(name: str) -> str | None:
    """The whole name of a model that is on this machine; None for none."""
    if not name:
        return None
    from anysense.embed.encoders.whisper.names import find_folder, full_name

    find_folder(name)
    return full_name(name)


def _open(folder: CollectionFolder) -> Iterator[tuple[str, str]]:
    """The notes by which items may have to be read again, each with its model if it has one."""
    for key, note in folder.notes(_RECOGNITION).items():
        number, _, model = note.partition(" ")
        if int(number) != _NONE_BEFORE:
            yield key, model


def _before(folder: CollectionFolder, key: str) -> Iterator[str]:
    number = int(folder.notes(_RECOGNITION)[key].partition(" ")[0])
    return items_before(folder.catalog, number, _KINDS[key])
