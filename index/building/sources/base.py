"""What every kind of source can do, and what it is given to do it with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from anysense.index.building.sources.paths import is_alive
from anysense.index.building.sources.reaching import file_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anysense.embed.types import EmbeddedFile
    from anysense.index.building.sources.entries import Entry
    from anysense.index.building.sources.ignoring import Rules
    from anysense.index.catalog.records import Sidecar

__all__ = ["Listing", "Source"]


class Listing(Protocol):
    """The rules by which sources are listed, and where they note what they leave out."""

    @property
    def collection(self) -> str | None:
        """The collection's own folder, which is left out wherever it is met."""
        ...

    @property
    def with_sidecars(self) -> bool:
        """Whether texts beside pictures and sounds belong to these."""
        ...

    @property
    def encoding(self) -> str | None:
        """What texts are in that are not Unicode; found out where it is None."""
        ...

    def rules_at(self, root: str) -> Rules:
        """What is left out by patterns around a folder that is walked from here on."""
        ...

    def sidecars_beside(self, path: str) -> tuple[Sidecar, ...]:
        """The texts that belong to a file whose folder is not walked; none without sidecars."""
        ...

    def is_linkable(self, target: str) -> bool:
        """Whether a link may lead to this real path."""
        ...

    def count_outside_link(self) -> None:
        """Note a link to a file that is not followed."""
        ...

    def note_walked(self, folder: str) -> None:
        """Note a folder whose files and folders are looked at."""
        ...

    def note_unread(self, paths: Iterable[str], kind: str | None = None) -> None:
        """Note files of kinds that anysense does not read.

        Args:
            paths: of the files.
            kind: what they are, where their suffixes do not tell: a named pipe, a socket, a device.
        """
        ...

    def note_litter(self, folder: str) -> None:
        """Note a folder that is left out because systems or programs keep it for themselves."""
        ...

    def note_ignored(self, path: str, left_out_by: str) -> None:
        """Note a file, or a folder with all that is in it, that patterns leave out."""
        ...

    def report(self, path: str, reason: str) -> None:
        """Note a file or a row that cannot be used, and why."""
        ...

    def note_held(self, holder: str) -> None:
        """Note a file that was looked into: what it holds no more is gone.

        Args:
            holder: a table or a tar, by its real path.
        """
        ...

    def note_unread_part(self, holder: str) -> None:
        """Note a file of which some part cannot be read: what was not found may be in there."""
        ...

    def report_unlisted(self, folder: str, error: OSError) -> None:
        """Note a folder that cannot be listed.

        Raises:
            MediaError: it is a source itself.
        """
        ...


@dataclass(frozen=True)
class Source(ABC):
    """One argument of a build: as it was given, and the real folder or file that it stays under.

    The `source` of an item is another thing: what hits call it.
    """

    name: str
    root: str

    @abstractmethod
    def find(self, listing: Listing) -> Iterator[Entry]:
        """Everything that the source holds now."""

    @abstractmethod
    def covers(self, path: str) -> bool:
        """Whether `find` would have come upon this path if it were there."""

    def read(self, path: str) -> EmbeddedFile:
        """What this source has at a path that the catalog knows, to be read when it is needed.

        Raises:
            MediaError: it is not there, or cannot be reached.
        """
        return file_at(path)

    def is_alive(self, path: str) -> bool:
        """Whether something that `find` did not come upon is there all the same.

        Raises:
            AnysenseError: nobody can tell now; what may be there is not removed.
        """
        return is_alive(path)
