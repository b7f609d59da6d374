"""Headers in the OpenAPI document: those of requests as parameters, and those of answers."""

from __future__ import annotations

from typing import Any

__all__ = ["header", "headers", "parameters"]

ANSWERS = {
    "X-Request-Id": "By which the log knows the request; the one that it came with, if it had one.",
    "Retry-After": "Seconds after which to try again.",
    "WWW-Authenticate": "How to send a key, and what is wrong with this one (RFC 6750).",
    "Content-Range": "Which bytes these are, or how many there are (RFC 9110, 14.4).",
    "Accept-Ranges": "`bytes`: ranges of them can be asked for.",
    "Content-Disposition": "Whether to show the file or to save it, and under which name.",
    "ETag": "Names what the file is now, for `If-None-Match`.",
    "Last-Modified": "When the file was last written.",
    "Location": "The address of what was made.",
    "Preference-Applied": "`respond-async`, if `Prefer` asked for it.",
    "RateLimit-Limit": "How many requests may come at once.",
    "RateLimit-Remaining": "How many more may come now.",
    "RateLimit-Reset": "Seconds until all of them may come again.",
    "RateLimit-Policy": "The rate, as `100;w=60`.",
}
WHOLE_NUMBERS = ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

REQUESTS = {
    "Prefer": ("`respond-async`: answer at once, and add in a job (RFC 7240).", "respond-async"),
    "Range": ("Which bytes to give; not with `w` (RFC 9110, 14.2).", "bytes=0-1023"),
    "If-Range": ("Give a range only of this `ETag` or date, or else the whole.", '"3f9a0c5b"'),
    "If-None-Match": ("Give nothing, but 304, if the file is one of these.", '"3f9a0c5b"'),
    "If-Modified-Since": (
        "Give nothing, but 304, if the file was not written since.",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ),
    "If-Match": ("Give the file only if it is one of these, or else 412.", "*"),
    "If-Unmodified-Since": (
        "Give the file only if it was not written since, or else 412.",
        "Sun, 06 Nov 2044 08:49:37 GMT",
    ),
}


def header(name: str, *, is_required: bool = False) -> dict[str, Any]:
    """A header of an answer."""
    schema = {"type": "integer", "minimum": 0} if name in WHOLE_NUMBERS else {"type": "string"}
    described = {"description": ANSWERS[name], "schema": schema}
    return {**described, "required": True} if is_required else described


def headers(*names: str, maybe: tuple[str, ...] = ()) -> dict[str, Any]:
    """Headers of an answer: those that it always has, and those that it may have."""
    always = {name: header(name, is_required=True) for name in names}
    return {**always, **{name: header(name) for name in maybe}}


def parameters(*names: str) -> dict[str, Any]:
    """Headers that a request may have, for a route's `openapi_extra`."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": False,
                "description": description,
                "schema": {"type": "string"},
                "example": example,
            }
            for name, (description, example) in ((name, REQUESTS[name]) for name in names)
        ]
    }
