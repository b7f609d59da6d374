"""How much a server gives at once, and what it lets clients do."""

from __future__ import annotations

from dataclasses import dataclass

from anysense.embed.errors import UsageError

__all__ = ["MEDIA_BYTES", "RESOURCE_BYTES", "Options"]

MEDIA_BYTES = 512 * 1024
"""Of base64 in one answer: several small pictures, or a clip and some."""

RESOURCE_BYTES = 3_932_160
"""Of one resource, before base64: 3.75 MiB, of which base64 makes the 5 MiB that models take."""


@dataclass(frozen=True)
class Options:
    """What a server gives and allows.

    Attributes:
        allow_write: have the tools that add and remove items.
        media_bytes: the most base64 that one answer of a tool holds; what does not fit is linked.
        resource_bytes: the longest file or text that is given as a resource.
        show_paths: tell in which folders the files of a collection of this machine lie.

    Raises:
        UsageError: a number is negative.
    """

    allow_write: bool = False
    media_bytes: int = MEDIA_BYTES
    resource_bytes: int = RESOURCE_BYTES
    show_paths: bool = True

    def __post_init__(self) -> None:
        for name in ("media_bytes", "resource_bytes"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is 0 or more, not {getattr(self, name)}.")
