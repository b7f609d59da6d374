"""How a service is reached: its address, the key, time-outs, and what is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import quote

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    import httpx
    from httpx_retries import Retry

__all__ = ["RETRIES", "TIMEOUT_SECONDS", "Connection", "is_address"]

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


@dataclass(frozen=True)
class Connection:
    """Where a service is, and how it is asked.

    Attributes:
        url: its address, such as ``https://media.example/anysense``.
        api_key: a key of it, if it has keys.
        collection: the name of one of its collections; its first one if None.
        timeout: how many seconds an answer may take.
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
        if not is_address(self.url):
            raise UsageError(
                f"The address of a service begins with http:// or https://, not {self.url}"
            )
        if not self.timeout > 0:
            raise UsageError(f"timeout is a number of seconds over 0, not {self.timeout}.")
        if self.retries < 0:
            raise UsageError(f"retries is at least 0, not {self.retries}.")
        if self.api_key is not None and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise UsageError("A key is made of ASCII letters, digits and signs.")

    def __repr__(self) -> str:  # without the key
        return f"Connection({self.url!r}, collection={self.collection!r})"

    @property
    def base(self) -> str:
        """The address that those of the collection begin with."""
        root = self.url.rstrip("/") + "/v1"
        return root if self.collection is None else f"{root}/collections/{quote(self.collection)}"

    @property
    def root(self) -> str:
        """The address that those of the service as a whole begin with."""
        return self.url.rstrip("/")

    @property
    def headers(self) -> dict[str, str]:
        headers = {"user-agent": f"anysense/{version('anysense')}"}
        return headers if self.api_key is None else self._with_key(headers)

    def _with_key(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "authorization": f"Bearer {self.api_key}"}

    def timeouts(self) -> httpx.Timeout:
        import httpx

        return httpx.Timeout(self.timeout, connect=min(self.timeout, _CONNECT_SECONDS))

    def no_retry(self) -> Retry:
        """For what is asked once."""
        from httpx_retries import Retry

        return Retry(total=0)

    def retry(self) -> Retry:
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
