"""A storage service in memory, which counts what it is asked, and may be made to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fsspec.implementations.memory import MemoryFileSystem

from anysense.index.objects import services
from anysense.index.objects.filesystem import FilesystemStorage

if TYPE_CHECKING:
    import pytest

    from anysense.index.objects.addresses import Address
    from anysense.index.objects.storage import StoredObject

__all__ = ["MemoryStorage"]


class MemoryStorage(FilesystemStorage):
    """What addresses of every service lead to, once it is `installed`.

    Attributes:
        reads: the keys that were read, one for each request.
        failure: what is raised in the place of any answer.
    """

    def __init__(self) -> None:
        self.files = MemoryFileSystem()
        self.files.store.clear()
        super().__init__("gs", self.files)
        self.reads: list[str] = []
        self.looks: list[str] = []
        self.failure: Exception | None = None

    def installed(self, monkeypatch: pytest.MonkeyPatch) -> MemoryStorage:
        # Of the process and not of a build: there is no other place to give one.
        monkeypatch.setattr(services, "_opened", lambda protocol, process: self)
        return self

    def fill(self, bucket: str, contents: dict[str, bytes]) -> None:
        for key, content in contents.items():
            self.files.pipe_file(f"/{bucket}/{key}", content)

    def read(self, address: Address, start: int, end: int) -> bytes:
        self.reads.append(address.key)
        return super().read(address, start, end)

    def look(self, address: Address) -> StoredObject:
        self.looks.append(address.key)
        return super().look(address)

    def _call(self, name: str, *args: Any, **options: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        return super()._call(name, *args, **options)
