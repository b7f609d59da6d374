"""The longest head that a request may have, in whatever pieces it comes."""

from __future__ import annotations

import h11

__all__ = ["HEAD_BYTES", "BoundedConnection"]

HEAD_BYTES = 16 * 1024
"""The longest head of a request, from its first line to the empty one."""


class BoundedConnection(h11.Connection):
    """h11's connection, by which a head that comes whole is as bounded as one that comes slowly.

    By itself h11 refuses only what is over the limit and not complete yet.

    Args:
        head_bytes: the longest head.
    """

    def __init__(self, head_bytes: int) -> None:
        super().__init__(h11.SERVER, head_bytes)
        self._head_bytes = head_bytes
        self.method = b""  # of the request that came last

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """What came next, as h11 tells it.

        Raises:
            h11.RemoteProtocolError: it is no HTTP, or too long.
        """
        if self.their_state is not h11.IDLE:
            return super().next_event()
        waiting = len(self.trailing_data[0])
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.method = event.method
            if waiting - len(self.trailing_data[0]) > self._head_bytes:
                reason = f"its head is over {self._head_bytes:,} bytes"
                raise h11.RemoteProtocolError(reason, error_status_hint=431)
        return event
