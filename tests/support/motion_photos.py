"""Motion photos as phones write them: a picture with a short video behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from media_files import saved

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["boxed", "by_length", "by_mark", "by_offset", "with_xmp"]

_RDF = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" '
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
    "{}</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def with_xmp(picture: Image, said: str, file_format: str = "JPEG") -> bytes:
    """A picture whose XMP ends with these attributes and elements of its description."""
    return saved(picture, file_format, xmp=_RDF.format(said).encode())


def by_offset(picture: Image, video: bytes, offset: int | None = None) -> bytes:
    """As phones of Google wrote them at first; the offset is the right one if none is given."""
    stated = len(video) if offset is None else offset
    attributes = (
        f'GCamera:MicroVideo="1" GCamera:MicroVideoVersion="1" GCamera:MicroVideoOffset="{stated}">'
    )
    return with_xmp(picture, attributes) + video


def by_length(picture: Image, video: bytes) -> bytes:
    """As the specification of motion photos has it: items one after the other, with lengths."""
    items = (
        '<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" '
        'Item:Semantic="Primary" Item:Length="0" Item:Padding="0"/></rdf:li>'
        '<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="video/mp4" '
        f'Item:Semantic="MotionPhoto" Item:Length="{len(video)}" Item:Padding="0"/></rdf:li>'
    )
    directory = f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
    return with_xmp(picture, f'GCamera:MotionPhoto="1">{directory}') + video


def by_mark(picture: Image, video: bytes) -> bytes:
    """As phones of Samsung do: a mark before the video, and a list of marks behind it."""
    block = b"\0\0\x30\x0a" + (16).to_bytes(4, "little") + b"MotionPhoto_Data" + video
    entry = b"\0\0\x30\x0a" + len(block).to_bytes(4, "little") * 2
    listed = b"SEFH" + (106).to_bytes(4, "little") + (1).to_bytes(4, "little") + entry
    return saved(picture, "JPEG") + block + listed + len(listed).to_bytes(4, "little") + b"SEFT"


def boxed(picture: Image, video: bytes, file_format: str = "HEIF") -> bytes:
    """As HEIC and AVIF have it: in a box of its own behind the others."""
    return saved(picture, file_format) + (8 + len(video)).to_bytes(4, "big") + b"mpvd" + video
