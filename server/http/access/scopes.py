"""Which addresses need a key, and of which scope."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope as Connection

    from anysense.server.http.access.keys import Scope

__all__ = ["PROBES", "is_open", "public_path", "route_path", "scopes_needed"]

PROBES = ("/health", "/ready")
"""What machines ask all the time, about the service alone."""
DESCRIPTION = re.compile(r"/docs(/.*)?|/openapi\.json|/v1/access")
"""How the service describes itself: a browser cannot send a key to see a page, and one without a
key has to learn that it needs one."""
PAGE = re.compile(r"/?|/web/.*", re.DOTALL)
"""The page and what it loads: files of the package, the same for all. Empty is the path of a proxy
without its slash, from which browsers are sent on."""
READS = re.compile(
    r"/v\d+(/collections/[^/]+)?/(search|search/batch|search/explain|queries|embeddings|embed|rerank)"
)
"""What is posted and changes nothing. Whatever else is posted, put or deleted, is a write."""

SHOWING = ("PATCH",)
"""What changes an item and answers with all that is known of it."""


def route_path(connection: Connection) -> str:
    """The path of a request as routes see it, without that under which a proxy shows them."""
    path: str = connection["path"]
    root: str = connection.get("root_path", "")
    if root and (path == root or path.startswith(f"{root}/")):
        return path[len(root) :]
    return path


def public_path(connection: Connection) -> str:
    """The path of a request as its client wrote it, whatever the proxy has made of it."""
    root: str = connection.get("root_path", "")
    return root + route_path(connection)


def is_open(path: str) -> bool:
    """Whether a path is for everybody, with a key or without."""
    return path in PROBES or any(one.fullmatch(path) for one in (DESCRIPTION, PAGE))


def scopes_needed(method: str, path: str) -> tuple[Scope, ...]:
    """The scopes that a key needs for a request, all of them."""
    if method in ("GET", "HEAD", "OPTIONS") or (method == "POST" and READS.fullmatch(path)):
        return ("read",)
    return ("write", "read") if method in SHOWING else ("write",)
