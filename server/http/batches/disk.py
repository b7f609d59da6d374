"""What the disk refuses while a request or a job is kept, as errors of ours."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.index.catalog.sqlite.connections import refused_by

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["storage_errors", "temporary_folder"]


@contextlib.contextmanager
def storage_errors(path: Path | str) -> Iterator[None]:
    """Errors of the system as ours, which name what is written to.

    Raises:
        StorageError: the disk is full, read-only, or denies permission.
    """
    try:
        yield
    except OSError as error:
        raise refused_by(error, path) from error


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for as long as the block lasts.

    Raises:
        StorageError: the disk of temporary files refused.
    """
    with storage_errors("the folder of temporary files"):
        made = tempfile.TemporaryDirectory(prefix="anysense-")
    with made as name:
        yield Path(name)
