"""Where the service listens: sockets that are ours before anything is loaded."""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
from contextlib import ExitStack
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError, UsageError
from anysense.server.http.addresses import is_loopback
from anysense.server.http.settings import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.server.http.settings import Settings

__all__ = [
    "EVERYWHERE",
    "certificate_of",
    "check_exposure",
    "listen",
    "local_url",
    "names_answered",
    "resolve",
]

BACKLOG = 2048
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - it is asked about, not bound
"""Hosts that stand for all addresses of this machine."""


def resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """The IP addresses of a host to listen at.

    Raises:
        AnysenseError: there is none.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise cannot_listen(host, port, "there is no such address") from None
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in answers))


def check_exposure(
    addresses: Sequence[tuple[socket.AddressFamily, str]], settings: Settings
) -> None:
    """Refuse to be reached from other machines by everybody, unless that is meant.

    Raises:
        UsageError: an address is not loopback's, there are no keys, and nobody said `insecure`.
    """
    has_keys = settings.api_key is not None or settings.api_key_file is not None
    if has_keys or settings.insecure or all(is_loopback(address) for _, address in addresses):
        return
    raise UsageError(
        f"At {settings.host} everybody who reaches this machine could search, add and remove "
        "items: give keys (`anysense keys add FILE NAME`, then --api-key-file FILE), or say "
        "--insecure."
    )


def listen(
    addresses: Sequence[tuple[socket.AddressFamily, str]], settings: Settings
) -> list[socket.socket]:
    """Sockets that listen at addresses of one host; nobody answers them yet.

    An address that this machine does not have is left out, as IPv6's of ``localhost`` often is.

    Raises:
        AnysenseError: the port is taken, or cannot be used.
    """
    port, missing = settings.port, 0
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        for family, address in addresses:
            try:
                one = socket.create_server((address, port), family=family, backlog=BACKLOG)
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL and missing + 1 < len(addresses):
                    missing += 1
                    continue
                raise cannot_listen(settings.host, port, reason_of(error)) from None
            # For its connections: the head and the body of an answer are two packets, and the
            # second would wait 40 ms until the client has told that it has the first. asyncio does
            # so by itself only for sockets that name their protocol.
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sockets.append(opened.enter_context(one))
            port = one.getsockname()[1]  # if any was asked for, the same at every address
        opened.pop_all()
    return sockets


def reason_of(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there already; see --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address; see --host"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "only root may use that port; see --port"
    return str(error.strerror or error)


def cannot_listen(host: str, port: int, reason: str) -> AnysenseError:
    return AnysenseError(f"The service cannot listen at {host}, port {port}: {reason}.")


def names_answered(
    addresses: Sequence[tuple[socket.AddressFamily, str]], settings: Settings
) -> tuple[str, ...]:
    """The hosts that requests may be addressed to: those of the settings, and this machine's own.

    Where no names are given, a service beyond loopback answers to every one: it cannot know what
    it is called.
    """
    names = settings.allowed_hosts if "allowed_hosts" in settings.model_fields_set else ()
    if not names and not all(is_loopback(address) for _, address in addresses):
        return ("*",)
    return (*LOOPBACK_HOSTS, *names, as_name(settings.host))


def local_url(settings: Settings, port: int) -> str:
    """Where to call the service from this machine.

    Args:
        settings: the host, and whether it speaks HTTPS.
        port: the one that it listens at.
    """
    name = "localhost" if settings.host in EVERYWHERE else settings.host
    scheme = "https" if settings.ssl_certfile is not None else "http"
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def as_name(host: str) -> str:
    """A host as `Host` headers write it."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host.lower()


def certificate_of(settings: Settings) -> ssl.SSLContext | None:
    """The certificate to speak HTTPS with; None if the settings name none.

    Raises:
        UsageError: it, its key or its authorities cannot be used.
    """
    if settings.ssl_certfile is None:
        if settings.ssl_keyfile is not None or settings.ssl_ca_certs is not None:
            raise UsageError("To speak HTTPS, give a certificate as well: --ssl-certfile FILE.")
        return None
    certificate, key = settings.ssl_certfile, settings.ssl_keyfile
    for path in filter(None, (certificate, key, settings.ssl_ca_certs)):
        check_readable(path)
    password = settings.ssl_keyfile_password
    was_asked = False

    def secret() -> str:  # without it OpenSSL would ask for a password on the terminal
        nonlocal was_asked
        was_asked = True
        return password.get_secret_value() if password is not None else ""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, secret)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        if was_asked:
            how = "has a password; give it" if password is None else "has another password than"
            raise UsageError(
                f"The private key in {key or certificate} {how} in ANYSENSE_SSL_KEYFILE_PASSWORD."
            ) from None
        if not holds_key(key or certificate):
            where = "; name its file: --ssl-keyfile FILE" if key is None else ""
            raise UsageError(f"{key or certificate} holds no private key in PEM{where}.") from None
        raise unusable(f"The certificate in {certificate}, or its key,", error) from None
    if settings.ssl_ca_certs is not None:
        try:
            context.load_verify_locations(settings.ssl_ca_certs)
        except (OSError, ValueError) as error:
            what = f"The authorities in {settings.ssl_ca_certs} (--ssl-ca-certs)"
            raise unusable(what, error) from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None


def holds_key(path: Path) -> bool:
    """Whether a file has a private key in it, of any kind that OpenSSL writes."""
    return b"PRIVATE KEY-----" in path.read_bytes()


def unusable(what: str, error: Exception) -> UsageError:
    reason = (getattr(error, "reason", None) or "no PEM that can be read").lower()
    return UsageError(f"{what} cannot be used: {reason.replace('_', ' ')}.")
