"""Where the formats of pictures keep EXIF, XMP and IPTC-IIM, as Pillow gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.media.metadata.packets import PACKET
from anysense.embed.media.metadata.xmp import XMP_BYTES

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

__all__ = ["exif_data", "iptc_records", "xmp_packet"]

_TIFF_IPTC, _BYTES = 0x83BB, 7  # TIFF 6.0, section 2: bytes of any meaning
_IPTC, _EXIF, _XMP = 0x0404, 0x0422, 0x0424
"""The numbers of resources of Photoshop, in its documents and in the APP13 of a JPEG."""
_PNG_IPTC = "Raw profile type iptc"
_IPTC_START = b"\x1c"
_RESOURCE = b"8BIM\x04\x04"


def exif_data(image: Image) -> Exif:
    """The EXIF data of a picture; empty if it has none.

    Raises:
        Exception: whatever Pillow raises where they are broken.
    """
    data = _resource(image, _EXIF)
    if data is None:
        return image.getexif()
    from PIL.Image import Exif

    exif = Exif()  # not the image's own, by which it would be turned: its pixels are as they are
    exif.load(data)
    return exif


def xmp_packet(image: Image) -> bytes | None:
    """The XMP of a picture, if it has any that is not too long."""
    packet = image.info.get("xmp") or image.info.get(PACKET) or _resource(image, _XMP)
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    return packet if isinstance(packet, bytes) and len(packet) <= XMP_BYTES else None


def iptc_records(image: Image) -> bytes | None:
    """The IPTC-IIM records of a picture, if it has any."""
    records: Any = image.info.get("photoshop", {}).get(_IPTC) or _resource(image, _IPTC)
    if records is None and image.format == "TIFF":
        records = _of_tiff(image)
    if records is None and image.format == "PNG":
        records = _of_png(image.info.get(_PNG_IPTC))
    return records if isinstance(records, bytes) else None


def _resource(image: Image, number: int) -> bytes | None:
    """A resource of a Photoshop document."""
    if image.format != "PSD":
        return None
    resources: list[tuple[int, str, bytes]] = getattr(image, "resources", [])
    return next((data for code, _, data in resources if code == number), None)


def _of_tiff(image: Image) -> bytes | None:
    """IPTC-IIM of a TIFF as bytes, also where they are said to be numbers of four bytes each.

    Many programs say so, Photoshop too, and Pillow would keep the first number alone; some turn the
    bytes of each.
    """
    directory: Any = getattr(image, "tag_v2", None)
    if directory is None:
        return None
    directory.tagtype[_TIFF_IPTC] = _BYTES
    data: bytes = directory.get(_TIFF_IPTC, b"")[:XMP_BYTES]
    if data[:1] != _IPTC_START and data[3:4] == _IPTC_START:
        return b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))
    return data or None


def _of_png(text: Any) -> bytes | None:
    """IPTC-IIM as ImageMagick writes it into a PNG: a name, a length, and hexadecimal digits."""
    if not isinstance(text, str):
        return None
    parts = text.strip().split("\n", 2)
    data = bytes.fromhex(parts[2]) if len(parts) == 3 else b""
    at = data.find(_RESOURCE)  # within a resource of Photoshop, or by itself
    return data[at + len(_RESOURCE) + 6 :] if at >= 0 else data
