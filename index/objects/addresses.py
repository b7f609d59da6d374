"""The addresses of objects: ``s3://bucket/key``, and which of them anysense reads.

An address is what the catalog keeps of an object, so nothing secret may be in one: credentials come
from where each service's own tools take them, and what has any in it is refused before it is kept.
A key is taken as it is: no part of it is decoded, and ``..`` and ``//`` are names in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from anysense.embed.errors import UsageError

__all__ = [
    "PROTOCOLS",
    "Address",
    "Protocol",
    "address_of",
    "is_object",
    "parse_address",
    "shown_address",
]


@dataclass(frozen=True)
class Protocol:
    """A storage service that objects are read from.

    Attributes:
        name: what its addresses begin with.
        service: what people call it.
        filesystem: the name of its file system in fsspec.
        extra: of anysense, which installs that; empty where it comes with the package.
        credentials: how to give credentials, in the service's own ways; empty where none are sent.
    """

    name: str
    service: str
    filesystem: str
    extra: str
    credentials: str


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "s3",
            "S3",
            "s3",
            "s3",
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (AWS_PROFILE), or a role",
        ),
        Protocol(
            "gs",
            "Google Cloud Storage",
            "gcs",
            "gcs",
            "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
        ),
        Protocol(
            "az",
            "Azure Blob Storage",
            "az",
            "azure",
            "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY, or `az login`",
        ),
        Protocol("https", "a web server", "https", "http", ""),
    )
}
"""By the beginning of their addresses. Others are refused: fsspec has file systems that run
programs, log in to machines, or unpack what they are given."""

_ALIASES = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az"}
_START = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(::|://)(.*)", re.DOTALL)
_KNOWN = re.compile(rf"({'|'.join(PROTOCOLS)})://[^/]+/")
_AFTER_HOST = re.compile(r"[/?#]")
_HIDDEN = re.compile(r"[?#]")
_MOST_SHOWN = 200
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}(:[0-9]{1,5})?")


class Address(NamedTuple):
    """Where an object is, or a group of objects whose keys begin alike.

    Attributes:
        protocol: a key of `PROTOCOLS`.
        bucket: or container, or host.
        key: without a slash in front; empty for a whole bucket.
    """

    protocol: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.protocol}://{self.bucket}/{self.key}"

    @property
    def place(self) -> str:
        """What a file system of fsspec calls it."""
        if self.protocol == "https":
            return str(self)
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


def is_object(path: str) -> bool:
    """Whether a path of the catalog leads to a storage service: to an object, or into one."""
    return _KNOWN.match(path) is not None


def address_of(path: str) -> Address:
    """The address that a path of the catalog is; raises ValueError if it is none."""
    if not is_object(path):
        raise ValueError(f"{path!r} is no address of an object")
    protocol, _, rest = path.partition("://")
    bucket, _, key = rest.partition("/")
    return Address(protocol, bucket, key)


def parse_address(written: str, *, allow_http: bool = False) -> Address | None:
    """The address that an argument is; None if it is none.

    Args:
        written: an argument of a user.
        allow_http: whether web servers may be asked.

    Raises:
        UsageError: anysense does not read such addresses, or credentials stand in it.
    """
    match = _START.match(written.strip())
    if match is None:
        return None
    name, separator, rest = match[1].lower(), match[2], match[3]
    shown = shown_address(written)
    protocol = PROTOCOLS.get(_ALIASES.get(name, name))
    if separator == "::" or "::" in rest:
        raise UsageError(f"{shown}: addresses are not chained with '::'.")
    if protocol is None:
        raise UsageError(_refusal(name, written))
    if _has_credentials(rest):
        instead = (
            f"give them as {protocol.credentials}"
            if protocol.credentials
            else "web servers that ask for any are not read"
        )
        raise UsageError(
            f"{shown}: an address has no user name and no password in it, as it "
            f"is kept with what is found there; {instead}."
        )
    if protocol.name == "https" and not allow_http:
        raise UsageError(
            f"{shown}: web servers are asked only if that is allowed: add --allow-http."
        )
    bucket, _, key = rest.partition("/")
    if "?" in rest or "#" in rest:
        raise UsageError(
            f"{shown}: an address has nothing behind a '?' or a '#', as it is kept with "
            "what is found there, and secrets may be in it."
        )
    if not _BUCKET.fullmatch(bucket) or (":" in bucket and protocol.name != "https"):
        raise UsageError(f"{shown}: write it as {protocol.name}://bucket/start/of/keys.")
    return Address(protocol.name, bucket, key)


def _refusal(name: str, written: str) -> str:
    if name == "file":
        return f"{shown_address(written)}: name a file or a folder by its path."
    if name == "http":
        return f"{shown_address(written)}: only https:// is asked, and only with --allow-http."
    names = ", ".join(f"{protocol}://" for protocol in PROTOCOLS)
    return f"{name}://: anysense does not read such addresses; it reads {names}."


def shown_address(written: str) -> str:
    """An address as messages have it: without what may be secret in it.

    Args:
        written: as a user has written it; it need not be one that is read.
    """
    start, separator, rest = written.strip().partition("://")
    if _has_credentials(rest):  # of which a password may have any character: the host alone is told
        plain = f"{_AFTER_HOST.split(rest.rpartition('@')[2], maxsplit=1)[0]}/"
    else:
        plain = _HIDDEN.split(rest, maxsplit=1)[0]
    return f"{start}{separator}{plain}"[:_MOST_SHOWN]


def _has_credentials(rest: str) -> bool:
    """Whether a user name or a password stands in what follows the ``://`` of an address.

    Also where a ``/``, ``?`` or ``#`` in the password ends what would be the host by the rules.
    """
    host = _AFTER_HOST.split(rest, maxsplit=1)[0]
    if "@" in host:
        return True
    is_cut = ":" in host and not _BUCKET.fullmatch(host)
    return "@" in rest and (is_cut or rest[len(host) : len(host) + 1] in ("?", "#"))
