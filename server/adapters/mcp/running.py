"""A server as a process: over standard input and output, or over streamable HTTP."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.auth.settings import AuthSettings
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings

from anysense.adapters.mcp.keys import KeyRingVerifier
from anysense.adapters.mcp.server import open_server
from anysense.adapters.tools import MAX_DATA
from anysense.embed.errors import UsageError
from anysense.server.http.addresses import is_loopback
from anysense.server.http.life.life import Life
from anysense.server.http.life.server import LifeServer
from anysense.server.http.listening import listen, names_answered, resolve
from anysense.server.http.monitoring.logs import logging_as
from anysense.server.http.serving import end_if_busy, server_config
from anysense.server.http.settings import LOOPBACK_HOSTS

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

    from anysense.adapters.mcp.options import Options
    from anysense.server.http.settings import Settings

__all__ = ["PATH", "run_http", "run_stdio"]

PATH = "/mcp"
BODY_BYTES = MAX_DATA + 1024**2
"""The longest message that is read: one with as much data as a tool takes."""
MOST_SESSIONS = 1000
EVERY_NAME = "*"
STDOUT, STDERR = 1, 2


def run_stdio(source: str, options: Options, **opening: Any) -> None:
    """Serve one client over standard input and output, until it closes them.

    Nothing but the protocol reaches standard output, whatever a library prints, or
    a process that one starts: that goes to standard error.

    Args:
        source: the path of a collection, or the address of a service.
        options: what is given and allowed.
        opening: further arguments of `open_server`.

    Raises:
        AnysenseError: the collection cannot be opened, or the service not be reached.
    """
    with logging_as("text", "warning"), private_output() as output:

        async def serve() -> None:
            async with open_server(source, options=options, **opening) as server:
                end_at_interrupt()
                async with stdio_server(stdout=anyio.wrap_file(output)) as streams:
                    await server.run_on(*streams)

        anyio.run(serve)
        end_if_busy()


@contextmanager
def private_output() -> Iterator[TextIO]:
    """Standard output for whoever asks here, while all others have standard error in its place.

    From before anything is loaded, whose threads and processes might print. The SDK does the same,
    but only once it serves, and what Python holds back of a print would still come at the end.
    """
    sys.stdout.flush()
    kept = os.dup(STDOUT)
    try:
        try:
            os.dup2(STDERR, STDOUT)
        except OSError:  # it is closed
            os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
        with (
            redirect_stdout(sys.stderr),
            os.fdopen(os.dup(kept), "w", encoding="utf-8", newline="") as output,
        ):
            yield output
    finally:
        os.dup2(kept, STDOUT)
        os.close(kept)


def end_at_interrupt() -> None:
    """Let Ctrl-C end the process at once: what reads standard input cannot be interrupted.

    Everything acknowledged is on the disk, as after a kill.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))


def run_http(
    source: str,
    options: Options,
    settings: Settings,
    on_start: Callable[[str], None],
    **opening: Any,
) -> None:
    """Serve clients over streamable HTTP, until SIGINT or SIGTERM.

    Args:
        source: the path of a collection, or the address of a service.
        options: what is given and allowed.
        settings: where to listen, who may ask, and the limits of connections.
        on_start: called with the address for clients, once the server listens.
        opening: further arguments of `open_server`.

    Raises:
        UsageError: everybody beyond this machine would be let in, or keys cannot be used.
        AnysenseError: it cannot listen there, or the collection cannot be opened.
    """
    addresses = resolve(settings.host, settings.port)
    check_exposure(addresses, settings)
    names = names_answered(addresses, settings)
    if EVERY_NAME in names:
        raise UsageError(
            f"At {settings.host} clients call this machine by names that only you know: give them, "
            "as in --allowed-host search.example, so that no page in a browser can use another."
        )
    called = next((name for name in names if name not in LOOPBACK_HOSTS), names[-1])
    if settings.api_key_file is not None:
        opening |= {"auth": auth_settings(settings), "token_verifier": KeyRingVerifier(settings)}

    async def serve(sockets: list[socket.socket]) -> None:
        async with open_server(source, options=options, **opening) as server:
            app = server.streamable_http_app(
                streamable_http_path=PATH,
                max_request_body_size=BODY_BYTES,
                max_sessions=MOST_SESSIONS,
                transport_security=security_of(names),
            )
            life = Life()

            def announce(port: int) -> None:
                on_start(f"http://{called}:{port}{PATH}")

            config = server_config(app, settings)
            await LifeServer(config, life, settings.shutdown_timeout, announce).serve(sockets)

    with logging_as("text", "warning"):
        sockets = listen(addresses, settings)
        try:
            anyio.run(serve, sockets)
        finally:
            for one in sockets:
                one.close()
        end_if_busy()


def check_exposure(
    addresses: Sequence[tuple[socket.AddressFamily, str]], settings: Settings
) -> None:
    """Refuse to be reached from other machines without keys.

    Raises:
        UsageError: an address is not loopback's, and there is no file of keys.
    """
    is_local = all(is_loopback(address) for _, address in addresses)
    if not is_local and settings.api_key_file is None:
        raise UsageError(
            f"At {settings.host} everybody who reaches this machine could use the collection: give "
            "keys (`anysense keys add FILE NAME`, then --api-key-file FILE)."
        )


def security_of(names: Sequence[str]) -> TransportSecuritySettings:
    """Which names a request may be addressed to, and from pages of which sites (DNS rebinding)."""
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*names, *(f"{name}:*" for name in names)],
        allowed_origins=[
            f"{scheme}://{name}{port}"
            for name in names
            for scheme in ("http", "https")
            for port in ("", ":*")
        ],
    )


def auth_settings(settings: Settings) -> AuthSettings:
    """What the SDK wants to be told where keys are needed; there is no server that gives them out.

    Every key needs the scope to read; the tools that write ask for theirs.
    """
    issuer: Any = f"http://{'localhost' if ':' in settings.host else settings.host}"
    return AuthSettings(issuer_url=issuer, resource_server_url=None, required_scopes=["read"])
