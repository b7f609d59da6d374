"""The headers of a tar: which members it has, and where their bytes are.

The format is POSIX's ustar with the extensions of pax and of GNU for long names and large sizes
(POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"). One goes from
header to header, so that of a member nothing but its header is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BLOCK", "Extent", "Member", "MemberKind", "TarError", "read_member", "read_members"]

BLOCK = 512
"""Bytes of a header; everything in a tar begins at a multiple of it."""

_WINDOW = 16 * BLOCK  # read at once, as small members lie close together
_LARGEST_EXTENSION = 1 << 20
_MOST_EXTENSIONS = 16  # before one member
_LONGEST_NAME = 4096
_BLANKS = b" " * 8
_EXTENSIONS = (b"x", b"g", b"L", b"K")
_PACKERS = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\0": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}
"""How a file begins that is compressed: with what, and what makes of it what it was."""
_NO_TAR = "is no tar"
_PACKED = "is compressed with"


class TarError(Exception):
    """A tar that is cut off or damaged from some byte on; its text says how.

    Attributes:
        name: of the member that is not whole, where that is known.
    """

    def __init__(self, message: str, name: bytes | None = None) -> None:
        super().__init__(message)
        self.name = name

    @property
    def is_of_all(self) -> bool:
        """Whether it is no tar at all, or none in which something is found by where it is."""
        return str(self).startswith((_NO_TAR, _PACKED))


class MemberKind(Enum):
    """What a member is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPARSE = "sparse"
    OTHER = "other"


_KINDS = {
    **dict.fromkeys((b"0", b"\0", b"7"), MemberKind.FILE),
    **dict.fromkeys((b"1", b"2"), MemberKind.LINK),
    b"5": MemberKind.FOLDER,
    b"S": MemberKind.SPARSE,
}


class Extent(NamedTuple):
    """Where a member of a tar is.

    Attributes:
        offset: where its first header begins.
        start: where its bytes begin.
        size: how many it has.
    """

    offset: int
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where the next member begins."""
        return self.start + -(-self.size // BLOCK) * BLOCK


class Member(NamedTuple):
    """A member of a tar.

    Attributes:
        name: as the tar has it, byte for byte; it is never used as a path.
        kind: what it is.
        extent: where it is.
    """

    name: bytes
    kind: MemberKind
    extent: Extent


def read_members(file: BinaryIO, size: int) -> Iterator[Member]:
    """The members of a tar, in their order, each with all of its bytes in the file.

    Args:
        file: the tar.
        size: its bytes.

    Raises:
        TarError: while iterating: it is cut off or damaged after what was given.
    """
    window, offset = _Window(file, size), 0
    _check_plain(window.at(0, min(size, BLOCK)))
    while True:
        member = _member(window, offset)
        if member is None:
            return
        end = member.extent.start + member.extent.size
        if end > size:
            message = f"is cut off: it has {size:,} bytes, and a member ends at {end:,}"
            raise TarError(message, member.name)
        yield member
        offset = member.extent.end


def read_member(file: BinaryIO, offset: int, size: int) -> Member | None:
    """The member whose first header is at an offset; None if there is none, or not all of it.

    Args:
        file: the tar.
        offset: of the header.
        size: bytes of the tar.
    """
    try:
        member = _member(_Window(file, size), offset)
    except TarError:
        return None
    if member is None or member.extent.start + member.extent.size > size:
        return None
    return member


class _Window:
    """A file that is read in pieces, each a little more than is asked for."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._start = 0
        self._data = b""

    def at(self, offset: int, count: int) -> bytes:
        """Some bytes.

        Raises:
            TarError: there are not so many.
        """
        if offset + count > self._size:
            if offset >= self._size:
                raise TarError("has no mark of its end: it may be cut off")
            raise TarError(f"is cut off: it ends at byte {self._size:,}")
        if not (self._start <= offset and offset + count <= self._start + len(self._data)):
            self._file.seek(offset)
            self._start, self._data = offset, self._file.read(max(count, _WINDOW))
            if len(self._data) < count:
                raise TarError("has become shorter while it was read")
        begin = offset - self._start
        return self._data[begin : begin + count]


@dataclass
class _Extensions:
    """What extended headers say of the member after them."""

    name: bytes | None = None
    size: int | None = None
    is_sparse: bool = False

    def take(self, flag: bytes, data: bytes, offset: int) -> None:
        """Note what one of them says.

        Args:
            flag: which kind it is of.
            data: what it holds.
            offset: where it begins, for errors.
        """
        if flag == b"L":
            self.name = data.rstrip(b"\0")
        elif flag == b"x":
            records = _pax_records(data, offset)
            self.name = records.get(b"path", self.name)
            if b"size" in records:
                self.size = _pax_size(records, offset)
            self.is_sparse |= any(key.startswith(b"GNU.sparse.") for key in records)


def _member(window: _Window, offset: int) -> Member | None:
    """The member whose first header is at an offset; None at the mark of the end."""
    first, extensions = offset, _Extensions()
    for _ in range(_MOST_EXTENSIONS):
        block = window.at(offset, BLOCK)
        if not block.strip(b"\0"):
            return None
        _check_sum(block, offset)
        flag, size, start = block[156:157], _number(block[124:136], offset), offset + BLOCK
        if flag not in _EXTENSIONS:
            return _described(block, extensions, first, start, size)
        if size > _LARGEST_EXTENSION:
            raise TarError(f"is damaged: a header at byte {offset:,} says that it is too long")
        extensions.take(flag, window.at(start, size), offset)
        offset = Extent(offset, start, size).end
    raise TarError(f"is damaged: too many headers before the member at byte {first:,}")


def _described(block: bytes, extensions: _Extensions, first: int, start: int, size: int) -> Member:
    """The member of a header, as it and those before it say."""
    kind = _KINDS.get(block[156:157], MemberKind.OTHER)
    name = extensions.name if extensions.name is not None else _name(block)
    if kind is MemberKind.FILE and extensions.is_sparse:
        kind = MemberKind.SPARSE
    elif kind is MemberKind.FILE and name.endswith(b"/"):
        kind = MemberKind.FOLDER  # as before POSIX
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME] + b"\xff"  # no name in UTF-8, so that it is told
    if kind in (MemberKind.LINK, MemberKind.FOLDER):
        size = 0
    elif extensions.size is not None:
        size = extensions.size
    return Member(name, kind, Extent(first, start, size))


def _check_plain(head: bytes) -> None:
    """Refuse what begins as compressed files do."""
    for mark, (packer, unpacker) in _PACKERS.items():
        if head.startswith(mark):
            raise TarError(
                f"{_PACKED} {packer}, and a tar is read in place only if it is plain: unpack it, "
                f"as with `{unpacker} < PACKED.tar > PLAIN.tar`"
            )


def _check_sum(block: bytes, offset: int) -> None:
    """Refuse a header whose sum is another one, of bytes without or, as once, with a sign."""
    told = _number(block[148:156], offset)
    rest = block[:148] + _BLANKS + block[156:]
    total = sum(rest)
    if told != total and told != total - 256 * sum(byte > 127 for byte in rest):
        what = _NO_TAR if offset == 0 else f"is damaged at byte {offset:,}"
        raise TarError(what)


def _number(field: bytes, offset: int) -> int:
    """A number of a header: octal digits, or as GNU has it if they do not suffice: binary."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") - (1 << 8 * len(field) - 1)
        if field[0] == 0xFF or value >= 1 << 62:
            raise TarError(f"is damaged: a header at byte {offset:,} has an impossible number")
        return value
    digits = field.partition(b"\0")[0].strip()
    try:
        return int(digits or b"0", 8)
    except ValueError:
        what = _NO_TAR if offset == 0 else f"is damaged at byte {offset:,}"
        raise TarError(what) from None


def _name(block: bytes) -> bytes:
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == b"ustar\0":
        prefix = block[345:500].partition(b"\0")[0]
        return prefix + b"/" + name if prefix else name
    return name


def _pax_records(data: bytes, offset: int) -> dict[bytes, bytes]:
    """The records of an extended header, each ``length key=value`` and a line's end."""
    records, place = {}, 0
    while place < len(data) and data[place]:
        length_text, _, _ = data[place : place + 20].partition(b" ")
        length = int(length_text) if length_text.isdigit() else 0
        record = data[place : place + length]
        key, equals, value = record[len(length_text) + 1 : -1].partition(b"=")
        if len(record) < length or not equals or not record.endswith(b"\n"):
            raise TarError(f"is damaged: an extended header at byte {offset:,} cannot be read")
        records[key] = value
        place += length
    return records


def _pax_size(records: dict[bytes, bytes], offset: int) -> int:
    digits = records[b"size"]
    if not digits.isdigit() or len(digits) > 18:
        raise TarError(f"is damaged: an extended header at byte {offset:,} cannot be read")
    return int(digits)
