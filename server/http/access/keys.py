"""Keys: random words that let programs in, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["SCOPES", "Key", "Scope", "new_key", "new_secret"]

Scope: TypeAlias = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a key may do: search and read, or add and remove."""

SECRET_PREFIX = "anysense_"  # noqa: S105 - what lets people and scanners tell a key that leaked
SALT_BYTES = 16
MOST_CHARACTERS = 512
"""No key is longer; what is longer is not even hashed."""


@dataclass(frozen=True)
class Key:
    """A key as it is kept.

    The secret is random and of 256 bits, so that nobody finds it by trying: one SHA-256 hides it as
    well as a hash that is slow on purpose, as passwords need, and costs a microsecond a request.

    Attributes:
        name: whose it is, for people, logs and limits.
        scopes: what it may do.
        salt: random bytes, hashed with the secret.
        digest: the SHA-256 of both.
    """

    name: str
    scopes: frozenset[Scope]
    salt: bytes
    digest: bytes

    def fits(self, secret: str) -> bool:
        """Whether this is the secret's key, in a time that does not depend on it."""
        return hmac.compare_digest(digest_of(self.salt, secret), self.digest)


def new_secret() -> str:
    """A secret for a new key: 256 random bits."""
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def new_key(name: str, scopes: Collection[Scope], secret: str) -> Key:
    """A key of a secret, with a new salt."""
    salt = secrets.token_bytes(SALT_BYTES)
    return Key(name, frozenset(scopes), salt, digest_of(salt, secret))


def digest_of(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(salt + secret.encode("utf-8", "surrogateescape")).digest()
