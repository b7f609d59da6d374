"""A folder together with its encoders, as the rooms above see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from anysense.embed.types import Encoder, Space
    from anysense.index.folder.folder import CollectionFolder
    from anysense.index.types import Progress

__all__ = ["OpenCollection"]


class OpenCollection(Protocol):
    """A folder together with its encoders: what ranking, building and evaluation work on."""

    @property
    def folder(self) -> CollectionFolder: ...

    @property
    def spaces(self) -> list[Space]:
        """The spaces, in the order in which the encoders were given."""
        ...

    def encoders(self) -> list[Encoder]:
        """The encoders, loaded when first asked for."""
        ...

    @property
    def loaded_encoders(self) -> list[Encoder]:
        """The encoders if they are loaded already; else none."""
        ...

    def publish(self, progress: Progress | None = None) -> int:
        """Bring the FAISS index on disk up to date, and return its generation."""
        ...
