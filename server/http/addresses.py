"""Hosts, origins, networks and folders, as settings and headers write them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

__all__ = [
    "Folder",
    "Host",
    "Network",
    "Origin",
    "RootPath",
    "check_host",
    "is_loopback",
    "origin_host",
]

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def check_host(text: str) -> str:
    if text == "*" or re.fullmatch(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]", text):
        return text.lower()
    raise ValueError(f"{text!r} is not the name of a host without a port, such as search.example")


def check_origin(text: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:\d+)?", text):
        return text.lower()
    raise ValueError(f"{text!r} is not an origin, such as https://search.example")


def check_network(text: str) -> str:
    if text != "*":
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is not an IP address or network, or *") from None
    return text


def check_root_path(text: str) -> str:
    if re.fullmatch(r"(/[A-Za-z0-9_.~-]+)*", text.removesuffix("/")):
        return text.removesuffix("/")
    raise ValueError(f"{text!r} is not the beginning of a path, such as /anysense")


def check_folder(text: str) -> str:
    if Path(text).is_dir():
        return text
    raise ValueError(f"{text!r} is not a folder of this machine")


Folder = Annotated[str, AfterValidator(check_folder)]
"""The path of a folder that is there when the service starts."""
Host = Annotated[str, AfterValidator(check_host)]
"""The name of a host, without a port, in lower case; ``*`` is every one."""
Origin = Annotated[str, AfterValidator(check_origin)]
"""A scheme, a host and, if it is not the usual one, a port; in lower case, as browsers send it."""
Network = Annotated[str, AfterValidator(check_network)]
"""An IP address or network; ``*`` is every one."""
RootPath = Annotated[str, AfterValidator(check_root_path)]
"""The beginning of a path, without a slash at its end."""


def is_loopback(address: str) -> bool:
    """Whether an IP address, which may have a zone, is reached from this machine alone."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def origin_host(origin: str) -> tuple[str, str]:
    """What an `Origin` header names: its host, with the port if that is not its scheme's own.

    Returns:
        The host and that port, as `Host` headers write them; both empty if it is no origin.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:  # an IPv6 address without its bracket
        return "", ""
    return parts.netloc.lower(), DEFAULT_PORTS.get(parts.scheme, "")
