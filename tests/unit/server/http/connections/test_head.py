"""How long the head of a request may be."""

from __future__ import annotations

import h11
import pytest

from anysense.server.http.connections.head import HEAD_BYTES, BoundedConnection

START = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


def head_of(length: int) -> bytes:
    return START + b"A: " + b"a" * (length - len(START) - 7) + b"\r\n\r\n"


@pytest.mark.parametrize("size", [1000, 1_000_000], ids=["in-pieces", "at-once"])
@pytest.mark.parametrize("more", [0, 1, 1000, 15_000])
def test_a_head_has_a_limit_however_it_comes(size: int, more: int) -> None:
    connection, head = BoundedConnection(HEAD_BYTES), head_of(HEAD_BYTES + more)
    event: object = None

    def send() -> None:
        nonlocal event
        for start in range(0, len(head), size):
            connection.receive_data(head[start : start + size])
            event = connection.next_event()

    if more == 0:
        send()
        assert isinstance(event, h11.Request)
    else:
        with pytest.raises(h11.RemoteProtocolError) as told:
            send()
        assert told.value.error_status_hint == 431


def test_what_comes_behind_a_head_is_no_part_of_it() -> None:
    connection = BoundedConnection(HEAD_BYTES)
    post = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000\r\n\r\n"
    connection.receive_data(post + b"b" * 30_000 + head_of(HEAD_BYTES))
    assert isinstance(connection.next_event(), h11.Request)
    assert isinstance(connection.next_event(), h11.Data)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    connection.start_next_cycle()
    assert isinstance(connection.next_event(), h11.Request)
