"""`/`: the page on which people search, and what it loads: files that come with the package."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash
from fastapi import APIRouter, Request, Response

from anysense.server.http.errors import RequestError
from anysense.server.http.media.conditions import has_tag

if TYPE_CHECKING:
    from starlette.datastructures import Headers

__all__ = ["FOLDER", "router"]

# In an editable install this file is a link, and the page is where it leads to.
FOLDER = Path(__file__).resolve().parents[3] / "web"
"""The files of the page."""

PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
NAME = re.compile(rf"{PART}(/{PART}){{0,4}}")
"""A file inside the folder: no part of it begins with a dot."""

TYPES = {
    "": "text/plain",  # LICENSE
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/plain",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
PACKED_ALREADY = (".png", ".woff2")

HEADERS = {"cache-control": "no-cache", "vary": "Accept-Encoding"}
OF_THE_PAGE = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
    ),
    "permissions-policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=()"
    ),
    "cross-origin-opener-policy": "same-origin",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
def get_page(request: Request) -> Response:
    """The page, on which people search and look."""
    return send(request.headers, "index.html", OF_THE_PAGE)


@router.get("/web/{name:path}")
def get_page_file(request: Request, name: str) -> Response:
    """A script, a style or a picture of the page."""
    return send(request.headers, name)


def send(wanted: Headers, name: str, headers: dict[str, str] | None = None) -> Response:
    """The answer to a request for a file of the page.

    Args:
        wanted: headers of the request.
        name: the file's path inside the folder, with slashes.
        headers: further ones of the answer.

    Raises:
        RequestError: the page has no such file.
    """
    content = read(name)
    suffix = Path(name).suffix
    is_packed = suffix not in PACKED_ALREADY and takes_gzip(wanted.get("accept-encoding", ""))
    # Each form has a tag of its own.
    tag = f'"{xxhash.xxh3_128_hexdigest(content)}{"-gzip" if is_packed else ""}"'
    own = {**HEADERS, **(headers or {}), "etag": tag}
    if has_tag(wanted, tag):
        return Response(status_code=304, headers=own)
    if is_packed:
        content, own = packed(content), {**own, "content-encoding": "gzip"}
    return Response(content, headers=own, media_type=TYPES[suffix])


def read(name: str) -> bytes:
    """A file of the page, as it is now.

    Raises:
        RequestError: there is none of that name.
    """
    path = FOLDER / name
    if NAME.fullmatch(name) and path.suffix in TYPES and path.is_file():
        return path.read_bytes()
    raise RequestError(f"The page has no file {name[:100]!r}.", 404, "not_found")


@lru_cache(maxsize=256)
def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` names gzip, and not only to refuse it (RFC 9110, 12.5.3)."""
    for part in accepted.lower().split(","):
        name, _, weight = (piece.strip() for piece in part.partition(";"))
        if name in ("gzip", "x-gzip", "*"):
            return re.fullmatch(r"q\s*=\s*0(\.0*)?", weight) is None
    return False
