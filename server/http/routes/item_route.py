"""The addresses of items themselves, beside those that only look like one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fastapi.routing import APIRoute
from starlette.routing import Match

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["ItemRoute", "written_path"]

OF_OTHERS = re.compile(
    r"/v1(/collections/[^/]+)?/items/(batch|batch/delete|.*/(media|segments|waveform))", re.DOTALL
)
"""What is no item's address, as no new id is like these. Ids from before that rule have theirs when
they are percent-encoded: `a%2Fmedia`, `%62atch`."""


class ItemRoute(APIRoute):
    """A route of an item, by an id that may have slashes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave alone the addresses that only look like one of an item."""
        if OF_OTHERS.fullmatch(written_path(scope)):
            return Match.NONE, {}
        return super().matches(scope)


def written_path(scope: Scope) -> str:
    """The path of a request as the client wrote it, with what is percent-encoded in it."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    return path.removeprefix(scope.get("root_path", ""))
