"""What the service accepts, with every default in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LOOPBACK_HOSTS", "Settings"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Settings:
    """How the service behaves, and the longest bodies it reads.

    What one image, sound or text may hold is in `anysense.embed.limits`; what ids, metadata and
    filters may be is in `anysense.server.http.schemas`.

    Attributes:
        allowed_hosts: the host names, without a port, that a request may be addressed to; ``*``
            allows every name. A page on another site can point a name of its own at 127.0.0.1 and
            so reach a local service (DNS rebinding), but its requests still carry that name.
        body_bytes: the longest body of a request that uploads no item. Base64 makes media a third
            longer.
        upload_bytes: the longest multipart body that adds an item.
        field_bytes: the longest field of a multipart body that is not a file.
        read_threads: how many requests read items and files at once; more of them wait.
        search_threads: how many requests search at once; more of them wait.
        media_searches: how many of those may search by media at once. A small file can hold a
            picture that takes gigabytes to decode.
        publish_after: how many segments may be new or removed before the FAISS index is brought up
            to date in the background; a twentieth of the collection if that is more. Until then
            searches find them too, by exact comparison.
        warm_up: load the encoders when the service starts, not at the first search.
        request_seconds: how long a request may take at most, from when it has come as a whole.
        queued_reads: how many requests wait to read items and files; more are refused.
        queued_searches: how many requests wait to search; more are refused.
        queued_adds: how many requests wait to add or remove items; more are refused.
    """

    allowed_hosts: tuple[str, ...] = LOOPBACK_HOSTS
    body_bytes: int = 32 * 1024**2
    upload_bytes: int = 512 * 1024**2
    field_bytes: int = 1024**2
    read_threads: int = 8
    search_threads: int = 16
    media_searches: int = 4
    publish_after: int = 2000
    warm_up: bool = True
    request_seconds: float = 600.0
    queued_reads: int = 1024
    queued_searches: int = 256
    queued_adds: int = 256

    @classmethod
    def at(cls, host: str) -> Settings:
        """The settings of a service that listens at an address.

        At one of this machine alone, it answers only requests that name it.
        """
        is_local = host in ("localhost", "::1") or host.startswith("127.")
        return cls(allowed_hosts=(*LOOPBACK_HOSTS, host) if is_local else ("*",))
