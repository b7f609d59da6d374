"""The keys of `anysense keys` as the SDK asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.auth.provider import AccessToken

from anysense.server.http.access.key_ring import KeyRing
from anysense.server.http.access.keys import SCOPES

if TYPE_CHECKING:
    from anysense.server.http.settings import Settings

__all__ = ["KeyRingVerifier"]


class KeyRingVerifier:
    """Verifies the key of each request; a change of their file counts within a second.

    Args:
        settings: with the file of keys.

    Raises:
        UsageError: the file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._keys = KeyRing(settings)

    async def verify_token(self, token: str) -> AccessToken | None:
        """What a key may do, by its scopes; None if there is no such key."""
        key = self._keys.find(token)
        if key is None:
            return None
        scopes: list[str] = [scope for scope in SCOPES if scope in key.scopes]
        return AccessToken(token=token, client_id=key.name, scopes=scopes)
