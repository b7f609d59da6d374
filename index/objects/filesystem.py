"""Storage services through fsspec, by the file systems that their own users know.

Credentials, profiles, endpoints and retries are what these take from the environment and from
``FSSPEC_*``.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.objects.addresses import PROTOCOLS, Address
from anysense.index.objects.failures import translated
from anysense.index.objects.requests import REQUEST_SECONDS, await_request
from anysense.index.objects.storage import StoredObject, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FilesystemStorage", "open_filesystem"]

_PAGE = 1000
"""Keys of one page of a listing, the most that services give."""


class FilesystemStorage:
    """The objects of one service.

    Args:
        protocol: a key of `PROTOCOLS`.
        filesystem: of fsspec, which keeps no listings.
    """

    def __init__(self, protocol: str, filesystem: Any) -> None:
        self._protocol = protocol
        self._filesystem = filesystem
        self._lists_flat = hasattr(filesystem, "_call_s3")

    def pages(self, address: Address) -> Iterator[list[StoredObject]]:
        """All objects whose keys begin with an address's key and a slash, in pages.

        S3 lists keys in the order of their bytes, so that each page follows the one before. Other
        services are listed folder by folder, each in that order, and no more than one is held.

        Raises:
            UsageError: there is no such bucket.
            AccessError, ServiceUnreachableError: the listing is refused, or breaks off.
        """
        start = address._replace(key=f"{address.key.rstrip('/')}/" if address.key else "")
        return self._flat_pages(start) if self._lists_flat else self._folder_pages(start)

    def look(self, address: Address) -> StoredObject:
        """One object as it is now.

        Raises:
            FileNotFoundError: it is not there.
            AccessError, ServiceUnreachableError: it may be there, or not.
        """
        with translated(address):
            facts = self._call("info", address.place)
            if facts.get("type") == "directory":
                raise FileNotFoundError(str(address))
            return _stored(address.key, facts)

    def read(self, address: Address, start: int, end: int) -> bytes:
        """The bytes of an object from `start` to before `end`, in one request.

        Raises:
            FileNotFoundError: it is not there.
            AccessError, ServiceUnreachableError: it cannot be read.
        """
        with translated(address):
            data: bytes = self._call("cat_file", address.place, start=start, end=end)
            return data

    def _flat_pages(self, start: Address) -> Iterator[list[StoredObject]]:
        """Pages of S3's own listing, which needs a request for 1,000 keys, whatever the folders."""
        request = {"Bucket": start.bucket, "Prefix": start.key, "MaxKeys": _PAGE}
        request.update(self._filesystem.req_kw)
        while True:
            try:
                with translated(start):
                    page = self._call("call_s3", "list_objects_v2", **request)
            except FileNotFoundError:
                raise UsageError(f"{start}: there is no bucket of that name.") from None
            found = [_stored(facts["Key"], facts) for facts in page.get("Contents", ())]
            yield [each for each in found if not each.key.endswith("/")]
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def _folder_pages(self, start: Address) -> Iterator[list[StoredObject]]:
        """The objects of one folder after the other; fsspec's own walk leaves out what fails."""
        folders = [start.place.rstrip("/")]
        while folders:
            folder = folders.pop()
            try:
                with translated(start):
                    children = self._call("ls", folder, detail=True)
            except FileNotFoundError:  # an empty one, or one whose last object went a moment ago
                continue
            found, inner = [], []
            for facts in children:
                name = str(facts["name"]).lstrip("/")
                if name.rstrip("/") == folder.lstrip("/"):  # itself, or an object in its place
                    continue
                if facts.get("type") == "directory":
                    inner.append(name.rstrip("/"))
                elif not name.endswith("/"):
                    found.append(_stored(name.partition("/")[2], facts))
            yield sorted(found)
            folders += sorted(inner, reverse=True)

    def _call(self, name: str, *args: Any, **options: Any) -> Any:
        """Do what a file system does under this name, within bounded time."""
        if not getattr(self._filesystem, "async_impl", False):
            return getattr(self._filesystem, name)(*args, **options)
        request = getattr(self._filesystem, f"_{name}")(*args, **options)
        return await_request(request, self._filesystem.loop, REQUEST_SECONDS)


def open_filesystem(protocol: str) -> FilesystemStorage:
    """A service as the environment describes it; nothing is asked of it yet.

    Raises:
        UsageError: its package is not installed.
    """
    facts = PROTOCOLS[protocol]
    try:
        import fsspec

        make = fsspec.get_filesystem_class(facts.filesystem)
    except ImportError:
        raise UsageError(
            f"Objects of {facts.service} are read through a package that is not installed: "
            f"pip install 'anysense[{facts.extra}]'."
        ) from None
    with translated(Address(protocol, "", "")):
        return FilesystemStorage(protocol, make(use_listings_cache=False, skip_instance_cache=True))


def _stored(key: str, facts: Mapping[str, Any]) -> StoredObject:
    """What a file system tells of an object, whose words are those of its service."""
    tag = next((str(facts[name]) for name in _TAGS if facts.get(name)), None)
    time = next((facts[name] for name in _TIMES if facts.get(name)), None)
    if isinstance(time, float):  # seconds since 1970
        time = datetime.fromtimestamp(time, timezone.utc)
    elif time is not None and not isinstance(time, datetime):
        time = str(time)
    return StoredObject(key, int(facts.get("Size", facts.get("size")) or 0), stamp_of(tag, time))


_TAGS = ("ETag", "generation", "etag")  # Google's etag is that of the metadata, too
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")
