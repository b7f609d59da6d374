"""How a service is reached: its address, the key, time-outs, and what is tried again."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from importlib.metadata import version
from numbers import Real
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    import httpx
    from httpx_retries import Retry

__all__ = ["RETRIES", "TIMEOUT_SECONDS", "Connection", "is_address", "path_segment"]

TIMEOUT_SECONDS = 60.0
RETRIES = 4
"""How often a request is sent again: after 0.5, 1, 2 and 4 seconds, if nobody says when."""

_BACKOFF_SECONDS = 0.5
_LONGEST_WAIT = 30.0
_CONNECT_SECONDS = 10.0
_FOR_NOW = (429, 502, 503)
"""Statuses with which nothing was done, and which are over soon."""


def is_address(source: object) -> bool:
    """Whether this is the address of a service, and not the path of a collection."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def path_segment(name: str, what: str) -> str:
    """A name as one segment of an address, whatever signs it has.

    Args:
        name: of a collection or an item.
        what: it is, as an error begins.

    Raises:
        UsageError: no address can have it.
    """
    if name in ("", ".", ".."):
        raise UsageError(f"{what} is not {name!r}.")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise UsageError(f"{what} is made of whole characters, unlike {name!r}.") from None


def _check_address(url: str) -> None:
    if not is_address(url):
        raise UsageError(f"The address of a service begins with http:// or https://, not {url}")
    import httpx

    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"This is no address: {error}.") from None
    if not address.host:
        raise UsageError(f"The address of a service names a machine, unlike {url}")
    if address.userinfo:
        raise UsageError("A service takes no password in its address: give a key as api_key.")


@dataclass(frozen=True)
class Connection:
    """Where a service is, and how it is asked.

    Attributes:
        url: its address, such as ``https://media.example/anysense``.
        api_key: a key of it, if it has keys.
        collection: the name of one of its collections; its first one if None.
        timeout: how many seconds to wait for the next part of an answer.
        retries: how often a request is sent again that found the service busy, starting, or not
            there.

    Raises:
        UsageError: one of them is wrong.
    """

    url: str
    api_key: str | None = None
    collection: str | None = None
    timeout: float = TIMEOUT_SECONDS
    retries: int = RETRIES

    def __post_init__(self) -> None:
        _check_address(self.url)
        timeout: Any = self.timeout  # whatever it is said to be
        if not (isinstance(timeout, Real) and 0 < float(timeout) < math.inf):
            raise UsageError(f"timeout is a number of seconds over 0, not {timeout!r}.")
        if self.retries < 0:
            raise UsageError(f"retries is at least 0, not {self.retries}.")
        if self.api_key is not None and not re.fullmatch("[!-~]+", self.api_key):
            raise UsageError("A key is made of ASCII letters, digits and signs, without spaces.")
        if self.collection is not None:
            path_segment(self.collection, "The name of a collection")
            if "/" in self.collection:
                raise UsageError(f"The name of a collection has no slash: {self.collection}")

    def __repr__(self) -> str:  # without the key
        return f"Connection({self.url!r}, collection={self.collection!r})"

    @property
    def base(self) -> str:
        """The address that those of the collection begin with."""
        root = self.url.rstrip("/") + "/v1"
        if self.collection is None:
            return root
        return f"{root}/collections/{path_segment(self.collection, 'The name of a collection')}"

    @property
    def about(self) -> str:
        """The address that tells of the collection."""
        return f"{self.base}/collections/current" if self.collection is None else self.base

    @property
    def root(self) -> str:
        """The address that those of the service as a whole begin with."""
        return self.url.rstrip("/")

    @property
    def is_secure(self) -> bool:
        """Whether it is reached by TLS; if not, the certificates of authorities are not loaded."""
        return self.url.lower().startswith("https://")

    @property
    def headers(self) -> dict[str, str]:
        headers = {"user-agent": f"anysense/{version('anysense')}"}
        return headers if self.api_key is None else self._with_key(headers)

    def _with_key(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "authorization": f"Bearer {self.api_key}"}

    def options(self, transport: httpx.BaseTransport | httpx.AsyncBaseTransport) -> dict[str, Any]:
        """The arguments of a client of httpx that sends by a transport, and again where it may."""
        import httpx
        from httpx_retries import RetryTransport

        return {
            "transport": RetryTransport(transport, self._retry()),
            "timeout": httpx.Timeout(self.timeout, connect=min(self.timeout, _CONNECT_SECONDS)),
            "headers": self.headers,
        }

    def _retry(self) -> Retry:
        """What is sent again.

        Whatever is asked can be asked again: an item that was added after all is found there, by
        its id or its content. Not after a time-out, as the service may still be at work.
        """
        import httpx
        from httpx_retries import Retry

        return Retry(
            total=self.retries,
            allowed_methods=("GET", "POST", "PATCH", "DELETE"),
            status_forcelist=_FOR_NOW,
            retry_on_exceptions=(
                httpx.ConnectError,
                httpx.ReadError,
                httpx.WriteError,
                httpx.RemoteProtocolError,
            ),
            backoff_factor=_BACKOFF_SECONDS / 2,
            backoff_jitter=0.5,
            max_backoff_wait=_LONGEST_WAIT,
        )
