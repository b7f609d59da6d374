"""How a build is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.index.building.encoding import BATCH_ITEMS, BATCH_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_OPTIONS", "BuildOptions"]


@dataclass(frozen=True)
class BuildOptions:
    """What a build may be told besides its sources.

    Attributes:
        root: where the paths of tables start, instead of at their own folders.
        batch_size: inputs that a model takes at once; chosen by the device if None.
        workers: threads that decode; as many as processors if None.
        retry_failed: try again what an earlier build could not read.
        keep_missing: keep items whose file is gone.
        allow_removal: remove also most of the items that a table has given.
        sidecars: whether words about a picture or a sound, beside its file or inside it, are
            segments of it.
        exclude: patterns, as in .gitignore, of what is left out of folders and globs.
        ignore_files: whether ``.ignore`` and ``.gitignore`` leave out what they name.
        reread: read again also what is as it was.
        encoding: what texts are in that are not Unicode; found out where it is None.
        overlap: how much of a passage may repeat the one before it, in percent of its tokens, from
            now on; as the collection has it if None.
        video_fps: how many frames of a second of a video are encoded, from now on; as the
            collection has it if None.
        ocr: whether the words in pictures are recognised, from now on; as the collection has it if
            None.
        transcribe: the model that writes down what is said in sounds, from now on; empty for none;
            as the collection has it if None.
        allow_http: whether web servers may be asked for what sources name there.
        settle_seconds: a file that was written to less than so long ago is left as it was.
        publish_after: how many segments may be new or removed before the index is published; a
            twentieth of the collection if that is more. After each build with changes if 0.
        limits: a file that is larger is not read.
        batch_items: items written in one transaction at most.
        batch_seconds: an item waits no longer than this to be written.
        most_notes: files noted in one transaction at most.
    """

    root: Path | None = None
    batch_size: int | None = None
    workers: int | None = None
    retry_failed: bool = False
    keep_missing: bool = False
    allow_removal: bool = False
    sidecars: bool = True
    exclude: tuple[str, ...] = ()
    ignore_files: bool = True
    reread: bool = False
    encoding: str | None = None
    overlap: int | None = None
    video_fps: float | None = None
    ocr: bool | None = None
    transcribe: str | None = None
    allow_http: bool = False
    settle_seconds: float = 0.0
    publish_after: int = 0
    limits: Limits = DEFAULT_LIMITS
    batch_items: int = BATCH_ITEMS
    batch_seconds: float = BATCH_SECONDS
    most_notes: int = 1000


DEFAULT_OPTIONS = BuildOptions()
