"""Sending a file that is open: whole, in parts, or not at all, as the request's headers ask."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from anysense.server.http.errors import error_response
from anysense.server.http.media.conditions import (
    http_date,
    is_failed,
    is_not_modified,
    range_applies,
)
from anysense.server.http.media.ranges import ByteRange, parse_ranges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from fastapi import Request
    from starlette.types import Receive, Scope, Send

    from anysense.index.showing.opening import ItemFile

__all__ = ["BrokenOffError", "send_file"]

logger = logging.getLogger(__name__)
_BLOCK = 1 << 18


class BrokenOffError(Exception):
    """A file was changed while it was sent; what was sent of it is no answer."""


def send_file(
    request: Request, served: ItemFile, content_type: str, headers: Mapping[str, str]
) -> Response:
    """The answer to a request for a file, which is closed when it is sent.

    Args:
        request: a GET or a HEAD, with its conditions and ranges.
        served: the file.
        content_type: as what to send it.
        headers: further ones.
    """
    tag, modified = f'"{served.tag}"', served.mtime_ns // 1_000_000_000
    own = {
        **headers,
        "etag": tag,
        "last-modified": http_date(modified),
        "accept-ranges": "bytes",
    }
    if is_failed(request.headers, tag, modified):
        served.file.close()
        message = "The file is in another state than this request is for."
        return error_response(412, message, "precondition_failed")
    if is_not_modified(request.headers, tag, modified):
        served.file.close()
        return Response(status_code=304, headers=own)
    ranges = None
    if request.method == "GET" and range_applies(request.headers, tag, modified):
        ranges = parse_ranges(",".join(request.headers.getlist("range")), served.size)
    if ranges is not None and not ranges:
        served.file.close()
        message = f"The file has {served.size:,} bytes, and none of the range that is asked for."
        unsatisfied = {"content-range": f"bytes */{served.size}", "accept-ranges": "bytes"}
        return error_response(416, message, "range_not_satisfiable", headers=unsatisfied)
    return _FileResponse(served, content_type, own, ranges, is_head=request.method == "HEAD")


class _FileResponse(StreamingResponse):
    """Pieces of an open file, which is closed at the end, however that comes."""

    def __init__(
        self,
        served: ItemFile,
        content_type: str,
        headers: Mapping[str, str],
        ranges: list[ByteRange] | None,
        *,
        is_head: bool,
    ) -> None:
        self._served = served
        parts: list[ByteRange | bytes] = [ByteRange(0, served.size)]
        own = dict(headers)
        if ranges is not None and len(ranges) == 1:
            parts = list(ranges)
            own["content-range"] = _content_range(ranges[0], served.size)
        elif ranges is not None:
            boundary = secrets.token_hex(16)
            parts = _multipart(ranges, served.size, content_type, boundary)
            content_type = f"multipart/byteranges; boundary={boundary}"
        length = sum(len(p) if isinstance(p, bytes) else p.end - p.start for p in parts)
        own["content-length"] = str(length)
        body = self._body([] if is_head else parts)
        super().__init__(body, 200 if ranges is None else 206, own, content_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except BrokenOffError as error:
            # What is sent cannot be taken back. Without its end, the server closes the connection.
            logger.warning("%s: %s", self._served.path, error)
        finally:
            self._served.file.close()

    async def _body(self, parts: list[ByteRange | bytes]) -> AsyncIterator[bytes]:
        for part in parts:
            if isinstance(part, bytes):
                yield part
                continue
            for start in range(part.start, part.end, _BLOCK):
                end = min(start + _BLOCK, part.end)
                yield await run_in_threadpool(_read, self._served, start, end)


def _read(served: ItemFile, start: int, end: int) -> bytes:
    """Some bytes of a file.

    Raises:
        BrokenOffError: it was changed since it was opened.
    """
    try:
        served.file.seek(start)
        block = served.file.read(end - start)
        is_whole = len(block) == end - start and served.is_unchanged()
    except OSError as error:
        raise BrokenOffError(f"The file cannot be read any more: {error.strerror}.") from error
    if not is_whole:
        raise BrokenOffError("The file was changed while it was sent.")
    return block


def _content_range(part: ByteRange, size: int) -> str:
    return f"bytes {part.start}-{part.end - 1}/{size}"


def _multipart(
    ranges: list[ByteRange], size: int, content_type: str, boundary: str
) -> list[ByteRange | bytes]:
    """The parts of a body of several ranges, with what stands between them (RFC 9110, 14.6)."""
    parts: list[ByteRange | bytes] = []
    for each in ranges:
        head = (
            f"\r\n--{boundary}\r\ncontent-type: {content_type}\r\n"
            f"content-range: {_content_range(each, size)}\r\n\r\n"
        )
        parts += [head.encode("latin-1"), each]
    return [*parts, f"\r\n--{boundary}--\r\n".encode()]
