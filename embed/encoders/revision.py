"""The revision of a space: a hash of all that its vectors depend on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["digest_parts", "revision_of", "with_reduced"]


def digest_parts(parts: Mapping[str, Any]) -> str:
    """The SHA-256 of what JSON can hold, in hex; the order of the keys does not matter."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def revision_of(parts: Mapping[str, Any]) -> str:
    """The revision of a space, 16 hex digits.

    Collections name it: another form of it would make every collection one of another model.

    Args:
        parts: by name, what the vectors depend on: hashes of weights, settings, probes.
    """
    return digest_parts(parts)[:16]


def with_reduced(parts: Mapping[str, Any], side: int) -> dict[str, Any]:
    """What vectors depend on whose pictures may come with fewer pixels than they are stored with.

    Args:
        parts: what they depend on otherwise.
        side: the encoder's `image_side`.
    """
    # As `anysense.embed.media.picture.reduced` does it.
    return {**parts, "reduced": {"side": side, "how": "JPEG by 2, 4 or 8"}}
