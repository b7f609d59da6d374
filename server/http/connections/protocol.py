"""uvicorn's HTTP/1.1 with deadlines, a limit of connections, and errors in our shape.

A client may be slow in each part of an exchange, and hold a connection by that: in the head of a
request, in its body, in reading the answer, or between two requests, which uvicorn itself ends.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from anysense.server.http.connections.head import HEAD_BYTES, BoundedConnection
from anysense.server.http.errors import error_response
from anysense.server.http.guards.headers import SECURITY_HEADERS

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from anysense.server.http.connections.capacity import Capacity
    from anysense.server.http.settings import Settings

__all__ = ["READ_BYTES", "BoundedProtocol"]

READ_BYTES = 32 * 1024
"""What is parsed in one go: chunks of one byte take a millisecond for each KiB."""
FRAMING_BYTES = 64 * 1024
FRAMING_SHARE = 64
"""Of a body in chunks, what is not its content may have so many bytes, and one in 64 more."""
REFUSED_SECONDS = 1.0
"""How long what a refused client still sends is thrown away."""
LAST_SECONDS = 5.0
"""How long an answer may take to leave after the connection is given up."""
ANSWER_BYTES = 256 * 1024
"""How much of an answer a client has to read each time: as of a file, which is sent in blocks."""


class BoundedProtocol(H11Protocol):
    """One connection.

    Args:
        settings: the deadlines.
        capacity: the limit of connections, shared by all.
        arguments: uvicorn's own.
    """

    def __init__(self, *, settings: Settings, capacity: Capacity, **arguments: Any) -> None:
        super().__init__(**arguments)
        head_bytes = self.config.h11_max_incomplete_event_size or HEAD_BYTES
        self.conn: BoundedConnection = BoundedConnection(head_bytes)
        self._settings = settings
        self._capacity = capacity
        self._deadline: asyncio.TimerHandle | None = None
        self._answer_deadline: asyncio.TimerHandle | None = None
        self._is_in_body = self._is_refused = False
        self._since = time.monotonic()  # the client is waited for, or sends its body
        self._content_bytes = self._wire_bytes = 0
        self._unread_bytes = 0  # of the answer, at that time
        self._unread_since = time.monotonic()
        self.wire: asyncio.Transport | None = None  # what TLS writes to, if that is used

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._capacity.handshakes.pop(self, None)
        if hasattr(transport, "max_size"):  # asyncio's own transports
            transport.max_size = READ_BYTES
        if not self.has_room():
            self._refuse(503, "The service has as many connections as it can hold.", "busy")
        else:
            self._wait(self._settings.header_seconds, self._end_head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        cycle = self.cycle
        length = len(cycle.body) if cycle is not None else 0
        super().data_received(data)
        if self.transport.is_closing() or self._is_refused:
            return
        if self.cycle is not cycle:
            self._is_in_body, length = False, 0
        self._follow(len(data), (len(self.cycle.body) if self.cycle is not None else 0) - length)

    def handle_events(self) -> None:
        cycle = self.cycle
        super().handle_events()
        if self.cycle is not None and self.cycle is not cycle:
            names = {name for name, _ in self.cycle.scope["headers"]}
            if names >= {b"content-length", b"transfer-encoding"}:
                # A proxy may have read another body, and what follows is of somebody else: whatever
                # the answer is, the connection ends with it (RFC 9112, 6.1).
                self.cycle.keep_alive = False

    def _follow(self, wire_bytes: int, content_bytes: int) -> None:
        """Set the deadline of what comes next, after some bytes came."""
        if self.conn.their_state is h11.IDLE:
            if self._deadline is None:
                self._wait(self._settings.header_seconds, self._end_head)
        elif self.conn.their_state is not h11.SEND_BODY:
            self._wait(None)
        elif self.conn.our_state not in (h11.SEND_RESPONSE, h11.SEND_BODY):
            pass  # the answer is given: what still comes is thrown away, for as long as was set
        elif not self._is_in_body:
            self._is_in_body, self._since = True, time.monotonic()
            self._content_bytes, self._wire_bytes = content_bytes, content_bytes
            self._wait(self._settings.body_seconds, self._end_body)
        else:
            self._content_bytes += content_bytes
            self._wire_bytes += wire_bytes
            framing = self._wire_bytes - self._content_bytes
            if framing > FRAMING_BYTES + self._content_bytes // FRAMING_SHARE:
                self._refuse(400, "The body is sent in too small chunks.", "bad_request")

    def _wait(self, seconds: float | None, action: Callable[[], None] | None = None) -> None:
        """Replace the deadline by another one, or by none."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        if seconds is not None and action is not None:
            self._deadline = self.loop.call_later(seconds, action)

    def _end_head(self) -> None:
        self._deadline = None
        if self.conn.trailing_data[0]:
            self._refuse(408, "The head of the request took too long to come.", "too_slow")
        else:
            self._close()

    def _end_body(self) -> None:
        """Give up a body, unless as much of it has come as its time allows."""
        time_of_body = self._settings.body_seconds + self._wire_bytes / self._settings.body_rate
        rest = self._since + time_of_body - time.monotonic()
        if self.flow.read_paused:  # it is we who do not read
            rest = max(rest, self._settings.body_seconds)
        if rest > 0:
            self._wait(rest, self._end_body)
        else:
            self._refuse(408, "The body of the request took too long to come.", "too_slow")

    def on_response_complete(self) -> None:
        self._wait(None)
        self._is_in_body, self._since = False, time.monotonic()
        self._note_unread()
        super().on_response_complete()
        # Nobody wants the rest of a body now.
        if self.conn.their_state is h11.SEND_BODY or self.transport.is_closing():
            self._wait(LAST_SECONDS, self._end_answer)
        elif self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait(self._settings.header_seconds, self._end_head)

    def timeout_keep_alive_handler(self) -> None:
        if self._is_being_read():  # the client has not even got its answer
            seconds = self.timeout_keep_alive
            self.timeout_keep_alive_task = self.loop.call_later(
                seconds, self.timeout_keep_alive_handler
            )
            return
        super().timeout_keep_alive_handler()
        self._wait(LAST_SECONDS, self.transport.abort)

    def _end_answer(self) -> None:
        """Give up what the client has not read of the last answer, unless it is reading it."""
        if self._is_being_read():
            self._wait(LAST_SECONDS, self._end_answer)
        else:
            self.transport.abort()

    def _unread(self) -> int:
        """How many bytes still wait for the client to read what came before them."""
        wire = self.wire.get_write_buffer_size() if self.wire is not None else 0
        return self.transport.get_write_buffer_size() + wire

    def _note_unread(self) -> None:
        self._unread_bytes, self._unread_since = self._unread(), time.monotonic()

    def _seconds_to_read(self) -> float:
        """How long the client may still take to read on: `answer_seconds`, since it last did."""
        if self._unread() <= self._unread_bytes - ANSWER_BYTES:
            self._note_unread()
        return self._unread_since + self._settings.answer_seconds - time.monotonic()

    def _is_being_read(self) -> bool:
        return self._unread() > 0 and self._seconds_to_read() > 0

    def pause_writing(self) -> None:
        super().pause_writing()
        self._note_unread()
        self._watch_answer()

    def _watch_answer(self) -> None:
        """End the connection of a client that reads too little of what waits for it."""
        seconds = self._seconds_to_read()
        if seconds > 0:
            self._answer_deadline = self.loop.call_later(seconds, self._watch_answer)
        else:
            self._answer_deadline = None
            self.transport.abort()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer_deadline is not None:
            self._answer_deadline.cancel()
            self._answer_deadline = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; uvicorn calls this where it has caught the error."""
        error = sys.exc_info()[1]
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        reason = str(error or msg).partition(": bytearray")[0].rstrip(".")  # and what it was
        message = f"This is no request in HTTP/1.1 that can be read: {reason}."
        self._refuse(status, message, "bad_request", is_sending=True)

    def _should_upgrade(self) -> bool:
        return False  # there are no WebSockets, and no word of each in the log

    def has_room(self, more: int = 0) -> bool:
        """Whether there is room for all connections and some more, made by ending an idle one."""
        count = len(self.connections) + len(self._capacity.handshakes) + more
        return count <= self._capacity.connections or self._make_room()

    def _make_room(self) -> bool:
        """End the connection that has kept us waiting longest; False if none does.

        Those that shake hands go first: nobody has asked anything on them.
        """
        self._capacity.warn()
        if self._capacity.handshakes:
            oldest = next(iter(self._capacity.handshakes))
            self._capacity.handshakes.pop(oldest).abort()
            return True
        others = [c for c in self.connections if isinstance(c, BoundedProtocol) and c is not self]
        waiting = [c for c in others if c._is_waited_for()]
        if not waiting:
            return False
        min(waiting, key=lambda c: (c._is_in_body, c._since))._give_up()
        return True

    def _is_waited_for(self) -> bool:
        """Whether the next step is the client's: to send a request, or the rest of one."""
        if self.transport.is_closing() or self._is_refused:
            return self._is_refused
        return self.conn.their_state is h11.IDLE or (self._is_in_body and not self.flow.read_paused)

    def _give_up(self) -> None:
        if self._is_in_body or self.conn.trailing_data[0]:
            self._refuse(408, "Others wait for a connection, and this one is slow.", "too_slow")
        else:
            self._close()
        if self.scheme == "https":  # closing would wait for the client to say goodbye
            self.transport.abort()
        self.connections.discard(self)

    def _refuse(self, status: int, message: str, code: str, *, is_sending: bool = False) -> None:
        """Answer with an error, if no answer has begun, and close the connection.

        What a client that `is_sending` still sends is thrown away for a moment: where it stays
        unread, the system takes back the answer as well (RFC 9112, 9.6).
        """
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = {**SECURITY_HEADERS, "connection": "close"}
            if status in (408, 503):
                headers["retry-after"] = "1"
            answer = error_response(status, message, code, headers=headers)
            # To HEAD the answer has no body.
            body = b"" if self.conn.method == b"HEAD" else bytes(answer.body)
            for event in (
                h11.Response(
                    status_code=status, headers=answer.raw_headers, reason=STATUS_PHRASES[status]
                ),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        if is_sending and not self.transport.is_closing():
            self._is_refused = True
            if self.transport.can_write_eof():  # TLS cannot
                self.transport.write_eof()
            self._wait(REFUSED_SECONDS, self._close)
        else:
            self._close()

    def _close(self) -> None:
        """Close the connection once all is sent, or soon if it cannot be."""
        self._wait(LAST_SECONDS, self.transport.abort)
        self.transport.close()
