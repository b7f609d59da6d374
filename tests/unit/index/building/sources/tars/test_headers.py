from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from tar_files import add_member, write_tar

from anysense.index.building.sources.tars.headers import (
    BLOCK,
    TarError,
    read_member,
    read_members,
)

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.building.sources.tars.headers import Member

LONG = "folder/" * 40 + "größe.jpg"
FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def members(data: bytes) -> list[Member]:
    return list(read_members(io.BytesIO(data), len(data)))


def until_broken(data: bytes) -> tuple[int, str]:
    """How many members are read, and what is then said."""
    found = 0
    try:
        for _ in read_members(io.BytesIO(data), len(data)):
            found += 1
    except TarError as error:
        return found, str(error)
    pytest.fail("nothing was said")


@pytest.mark.parametrize("form", FORMS)
def test_bytes_are_where_the_headers_say(tmp_path: Path, form: int) -> None:
    contents = {"a.jpg": b"x" * 511, "../b.txt": b"", "/etc/c": b"y" * 513, "d" * 99: b"z"}
    if form != tarfile.USTAR_FORMAT:
        contents[LONG] = b"long"
    data = write_tar(tmp_path / "a.tar", contents, form=form).read_bytes()
    found = members(data)
    read = {m.name.decode(): data[m.extent.start :][: m.extent.size] for m in found}
    assert read == contents
    for member in found:
        assert read_member(io.BytesIO(data), member.extent.offset, len(data)) == member
    assert read_member(io.BytesIO(data), BLOCK * 9999, len(data)) is None


def test_what_is_no_file_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        add_member(tar, "folder/", type=tarfile.DIRTYPE)
        add_member(tar, "link", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add_member(tar, "again", type=tarfile.LNKTYPE, linkname="folder/a.jpg")
        add_member(tar, "device", type=tarfile.CHRTYPE)
        add_member(tar, "sparse.jpg", b"s", pax_headers={"GNU.sparse.map": "0,1"})
        add_member(tar, "gnu-sparse.jpg", b"", type=tarfile.GNUTYPE_SPARSE)
        add_member(tar, "last.jpg", b"l")
    kinds = [member.kind.value for member in members(path.read_bytes())]
    assert kinds == ["folder", "link", "link", "other", "sparse", "sparse", "file"]


def test_what_is_whole_is_given_before_it_is_said_where_a_tar_ends(tmp_path: Path) -> None:
    data = write_tar(tmp_path / "a.tar", {"a": b"1" * 600, "b": b"2" * 600}).read_bytes()
    second = 3 * BLOCK
    assert until_broken(data[: second + BLOCK + 100])[0] == 1
    assert "is cut off" in until_broken(data[: second + BLOCK + 100])[1]
    assert until_broken(data[: second + 100]) == (
        1,
        f"is cut off: it ends at byte {second + 100:,}",
    )
    assert until_broken(data[:second]) == (1, "has no mark of its end: it may be cut off")
    assert until_broken(b"")[1] == "has no mark of its end: it may be cut off"
    broken = bytearray(data)
    broken[second + 3] ^= 1
    assert until_broken(bytes(broken)) == (1, f"is damaged at byte {second:,}")


@pytest.mark.parametrize(
    "data",
    [b"no tar at all".ljust(1024, b"."), b"\x1f\x8b" + bytes(1022), b"\x80" * 1024, b"\xff" * 1024],
)
def test_what_is_no_tar_is_refused_at_once(data: bytes) -> None:
    found, reason = until_broken(data)
    assert found == 0
    assert (
        reason.startswith(("is no tar", "is compressed with gzip, "))
        or "impossible number" in reason
    )


def test_hostile_headers_end_the_tar(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add_member(tar, "x", b"11 path=a\n" * 200_000, type=tarfile.XHDTYPE)
    found, reason = until_broken((tmp_path / "a.tar").read_bytes())
    assert (found, reason) == (0, "is damaged: a header at byte 0 says that it is too long")
    for record in (b"9999 path=a\n", b"x path=a\n", b"7 path\n", b"12 size=-12\n"):
        with tarfile.open(tmp_path / "a.tar", "w") as tar:
            add_member(tar, "x", record, type=tarfile.XHDTYPE)
            add_member(tar, "a.jpg", b"1")
        assert "extended header" in until_broken((tmp_path / "a.tar").read_bytes())[1]
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for _ in range(30):
            add_member(tar, "x", b"11 path=aa\n", type=tarfile.XHDTYPE)
    assert "too many headers" in until_broken((tmp_path / "a.tar").read_bytes())[1]
