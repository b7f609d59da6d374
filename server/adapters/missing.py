"""What an adapter says where its framework is not installed."""

from __future__ import annotations

from anysense.embed.errors import AnysenseError

__all__ = ["MissingExtraError"]


class MissingExtraError(AnysenseError, ImportError):
    """A framework is not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(
            f"A package that this adapter needs is not installed: pip install 'anysense[{extra}]'."
        )
