"""The texts beside a file that describe it: ``photo.txt``, ``photo.jpg.txt``, ``photo.xmp``.

Captions in text files are how data sets for training are kept, and what people write by hand; XMP
files are what photo managers write that leave pictures as they are: Lightroom ``photo.xmp``,
darktable and digiKam ``photo.jpg.xmp``. JSON files have metadata instead of words, also of texts:
``photo.json``, ``photo.jpg.json``, ``notes.md.json``, and what Google's exports of photos have.

Names alone decide, those of one folder. A text of the whole name belongs to that file. A text of
the stem belongs to every picture, sound and video of that stem: files of one name are one object
to a camera (a photo with its voice memo, both halves of a Live Photo, a raw image and its JPEG).
Only where a file has a text of its whole name and of the same suffix, that one is taken instead.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaTooLargeError
from anysense.embed.media.document.charset import decode_text
from anysense.embed.media.document.document import normalise_text
from anysense.embed.media.files import VIDEO_SUFFIXES
from anysense.embed.media.identify import MEDIA_SUFFIXES
from anysense.embed.media.metadata.xmp import XMP_BYTES, read_xmp
from anysense.embed.media.phrases import descriptions
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense.embed.limits import Limits

__all__ = ["SIDECAR_SUFFIXES", "is_metadata", "pair_sidecars", "read_sidecar", "sidecar_names"]

SIDECAR_SUFFIXES = (".txt", ".xmp", ".json")
"""Lower case and with the dot; the words of the first come first."""

_METADATA_SUFFIX = ".json"
_EXPORTED = ".supplemental-metadata"
_EXPORTED_CHARACTERS = (
    46  # to which Google's exports cut the names of such files, less their suffix
)

_BYTES_PER_CHARACTER = 4


def sidecar_names(name: str) -> tuple[str, ...]:
    """The names that a text beside a file may have, the most likely to be meant first.

    Texts and documents have words of their own, and a text beside them is another document; a JSON
    file of their whole name is metadata of them all the same.

    Args:
        name: a file name, or a path, whose folder the names then have too.
    """
    path = PurePath(name)
    if not path.name:
        return ()
    return tuple(
        str(path.with_name(candidate))
        for suffix in SIDECAR_SUFFIXES
        for candidate in _candidates(*_split(path.name), suffix)
    )


def pair_sidecars(names: Iterable[str]) -> dict[str, list[str]]:
    """Which of the files of one folder are texts beside which others, as the module says.

    Where a name differs from the file's in case alone, as on systems that do not tell cases apart,
    it counts if no name is the same in case too.

    Args:
        names: the file names of one folder.

    Returns:
        The names of the texts for each file that has any: at most one of each suffix, in the order
        of `SIDECAR_SUFFIXES`.
    """
    parts = {name: _split(name) for name in sorted(names)}
    sidecars = {n: suffix for n, (_, suffix) in parts.items() if suffix.lower() in SIDECAR_SUFFIXES}
    present = {suffix.lower() for suffix in sidecars.values()}
    suffixes = [suffix for suffix in SIDECAR_SUFFIXES if suffix in present]
    same_case = {parts[name][0] + suffix.lower(): name for name, suffix in sidecars.items()}
    any_case = {name.casefold(): name for name in reversed(sidecars)}
    pairs = {}
    for name, (stem, own_suffix) in parts.items():
        texts = []
        for suffix in suffixes:
            for candidate in _candidates(stem, own_suffix, suffix):
                text = same_case.get(candidate) or any_case.get(candidate.casefold())
                if text is not None:
                    texts.append(text)
                    break
        if texts:
            pairs[name] = texts
    return pairs


def read_sidecar(
    file: BinaryIO, name: str, limits: Limits, encoding: str | None = None
) -> list[str]:
    """The words of a text beside a file: a text file's as one text, an XMP file's descriptions.

    Args:
        file: the text, read from where it is.
        name: its file name, whose suffix says what it is.
        limits: of which the number of characters of a text counts.
        encoding: what a text is in that is not Unicode; found out where it is None.

    Raises:
        EmptyMediaError: a text without words.
        CorruptMediaError, UnsupportedMediaError: no text or no XMP, or in an unknown encoding.
        MediaTooLargeError: too many characters.
    """
    if PurePath(name).suffix.lower() == ".xmp":
        try:
            return descriptions(read_xmp(file.read(XMP_BYTES + 1)))
        except ValueError as error:
            raise CorruptMediaError(name, str(error)) from None
    data = file.read(limits.text_characters * _BYTES_PER_CHARACTER + 1)
    text = normalise_text(decode_text(data, name, encoding=encoding), name).strip()
    if len(text) > limits.text_characters:
        raise MediaTooLargeError(name, f"has over {limits.text_characters:,} characters")
    return [text]


def _split(name: str) -> tuple[str, str]:
    """The stem and the suffix of a file name, as `PurePath` tells them, of many names."""
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if 0 < dot < len(name) - 1 else (name, "")


def _candidates(stem: str, own_suffix: str, suffix: str) -> tuple[str, ...]:
    """The names that a file of a suffix may have beside a file, the likeliest first."""
    own_kind, name = own_suffix.lower(), stem + own_suffix
    modality = MEDIA_SUFFIXES.get(own_kind, Modality.TEXT)
    is_described = modality is not Modality.TEXT or own_kind in VIDEO_SUFFIXES
    if suffix == _METADATA_SUFFIX:
        if not is_described and own_kind not in MEDIA_SUFFIXES:
            return ()
        exported = (name + _EXPORTED)[:_EXPORTED_CHARACTERS]
        names = [name, exported] if exported != name else [name]
        names += [stem] if is_described else []
        return tuple(beside + suffix for beside in names)
    return (name + suffix, stem + suffix) if is_described else ()


def is_metadata(name: str) -> bool:
    """Whether a file beside another has metadata, and no words."""
    return PurePath(name).suffix.lower() == _METADATA_SUFFIX
