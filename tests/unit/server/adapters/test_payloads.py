from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from anysense import Modality, Term
from anysense.adapters import payloads
from anysense.adapters.payloads import MAX_PAYLOAD, addressed, decoded
from anysense.embed.errors import MediaTooLargeError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_base64_is_read_with_white_space_or_without() -> None:
    text = b64encode(bytes(range(256))).decode()
    assert decoded(text, "it") == bytes(range(256))
    assert decoded("\r\n ".join(text[i : i + 76] for i in range(0, len(text), 76)), "it") == bytes(
        range(256)
    )


@pytest.mark.parametrize("text", ["?", "aGk", "aGk=aGk=", "ä"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="The data of it is not base64"):
        decoded(text, "it")


def test_too_much_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(decoded(b64encode(bytes(MAX_PAYLOAD)).decode(), "it")) == MAX_PAYLOAD
    with pytest.raises(MediaTooLargeError, match="it: holds over 24 MiB"):
        decoded(b64encode(bytes(MAX_PAYLOAD + 1)).decode(), "it")
    monkeypatch.delattr(payloads, "b64decode")
    with pytest.raises(MediaTooLargeError):
        decoded("A" * (2 * MAX_PAYLOAD), "it")


def test_a_data_uri_is_its_bytes() -> None:
    for head in ("data:image/png;base64,", "DATA:image/png;charset=x;BASE64,", "data:;base64,"):
        term = addressed(head + b64encode(b"abc").decode(), Modality.IMAGE, None)
        assert term == Term(b"abc", modality=Modality.IMAGE)
    for uri in ("data:image/png,abc", "data:image/png;base64"):
        with pytest.raises(UsageError, match="must be in base64"):
            addressed(uri, Modality.IMAGE, None)


def test_an_item_is_more_like_it() -> None:
    assert addressed("anysense://item/a%2Fb", Modality.IMAGE, None) == Term(like="a/b")


@pytest.mark.parametrize(
    "address",
    ["http://x.org/a.jpg", "HTTPS://x.org/a.jpg", "ftp://x.org/a", "gopher://x", "anysense://x"],
)
def test_nothing_is_fetched(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="addresses are not fetched: give the image itself"):
        addressed(address, Modality.IMAGE, tmp_path)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    root = tmp_path / "files"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "a b.png").write_bytes(b"")
    (tmp_path / "secret.png").write_bytes(b"")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    return root


def test_files_of_a_folder_are_read(files: Path) -> None:
    expected = Term((files / "sub" / "a b.png").resolve(), modality=Modality.IMAGE)
    path = files / "sub" / "a b.png"
    for address in ("sub/a b.png", "sub/../sub/a b.png", str(path), path.as_uri()):
        assert addressed(address, Modality.IMAGE, files) == expected
    uri = path.as_uri().replace("file://", "FILE://localhost")
    assert addressed(uri, Modality.IMAGE, files) == expected


def test_no_file_is_read_without_a_folder(files: Path) -> None:
    for address in ("a.png", str(files / "sub" / "a b.png"), (files / "sub").as_uri()):
        with pytest.raises(UsageError, match="no folder was named whose files may be: give files="):
            addressed(address, Modality.IMAGE, None)


@pytest.mark.parametrize("path", ["../secret.png", "link.png", "/etc/passwd", "sub/../.."])
def test_files_outside_of_it_are_not(path: str, files: Path) -> None:
    for address in (path, f"file://{files / path}"):
        with pytest.raises(UsageError, match="lies outside of"):
            addressed(address, Modality.IMAGE, files)


def test_no_home_is_meant(files: Path) -> None:
    assert addressed("~/a.png", Modality.IMAGE, files).content == files.resolve() / "~/a.png"


def test_other_machines_and_broken_paths_are_refused(files: Path) -> None:
    with pytest.raises(UsageError, match="is on another machine"):
        addressed("file://host/a.png", Modality.IMAGE, files)
    with pytest.raises(UsageError, match="is no path of a file"):
        addressed("a\0.png", Modality.IMAGE, files)
    with pytest.raises(UsageError, match="at most 4,096 characters"):
        addressed("a" * 5000, Modality.IMAGE, files)
