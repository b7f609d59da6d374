"""Tars made on the spot."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_tar(
    path: Path, members: Mapping[str, bytes | str], *, form: int = tarfile.PAX_FORMAT
) -> Path:
    """A tar of files by their names, a text as UTF-8."""
    with tarfile.open(path, "w", format=form) as tar:
        for name, content in members.items():
            add_member(tar, name, content)
    return path


def tar_bytes(members: Mapping[str, bytes | str]) -> bytes:
    """The same, in memory."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in members.items():
            add_member(tar, name, content)
    return file.getvalue()


def add_member(
    tar: tarfile.TarFile, name: str, content: bytes | str = b"", **fields: object
) -> None:
    """One more member; further fields of its header may be given."""
    data = content.encode() if isinstance(content, str) else content
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(data))


def write_folder_tar(path: Path, folder: Path) -> Path:
    """A tar of the files of a folder, under their paths in it."""
    with tarfile.open(path, "w") as tar:
        for file in sorted(folder.rglob("*")):
            tar.add(file, str(file.relative_to(folder)), recursive=False)
    return path
