"""Who asks, whether they may, and how often."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from anysense.server.http.access.rates import Allowance, Buckets, Rate, address_group
from anysense.server.http.access.scopes import PROBES, is_open, route_path, scopes_needed
from anysense.server.http.errors import RequestError, refusal_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from anysense.server.http.access.key_ring import KeyRing
    from anysense.server.http.access.keys import Key
    from anysense.server.http.settings import Settings

__all__ = ["AccessGuard"]


class RefusedError(RequestError):
    """A request that is not let in, with the headers that say how it would be."""

    def __init__(self, message: str, status: int, code: str, headers: dict[str, str]) -> None:
        self.headers = headers
        super().__init__(message, status, code)


class AccessGuard:
    """Lets in requests with a key for what they do, each client no more often than the limit.

    What is refused is refused before its body is read. The name of the key, never the key, goes on
    as `key_name` in the state of the request, and what it may do as `key_scopes`.

    Args:
        app: what is guarded.
        settings: with the rate.
        keys: the keys; those of the settings.
    """

    def __init__(self, app: ASGIApp, settings: Settings, keys: KeyRing) -> None:
        self.app = app
        self.keys = keys
        self.buckets = Buckets(settings.rate_limit) if settings.rate_limit is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = route_path(scope) if scope["type"] == "http" else ""
        if scope["type"] != "http" or path in PROBES:
            await self.app(scope, receive, send)
            return
        key = self._key_of(scope)
        state = scope.setdefault("state", {})
        if key is not None or "key_scopes" not in state:  # no other process has judged it
            state["key_name"] = key.name if key is not None else None
            state["key_scopes"] = key.scopes if key is not None else None
        if self.buckets is not None:
            allowance = self.buckets.take(client_name(scope, key))
            send = with_headers(send, rate_headers(self.buckets.rate, allowance))
            refusal = too_many(allowance) if allowance.wait > 0 else None
        else:
            refusal = None
        refusal = refusal or self._refusal(scope, path, key)
        if refusal is None:
            await self.app(scope, receive, send)
            return
        await refusal_response(refusal, refusal.headers)(scope, receive, send)

    def _key_of(self, scope: Scope) -> Key | None:
        """The key that a request brings, if it is one of ours."""
        sent = Headers(scope=scope).getlist("authorization")
        scheme, _, secret = (sent[0] if len(sent) == 1 else "").partition(" ")
        if self.keys.is_open or scheme.lower() != "bearer":
            return None
        return self.keys.find(secret.strip())

    def _refusal(self, scope: Scope, path: str, key: Key | None) -> RefusedError | None:
        if self.keys.is_open or is_open(path):
            return None
        if key is None:
            return no_key(has_one="authorization" in Headers(scope=scope))
        needed = scopes_needed(scope["method"], path)
        missing = next((one for one in needed if one not in key.scopes), None)
        return None if missing is None else not_for(missing)


def no_key(*, has_one: bool) -> RefusedError:
    """Nobody is told which of its keys the service does not know."""
    challenge = 'Bearer realm="anysense"'
    if has_one:
        message, code = "This key is not one of this service's keys.", "invalid_api_key"
        challenge += ', error="invalid_token"'
    else:
        message, code = "Send a key, as `Authorization: Bearer KEY`.", "missing_api_key"
    return RefusedError(message, 401, code, {"www-authenticate": challenge})


def not_for(needed: str) -> RefusedError:
    doing = {"read": "search or read", "write": "add or remove"}[needed]
    challenge = f'Bearer realm="anysense", error="insufficient_scope", scope="{needed}"'
    message = f"This key may not {doing}: it lacks the scope {needed}."
    return RefusedError(message, 403, "insufficient_scope", {"www-authenticate": challenge})


def too_many(allowance: Allowance) -> RefusedError:
    seconds = math.ceil(allowance.wait)
    message = f"This is more often than the service allows: try again in {seconds} s."
    return RefusedError(message, 429, "rate_limited", {"retry-after": str(seconds)})


def client_name(scope: Scope, key: Key | None) -> str:
    """Whose bucket a request takes from: its key's, or else its address's."""
    if key is not None:
        return f"key {key.name}"
    client = scope.get("client")
    return address_group(client[0]) if client else "no address"


def rate_headers(rate: Rate, allowance: Allowance) -> dict[str, str]:
    """What is left, in the fields of draft-ietf-httpapi-ratelimit-headers-06."""
    return {
        "ratelimit-policy": f"{rate.requests};w={rate.seconds}",
        "ratelimit-limit": str(rate.burst),
        "ratelimit-remaining": str(allowance.remaining),
        "ratelimit-reset": str(math.ceil(allowance.reset)),
    }


def with_headers(send: Send, headers: dict[str, str]) -> Send:
    """Give an answer more headers."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers
