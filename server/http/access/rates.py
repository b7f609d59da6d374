"""How often one client may ask: a bucket of tokens for each, in bounded memory."""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Allowance", "Buckets", "Rate", "address_group"]

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
MAX_CLIENTS = 10_000
"""So many buckets are kept; beyond it, the one that was used longest ago is forgotten."""


class Rate(NamedTuple):
    """So many requests in so many seconds, of which `burst` may come at once."""

    requests: int
    seconds: int
    burst: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """A rate as it is written: ``100/minute``, or ``10/second:50`` with a burst of 50.

        Raises:
            ValueError: it is not written so.
        """
        written = re.fullmatch(r"(\d{1,9})/(second|minute|hour|day)(?::(\d{1,9}))?", text.strip())
        if written is None or 0 in (int(written[1]), int(written[3] or 1)):
            raise ValueError(
                f"{text!r} is not a rate, such as 100/minute, or 10/second:50 for bursts of 50; "
                "it is of a second, minute, hour or day"
            )
        return cls(int(written[1]), UNITS[written[2]], int(written[3] or written[1]))


class Allowance(NamedTuple):
    """What a client may still do after a request.

    Attributes:
        remaining: how many requests it may make at once.
        reset: seconds until it may make as many as ever.
        wait: seconds until it may make one; 0 if this one was allowed.
    """

    remaining: int
    reset: float
    wait: float


class Buckets:
    """A bucket of tokens for each client, by name: a request takes one, and time brings them back.

    Used by the event loop alone, so without a lock.

    Args:
        rate: how fast tokens come back, and how many a bucket holds.
        clock: seconds, that never go back.
        size: the most buckets that are kept.
    """

    def __init__(
        self, rate: Rate, clock: Callable[[], float] = time.monotonic, size: int = MAX_CLIENTS
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._size = size
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """When each bucket is full again: all that has to be remembered of it."""

    def take(self, client: str) -> Allowance:
        """Take a token of a client's, if there is one."""
        rate, now = self.rate, self._clock()
        each = rate.seconds / rate.requests
        full_at = max(self._full_at.pop(client, now), now)
        lacking = (full_at - now) / each  # tokens that the bucket lacks
        wait = (lacking + 1 - rate.burst) * each
        if wait > 1e-9:  # a float's own error
            self._full_at[client] = full_at
            return Allowance(0, full_at - now, wait)
        self._full_at[client] = full_at + each
        while len(self._full_at) > self._size:
            self._full_at.popitem(last=False)
        remaining = math.floor(rate.burst - lacking - 1 + 1e-9)
        return Allowance(remaining, full_at + each - now, 0.0)


def address_group(address: str) -> str:
    """The client that an address stands for: itself, or of IPv6 the network that one has (/64)."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip)
