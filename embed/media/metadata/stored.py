"""Where the formats of pictures keep XMP and IPTC-IIM, as Pillow gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.metadata.xmp import XMP_BYTES

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["iptc_records", "xmp_packet"]

_TIFF_IPTC = 0x83BB
_PHOTOSHOP_IPTC = 0x0404  # the number of the resource in a JPEG's APP13


def xmp_packet(image: Image) -> bytes | None:
    """The XMP of a picture, if it has any that is not too long."""
    packet = image.info.get("xmp")
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    return packet if isinstance(packet, bytes) and len(packet) <= XMP_BYTES else None


def iptc_records(image: Image) -> bytes | None:
    """The IPTC-IIM records of a JPEG or a TIFF, if it has any."""
    records = image.info.get("photoshop", {}).get(_PHOTOSHOP_IPTC)  # of a JPEG
    if records is None and image.format == "TIFF":
        records = image.getexif().get(_TIFF_IPTC)
        if isinstance(records, tuple):  # written as numbers of four bytes, against the standard
            records = b"".join(int(value).to_bytes(4, "little") for value in records)
    return records if isinstance(records, bytes) else None
