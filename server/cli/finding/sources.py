"""What is asked for each folder: its collection, opened when that is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.server.cli import console
from anysense.server.cli.finding.fingerprint import fingerprint

if TYPE_CHECKING:
    from anysense.embed.errors import AnysenseError
    from anysense.index.collection import Collection
    from anysense.server.cli.finding.targets import Target, Wishes

__all__ = ["Source", "source_anew", "source_of"]


class Source:
    """The collection of a folder.

    Args:
        target: which one.
        device: where its models run.
        collection: the collection, if it is open already.
        is_current: whether it holds what the folder holds now, as far as that was looked up.
    """

    def __init__(
        self,
        target: Target,
        device: str,
        collection: Collection | None = None,
        *,
        is_current: bool,
    ) -> None:
        self.target = target
        self.is_current = is_current
        self._device = device
        self._collection = collection

    @property
    def collection(self) -> Collection:
        """The collection, open.

        Raises:
            CollectionError: it cannot be opened.
        """
        if self._collection is None:
            from anysense.index.collection import Collection

            self._collection = Collection.open(self.target.cached.path, device=self._device)
        return self._collection

    def close(self) -> None:
        """Let go of it, if it is open."""
        if self._collection is not None:
            self._collection.close()


def source_of(target: Target, wishes: Wishes) -> Source | None:
    """The collection of a folder, up to date as far as that was wished; None if there is none.

    Raises:
        AnysenseError: see `anysense.server.cli.finding.updating.brought_up_to_date`.
    """
    cached = target.cached
    if not wishes.update:
        if not cached.is_there:
            console.note(f"{target.named} has no index yet: leave out -n to make one.")
            return None
        cached.note_use()
        return Source(target, wishes.device, is_current=False)
    mark = None if target.is_part else fingerprint(target.folder)
    is_as_it_was = mark is not None and mark == cached.note.fingerprint
    if is_as_it_was and wishes.is_plain and cached.is_there:
        cached.note_use()
        return Source(target, wishes.device, is_current=True)
    from anysense.server.cli.finding.updating import brought_up_to_date

    return _opened(target, wishes, brought_up_to_date(target, wishes, mark))


def source_anew(source: Source, wishes: Wishes, error: AnysenseError) -> Source | None:
    """The same as `source_of`, in place of a collection that turned out to be of no use.

    Args:
        source: the collection.
        wishes: how it is to be made.
        error: what is wrong with it; one of `anysense.server.cli.finding.targets.UNUSABLE`.
    """
    from anysense.server.cli.finding.updating import made_anew

    source.close()
    return _opened(source.target, wishes, made_anew(source.target, wishes, error))


def _opened(
    target: Target, wishes: Wishes, opened: tuple[Collection, bool] | None
) -> Source | None:
    if opened is None:
        return None
    target.cached.note_use()
    return Source(target, wishes.device, opened[0], is_current=opened[1])
