"""For collections from before pictures were decoded at a fraction of their size.

A picture decoded so has a vector a little apart from that of all its pixels, so its space has
another revision. An encoder that can make both goes on with the vectors that a collection has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from anysense.embed.types import Encoder

__all__ = ["WholePictures", "of_revision"]


class WholePictures:
    """An encoder that is given all pixels of its pictures, and is that encoder otherwise.

    Args:
        encoder: one whose `whole_revision` says which revision its space has so.
    """

    image_side: int | None = None

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        revision: str = encoder.whole_revision  # type: ignore[attr-defined]
        self.space = replace(encoder.space, revision=revision)
        self.whole_revision = revision

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)


def of_revision(encoder: Encoder, revision: str) -> Encoder:
    """The encoder as its space has this revision, if it can be had; otherwise the encoder as it is.

    Args:
        encoder: any.
        revision: that of the vectors which its own are to be compared with.
    """
    is_own = revision == encoder.space.revision
    if is_own or revision != getattr(encoder, "whole_revision", None):
        return encoder
    return cast("Encoder", WholePictures(encoder))
