"""Names of files as people are told them."""

from __future__ import annotations

__all__ = ["shown_name"]

_MOST = 300  # characters; most systems have none that are longer, and tars and stores have
_GAP = "…"


def shown_name(name: str, most: int = _MOST) -> str:
    """A name or a path as messages have it: a very long one is shortened in its middle.

    Args:
        name: of a file, a member of a tar, a row or an object; or its id.
        most: so many characters are told at most.
    """
    if len(name) <= most:
        return name
    kept = most - len(_GAP)
    return name[: kept - kept // 2] + _GAP + name[-(kept // 2) :]
