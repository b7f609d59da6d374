"""From an argument of a build to the kind of source that it means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.index.building.objects.source import open_objects
from anysense.index.building.sources.files import FileSource, FolderSource
from anysense.index.building.sources.glob import has_wildcard, open_glob
from anysense.index.building.sources.paths import check_name
from anysense.index.building.sources.table import TableSource
from anysense.index.building.sources.tars.source import TAR_SUFFIX, TarSource
from anysense.index.building.sources.unread import is_packed_tar, special_kind
from anysense.index.building.tables.row import ROW_SUFFIXES
from anysense.index.objects.addresses import parse_address

if TYPE_CHECKING:
    from anysense.index.building.sources.base import Source

__all__ = ["open_source"]


def open_source(
    source: str | Path, root: Path | None = None, *, allow_http: bool = False
) -> Source:
    """The kind of source that an argument means; a path that exists is never taken as a glob.

    Args:
        source: a path, a glob, or the address of objects.
        root: where the paths of a table start; at its own folder if None.
        allow_http: whether web servers may be asked.

    Raises:
        UsageError: it does not exist, is empty, is an address that is not read, is a pipe, a socket
            or a device, or its name is another one in UTF-8.
    """
    name = os.fspath(source)
    if not name:  # as from a variable that is not set; it would be the working folder
        raise UsageError("A source is empty: name a folder, a file, a glob or a manifest.")
    address = parse_address(name, allow_http=allow_http)
    if address is not None:
        return open_objects(name, address)
    path = Path(name).expanduser()
    real = os.path.realpath(path)
    check_name(real)
    if os.path.isdir(path):  # noqa: PTH112 - which takes a name of any length
        return FolderSource(name, real)
    if os.path.exists(path):  # noqa: PTH110
        kind = special_kind(path.stat().st_mode)
        if kind is not None:
            raise UsageError(f"{name} is a {kind}: only files and folders are read.")
        if path.suffix.lower() in ROW_SUFFIXES:
            base = os.path.realpath(root) if root is not None else str(Path(real).parent)
            return TableSource(name, base, real)
        if path.suffix.lower() == TAR_SUFFIX:
            return TarSource(name, real)
        if is_packed_tar(name):
            raise UsageError(
                f"{name} is a compressed tar, in which no file can be read by where it is: unpack "
                "it to a plain tar, or to a folder."
            )
        return FileSource(name, real)
    if has_wildcard(name):
        return open_glob(name, path)
    raise UsageError(f"{name}: no such file or folder.")
