"""What in the metadata of a file is a description, and what only looks like one.

Cameras and programs fill the fields that are meant for captions with their own names and codes.
Such a text says nothing about the one file that it stands in, and as each file of a collection has
it, it would answer many queries with all of them. The lists below come from the bug reports of
photo managers, whose users were annoyed by them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anysense.embed.errors import MediaError
from anysense.embed.media.document.charset import decode_text
from anysense.embed.media.document.document import normalise_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DESCRIPTION_CHARACTERS", "decode_tag", "descriptions", "each_once", "is_description"]

DESCRIPTION_CHARACTERS = 4000
"""The longest description.

IPTC allows a caption 2,000 characters. What is longer are the settings of a program or data in
Base64, so it is passed over and not cut.
"""

# fmt: off
_PLACEHOLDERS = frozenset([
    "acd systems digital imaging", "ascii", "binary comment", "caption", "comment", "comments",
    "dcim", "default", "description", "digital camera", "hellomoto", "image", "jpeg",
    "my beautiful picture", "n/a", "nan", "no title", "none", "null", "photo", "picture", "samsung",
    "samsung camera pictures", "title", "unknown", "untitled", "user comments",
    "_cuva", "bsh", "btf", "btfhdr", "btfmdn", "burst", "cof", "dav", "edf", "fbt", "frem",
    "frontbhdp", "hdr", "hdrpl", "jpeg_hdr", "mde", "mde_soft", "mon", "nor", "oznor", "oznorwo",
    "qrf", "rhdr", "rpt", "sdr_hdrb", "smart",
])
# fmt: on
"""In lower case. Those from ``_cuva`` on are the modes of the cameras in Huawei's telephones."""

_PROGRAMS = (
    r"(?:the )?(?:acdsee|adobe|affinity|apple|canva|ezgif|figma|ffmpeg|gd-jpeg|gimp|google|"
    r"graphicsmagick|imagemagick|imagej|imlib|inkscape|irfanview|itunes|jasc|jpegoptim|lame|"
    r"lavc|lavf|libjpeg|lead|lightroom|matplotlib|microsoft|paint|photoscape|photoshop|picasa|"
    r"pixelmator|snapseed|tinypng|ulead|xnview)"
)
_MARKS = re.compile(
    r"(?:"
    r"(?:created|edited|encoded|exported|generated|made|optimi[sz]ed|processed|produced|saved)"
    rf" (?:by|from|in|using|with) {_PROGRAMS}\b.*"
    r"|creator: .*"  # gd-jpeg
    r"|(?:encoded|ripped) (?:by|with)\b.*"
    r"|file written by adobe photoshop.*"
    r"|handmade software.*"
    r"|(?:lead technologies|xing technology).*"
    r"|lav[cf]\d.*"
    r"|(?:konica|kodak|minolta|olympus|sony)(?: minolta)? dsc"
    r"|sony digital .*"
    r")",
    re.I | re.S,
)
_CAMERA = re.compile(r"[A-Z][A-Z .&-]* (?i:digital (?:game |still |video )?camera)")
"""OLYMPUS, KODAK, MEDION, MINOLTA, MOULTRIE ...; the maker in capitals, so not "My digital camera".
"""
_FILE_NAME = re.compile(
    r".*\.(?:avif|bmp|cr[23w]|dng|gif|hei[cf]|jpe?g|m4a|mov|mp[34]|nef|pdf|png|psd|tiff?|wav|webp)"
    r"|dcim[\\/]\S*",
    re.I | re.S,
)
_CODE = re.compile(  # IMG_0599, P101, a hash; looking ahead keeps the time linear
    r"(?=[!-~]+\Z)(?:[!-~]*?\d{4}.*|[a-z_]{1,5}[-_]?\d{3,}|.{41,})", re.I
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.I)
_NUMBERS = re.compile(r"[0-9a-f]{8}(?:\s+[0-9a-f]{8})+", re.I)  # iTunes' loudness
_SETTINGS = re.compile(r"\bSteps: \d+, Sampler: ")  # of a model that made the picture
_DATA = re.compile(r"[\[{<].*[\]}>]", re.S)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd\ufffe\uffff]")
_IDEOGRAPHS = "\u2e80"  # from here on a letter may be a word


def descriptions(texts: Iterable[str], most: int = DESCRIPTION_CHARACTERS) -> list[str]:
    """Those of the texts that describe something, normalised, each once as by `each_once`."""
    return each_once(
        normalise_text(text).strip()
        for text in texts
        if len(text) <= 4 * most and is_description(text, most)
    )


def each_once(texts: Iterable[str]) -> list[str]:
    """Texts without their repetitions, in their order.

    Those that differ in white space and in case alone count as one; the first stays.
    """
    distinct: dict[str, str] = {}
    for text in texts:
        distinct.setdefault(" ".join(text.split()).casefold(), text)
    return list(distinct.values())


def is_description(text: str, most: int = DESCRIPTION_CHARACTERS) -> bool:
    """Whether a text of a file's metadata can be one that somebody wrote about the file.

    Not so: no letters; over `most` characters; control characters; the default of a camera or the
    mark of a program; the name of a file, a number or code; an address alone; JSON, XML and the
    settings of a model that makes pictures.
    """
    text = text.strip("\0 \t\r\n")
    if len(text) > most or not _has_word(text) or _CONTROLS.search(text):
        return False
    phrase = " ".join(text.split()).strip(" .:;!*\"'")
    if phrase.lower() in _PLACEHOLDERS or _SETTINGS.search(text):
        return False
    rules = (_MARKS, _CAMERA, _FILE_NAME, _CODE, _ADDRESS, _NUMBERS)
    return _DATA.fullmatch(text) is None and not any(rule.fullmatch(phrase) for rule in rules)


def decode_tag(data: bytes) -> str:
    """The characters of a text of which no encoding is stated.

    UTF-8, or Windows-1252 if it looks so, or else what can be told. Empty where nothing can, or
    over any length that a description has: never an error.
    """
    data = data.rstrip(b"\0 ")
    if len(data) > 16 * DESCRIPTION_CHARACTERS:
        return ""
    try:
        return decode_text(data, "<metadata>", is_phrase=True)
    except MediaError:
        return ""


def _has_word(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) > 1 or any(letter >= _IDEOGRAPHS for letter in letters)
