from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from anysense.embed.errors import AccessError, AnysenseError, ServiceUnreachableError, UsageError
from anysense.index.objects.addresses import Address
from anysense.index.objects.filesystem import FilesystemStorage as Storage
from anysense.index.objects.services import storage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = Address("gs", "bucket", "")


@pytest.fixture
def filesystem() -> Iterator[MemoryFileSystem]:
    filesystem = MemoryFileSystem()
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]
    for key in ("z.jpg", "a/b.jpg", "a/b/c.jpg", "a/b0.jpg", "ab/d.jpg"):
        filesystem.pipe_file(f"/bucket/{key}", key.encode())
    yield filesystem
    filesystem.store.clear()


def keys(storage: Storage, start: str = "") -> list[list[str]]:
    return [[found.key for found in page] for page in storage.pages(BUCKET._replace(key=start))]


def test_folders_are_listed_one_after_the_other(filesystem: MemoryFileSystem) -> None:
    storage = Storage("gs", filesystem)
    assert keys(storage) == [["z.jpg"], ["a/b.jpg", "a/b0.jpg"], ["a/b/c.jpg"], ["ab/d.jpg"]]
    assert keys(storage, "a") == [["a/b.jpg", "a/b0.jpg"], ["a/b/c.jpg"]]
    assert keys(storage, "a/") == keys(storage, "a")
    assert keys(storage, "none") == []


def test_an_object_is_looked_at_and_read_by_ranges(filesystem: MemoryFileSystem) -> None:
    storage, address = Storage("gs", filesystem), BUCKET._replace(key="a/b.jpg")
    found = storage.look(address)
    assert (found.key, found.size) == ("a/b.jpg", 7)
    assert storage.read(address, 2, 5) == b"b.j"
    for missing in ("a", "none"):
        with pytest.raises(FileNotFoundError):
            storage.look(BUCKET._replace(key=missing))


def test_another_state_has_another_stamp(filesystem: MemoryFileSystem) -> None:
    storage, address = Storage("gs", filesystem), BUCKET._replace(key="z.jpg")
    before = storage.look(address).stamp
    assert storage.look(address).stamp == before
    filesystem.pipe_file("/bucket/z.jpg", b"other")
    assert storage.look(address).stamp != before


class Pages:
    """An S3 whose listing has two pages; the second may fail."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.req_kw: dict[str, str] = {}
        self.failure = failure
        self.asked: list[dict[str, Any]] = []

    def _call_s3(self) -> None:
        """What S3's file system has."""

    def call_s3(self, method: str, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if "ContinuationToken" not in request:
            contents = [fact("a/", '"0"'), fact("a/1.jpg", '"1"')]
            return {"Contents": contents, "IsTruncated": True, "NextContinuationToken": "next"}
        if self.failure is not None:
            raise self.failure
        return {"Contents": [fact("a/2.jpg", '"1"'), fact("a/3.jpg", '"3"')]}


def fact(key: str, tag: str) -> dict[str, Any]:
    return {"Key": key, "Size": 4, "ETag": tag}


def test_s3_is_listed_in_pages_and_told_apart_by_entity_tags() -> None:
    pages = Pages()
    found = list(Storage("s3", pages).pages(Address("s3", "bucket", "a")))
    assert [[each.key for each in page] for page in found] == [["a/1.jpg"], ["a/2.jpg", "a/3.jpg"]]
    [[first], [same, other]] = found
    assert first.stamp == same.stamp != other.stamp
    assert 0 < first.stamp < 2**63
    assert [request["Prefix"] for request in pages.asked] == ["a/", "a/"]


class CodedError(Exception):
    """As the libraries of services raise them: with what was sent in it."""

    def __init__(self, code: str) -> None:
        super().__init__("Authorization: AKIA hunter2")
        self.response = {"Error": {"Code": code, "Message": "hunter2"}}


@pytest.mark.parametrize(
    ("failure", "error", "words"),
    [
        (PermissionError("hunter2"), AccessError, "refuses access (PermissionError)"),
        (CodedError("403"), AccessError, "refuses access (403)"),
        (
            ConnectionError("hunter2"),
            ServiceUnreachableError,
            "cannot be reached (ConnectionError)",
        ),
        (
            CodedError("InternalError"),
            ServiceUnreachableError,
            "cannot be reached (InternalError)",
        ),
        (
            CodedError("hunter2 key\n"),
            ServiceUnreachableError,
            "cannot be reached (CodedError)",
        ),
        (TimeoutError("hunter2"), ServiceUnreachableError, "reached (TimeoutError)"),
        (FileNotFoundError("hunter2"), UsageError, "no bucket of that name"),
    ],
)
def test_a_listing_that_breaks_off_is_one_sentence(
    failure: Exception, error: type[AnysenseError], words: str
) -> None:
    pages = Storage("s3", Pages(failure)).pages(Address("s3", "bucket", "a"))
    assert len(next(pages)) == 1
    with pytest.raises(error) as raised:
        next(pages)
    assert words in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_service_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("fsspec.get_filesystem_class", missing)
    with pytest.raises(UsageError, match=r"pip install 'anysense\[azure\]'"):
        storage_of("az")
