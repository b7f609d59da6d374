"""Whether a request wants a file that it may have already, as RFC 9110 (13) has it."""

from __future__ import annotations

import re
import time
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.datastructures import Headers

__all__ = ["has_tag", "http_date", "is_failed", "is_not_modified", "range_applies"]

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def http_date(seconds: int) -> str:
    """A time, in seconds since 1970, as headers have it."""
    return formatdate(seconds, usegmt=True)


def is_failed(headers: Headers, tag: str, modified: int) -> bool:
    """Whether a request is only for another state of the file than it is in (412).

    Args:
        headers: of the request.
        tag: of the file, with its quotes.
        modified: when it was last written, in whole seconds since 1970.
    """
    if "if-match" in headers:
        return not _names(_joined(headers, "if-match"), tag, is_strong=True)
    since = _seconds(headers.get("if-unmodified-since"))
    return since is not None and modified > since


def is_not_modified(headers: Headers, tag: str, modified: int) -> bool:
    """Whether the client has what the file is now (304); see `is_failed` for the arguments."""
    if "if-none-match" in headers:
        return has_tag(headers, tag)
    since = _seconds(headers.get("if-modified-since"))
    return since is not None and modified <= since


def has_tag(headers: Headers, tag: str) -> bool:
    """Whether the client says by `If-None-Match` that it has what bears a tag."""
    value = _joined(headers, "if-none-match")
    return value != "" and _names(value, tag, is_strong=False)


def range_applies(headers: Headers, tag: str, modified: int) -> bool:
    """Whether a range may be given by what `If-Range` says; see `is_failed` for the arguments."""
    value = headers.get("if-range")
    if value is None:
        return True
    value = value.strip()
    if value.startswith(('"', "W/")):
        return value == tag
    # Two versions of one second have one date.
    return _seconds(value) == modified < int(time.time())


def _joined(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name))


def _names(value: str, tag: str, *, is_strong: bool) -> bool:
    if value.strip() == "*":
        return True
    tags = _TAG.findall(value)
    return tag in (tags if is_strong else [each.removeprefix("W/") for each in tags])


def _seconds(value: str | None) -> int | None:
    """A date of a header in seconds since 1970; None for none, or one that cannot be read."""
    if value is None or len(value) > 100:
        return None
    try:
        return int(parsedate_to_datetime(value).timestamp())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
