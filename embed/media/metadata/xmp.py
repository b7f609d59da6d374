"""The words in an XMP packet: Adobe's XML inside pictures, and in files beside them.

Only the properties of the picture itself are read, which stand directly in a description of the
packet; those of the pictures that it was made from stand deeper.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

from anysense.embed.media.metadata.dates import local_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["XMP_BYTES", "read_xmp", "xmp_facts", "xmp_texts"]

XMP_BYTES = 4 * 1024**2
"""The longest packet that is read: long ones hold the history of what was done to a picture."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_IPTC = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
_KEYWORDS = f"{_DC}subject"
_TITLE = f"{_DC}title"
_RATING = "{http://ns.adobe.com/xap/1.0/}Rating"
_DATES = (  # the first that is there counts
    "{http://ns.adobe.com/exif/1.0/}DateTimeOriginal",
    "{http://ns.adobe.com/photoshop/1.0/}DateCreated",
)
_CAMERA = {
    "make": "{http://ns.adobe.com/tiff/1.0/}Make",
    "model": "{http://ns.adobe.com/tiff/1.0/}Model",
}
_PLACE = {
    "latitude": "{http://ns.adobe.com/exif/1.0/}GPSLatitude",
    "longitude": "{http://ns.adobe.com/exif/1.0/}GPSLongitude",
}
_DEGREES = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])")
_WIDE = {b"\0<": "utf-16-be", b"<\0": "utf-16-le"}
_PROPERTIES = (  # in this order
    _TITLE,
    "{http://ns.adobe.com/photoshop/1.0/}Headline",
    f"{_DC}description",
    f"{_IPTC}AltTextAccessibility",
    f"{_IPTC}ExtDescrAccessibility",
    _KEYWORDS,
)
_MOST_TEXTS = 1000


def xmp_texts(packet: bytes) -> list[str]:
    """What `read_xmp` gives; what is no XMP, or over `XMP_BYTES`, has no texts: never an error."""
    try:
        return read_xmp(packet)
    except ValueError:
        return []


def read_xmp(packet: bytes) -> list[str]:
    """Title, headline, description in all their languages, alternative texts, keywords as one text.

    Entities are not expanded and nothing is fetched.

    Raises:
        ValueError: it is no XMP, or over `XMP_BYTES`; says why.
    """
    texts: dict[str, list[str]] = {name: [] for name in _PROPERTIES}
    for name, text in _read(packet, _PROPERTIES):
        if len(texts[name]) < _MOST_TEXTS:
            texts[name].append(text)
    texts[_KEYWORDS] = [", ".join(texts[_KEYWORDS])]
    return [text for name in _PROPERTIES for text in texts[name] if text]


def xmp_facts(packet: bytes) -> dict[str, Any]:
    """Title, keywords, rating, and when, where and with what it was taken, as metadata.

    Raises:
        ValueError: it is no XMP, or over `XMP_BYTES`.
    """
    values: dict[str, list[str]] = {}
    single = (_RATING, *_DATES, *_CAMERA.values(), *_PLACE.values())
    for name, text in _read(packet, (_TITLE, _KEYWORDS, *single)):
        if len(values.setdefault(name, [])) < _MOST_TEXTS:
            values[name].append(text)
    facts: dict[str, Any] = {"keywords": [text for text in values.get(_KEYWORDS, []) if text]}
    facts |= {
        key: values[n][0] for key, n in (("title", _TITLE), ("rating", _RATING)) if n in values
    }
    facts["camera"] = {key: values[n][0] for key, n in _CAMERA.items() if n in values}
    facts |= {key: _degrees(values[n][0]) for key, n in _PLACE.items() if n in values}
    for name in _DATES:
        taken = local_time(values.get(name, [""])[0])
        if taken is not None:
            return {**facts, "taken": taken}
    return facts


def _degrees(text: str) -> float | None:
    """Degrees as XMP writes them: ``48,8.22N`` or ``48,8,13N``; None if they are not."""
    match = _DEGREES.fullmatch(text)
    if match is None:
        return None
    degrees = int(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
    return -degrees if match[4] in "SW" else degrees


def _read(packet: bytes, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and texts of some properties of a packet, if there is anything in it."""
    from lxml import etree

    if len(packet) > XMP_BYTES:
        raise ValueError(f"has over {XMP_BYTES:,} bytes")
    encoding = _WIDE.get(packet[:2])
    if encoding is not None:  # without the mark that should be before it
        packet = packet.decode(encoding, "replace").encode("utf-8", "replace")
    if not packet.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        packet = packet.strip(b"\0 \t\r\n")
    # No XMP has a document type; with one, a few bytes might stand for gigabytes.
    if b"<!DOCTYPE" in packet.replace(b"\0", b""):
        raise ValueError("has a document type, as no XMP has")
    if not packet:
        return
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True
    )
    try:
        root = etree.fromstring(packet, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"is no XML: {getattr(error, 'msg', error)}") from None
    yield from _properties(root, names)


def _properties(root: Any, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and texts of the properties that are read; one text for each alternative or keyword."""
    packets = [root] if root.tag == f"{_RDF}RDF" else root.iterchildren(f"{_RDF}RDF")
    for packet in packets:
        for description in packet.iterchildren(f"{_RDF}Description"):
            for name, value in description.attrib.items():
                if name in names:
                    yield name, value.strip()
            for element in description.iterchildren(*names):
                for item in _items(element):
                    yield element.tag, "".join(item.itertext()).strip()


def _items(element: Any) -> list[Any]:
    """The members of a property's list of alternatives or keywords; itself if it is plain."""
    return element.findall(f"*/{_RDF}li") or [element]
