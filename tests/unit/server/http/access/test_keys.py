"""Keys and their hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.server.http.access.keys import SCOPES, new_key, new_secret

if TYPE_CHECKING:
    import pytest


def test_a_key_fits_its_secret_alone() -> None:
    secret = new_secret()
    key = new_key("ada", SCOPES, secret)
    assert key.fits(secret)
    for other in (new_secret(), secret[:-1], secret + "x", secret.upper(), "", "\udcff", "ü"):
        assert not key.fits(other)


def test_secrets_and_salts_are_new_and_nothing_holds_the_secret() -> None:
    secret = new_secret()
    first, second = new_key("a", SCOPES, secret), new_key("a", SCOPES, secret)
    assert first.digest != second.digest
    assert secret not in repr(first)
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(secret.removeprefix("anysense_")) >= 43  # 256 bits


def test_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    key = new_key("a", SCOPES, "s")
    monkeypatch.setattr("hmac.compare_digest", compare)
    assert key.fits("s")
    assert not key.fits("t")
    assert len(compared) == 2
