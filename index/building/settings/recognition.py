"""Which words a collection has recognised in pictures, and which items were read before that.

The catalog notes the number of the first segment that may have been read so. Segments are numbered
in the order in which they are written, and an item that is read again gets new ones: what has an
older one is read again when it is built the next time, however often builds are stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.pieces import Recognition, check_recognition
from anysense.embed.types import Kind
from anysense.index.catalog.browse import items_before

if TYPE_CHECKING:
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["items_to_recognise", "note_recognised", "note_recognition", "recognition_of"]

_RECOGNITION = "recognition|"
"""What the keys of the notes begin with."""
_OCR = f"{_RECOGNITION}ocr"
_NONE_BEFORE = 0  # no segment has this number, or a smaller one
_WITH_PICTURES = (Kind.IMAGE, Kind.DOCUMENT)


def recognition_of(folder: CollectionFolder) -> Recognition:
    """Which words are recognised in what is added to a collection."""
    return Recognition(ocr=_OCR in folder.notes(_RECOGNITION))


def note_recognition(folder: CollectionFolder, *, ocr: bool) -> bool:
    """Keep whether words in pictures are recognised from now on; whether they were not so far.

    Raises:
        UsageError: they are to be, and what recognises them is not installed.
    """
    check_recognition(Recognition(ocr=ocr))
    if ocr == recognition_of(folder).ocr:
        return False
    folder.note({_OCR: str(folder.catalog.state().next_segment) if ocr else None})
    return ocr


def items_to_recognise(folder: CollectionFolder) -> frozenset[str]:
    """The ids of items whose words were not recognised when they were read, and are to be."""
    noted = folder.notes(_RECOGNITION).get(_OCR)
    if noted is None or int(noted) == _NONE_BEFORE:
        return frozenset()
    return frozenset(items_before(folder.catalog, int(noted), _WITH_PICTURES))


def note_recognised(folder: CollectionFolder) -> None:
    """Note that there are no such items any more, if so: then nobody has to look for them."""
    noted = folder.notes(_RECOGNITION).get(_OCR)
    if noted not in (None, str(_NONE_BEFORE)) and not items_to_recognise(folder):
        folder.note({_OCR: str(_NONE_BEFORE)})
