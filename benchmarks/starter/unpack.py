"""Readers of the archive formats that hold media inside game packages."""

from __future__ import annotations

import gzip
import struct
import wave
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["unpack_c4group", "unpack_rcc", "unpack_wad"]


def unpack_rcc(path: Path, out: Path) -> None:
    """A Qt resource file (``qres``, versions 1 to 3) with zlib or no compression."""
    data = path.read_bytes()
    if data[:4] != b"qres":
        raise ValueError(f"{path}: not a Qt resource file")
    version, tree, blobs, names = struct.unpack(">4I", data[4:20])
    size = 14 if version < 2 else 22

    def name(at: int) -> str:
        length = struct.unpack(">H", data[names + at : names + at + 2])[0]
        start = names + at + 6
        return data[start : start + 2 * length].decode("utf-16-be")

    def walk(index: int, folder: Path) -> None:
        at = tree + index * size
        name_at, flags = struct.unpack(">IH", data[at : at + 6])
        target = folder / name(name_at) if index else folder
        if flags & 2:  # a folder: the number of children, and the first
            count, first = struct.unpack(">II", data[at + 6 : at + 14])
            for child in range(first, first + count):
                walk(child, target)
            return
        start = blobs + struct.unpack(">I", data[at + 10 : at + 14])[0]
        length = struct.unpack(">I", data[start : start + 4])[0]
        blob = data[start + 4 : start + 4 + length]
        if flags & 1:
            blob = zlib.decompress(blob[4:])
        elif flags & 4:
            return  # zstandard: used for texts here, not for media
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(blob)

    walk(0, out)


def unpack_c4group(path: Path, out: Path) -> None:
    """A Clonk group file: gzip with another magic number, a scrambled header, then entries."""
    _c4group(path.read_bytes(), out)


def _c4group(data: bytes, out: Path) -> None:
    if data[:2] == b"\x1e\x8c":
        data = gzip.decompress(b"\x1f\x8b" + data[2:])
    header = bytearray(byte ^ 237 for byte in data[:204])
    for at in range(0, 202, 3):
        header[at], header[at + 2] = header[at + 2], header[at]
    count = struct.unpack("<i", header[36:40])[0]
    base = 204 + 316 * count
    out.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        entry = data[204 + 316 * index : 520 + 316 * index]
        name = entry[:260].split(b"\0")[0].decode("latin-1")
        _, child, size, _, offset = struct.unpack("<5i", entry[260:280])
        blob = data[base + offset : base + offset + size]
        if child:
            _c4group(blob, out / name)
        else:
            (out / name).write_bytes(blob)


def unpack_wad(path: Path, out: Path) -> None:
    """The sounds of a Doom WAD file (lumps ``DS*``: 8-bit PCM behind a header of 24 bytes)."""
    data = path.read_bytes()
    count, directory = struct.unpack("<ii", data[4:12])
    out.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        at = directory + 16 * index
        start, size = struct.unpack("<ii", data[at : at + 8])
        name = data[at + 8 : at + 16].rstrip(b"\0").decode("latin-1")
        if not name.startswith("DS") or size < 100:
            continue
        kind, rate, samples = struct.unpack("<HHI", data[start : start + 8])
        if kind != 3:
            continue
        with wave.open(str(out / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(1)
            file.setframerate(rate)
            file.writeframes(data[start + 24 : start + 8 + samples - 16])
