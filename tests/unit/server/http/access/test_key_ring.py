"""The keys that a service takes, while their file changes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import UsageError
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.key_ring import KeyRing
from anysense.server.http.access.keys import new_key
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    import os


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def add(path: Path, name: str, secret: str) -> None:
    with changing_keys(path) as keys:
        keys.append(new_key(name, ["read"], secret))


def found(ring: KeyRing, secret: str) -> str | None:
    key = ring.find(secret)
    return key.name if key is not None else None


def test_without_keys_everybody_is_let_in() -> None:
    ring = KeyRing(Settings())
    assert ring.is_open
    assert ring.find("anything") is None


def test_the_key_of_the_settings_may_do_everything(caplog: pytest.LogCaptureFixture) -> None:
    ring = KeyRing(Settings(api_key="0123456789abcdef"))  # type: ignore[arg-type]
    key = ring.find("0123456789abcdef")
    assert key is not None
    assert (key.name, key.scopes, ring.is_open) == ("default", {"read", "write"}, False)
    assert caplog.text == ""
    KeyRing(Settings(api_key="short"))  # type: ignore[arg-type]
    assert "short enough to be guessed" in caplog.text
    assert ring.find("0123456789abcde") is None
    assert ring.find("0" * 100_000) is None


def test_a_change_of_the_file_is_noticed_within_a_second(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys", Clock()
    add(path, "ada", "a")
    ring = KeyRing(Settings(api_key_file=path, api_key="own"), clock)  # type: ignore[arg-type]
    assert [found(ring, secret) for secret in ("own", "a", "b")] == ["default", "ada", None]
    add(path, "bob", "b")
    assert found(ring, "b") is None
    clock.now += 1.1
    assert found(ring, "b") == "bob"
    with changing_keys(path) as keys:
        del keys[0]
    ring.reload()
    assert [found(ring, secret) for secret in ("a", "b")] == [None, "bob"]


@pytest.mark.parametrize("harm", ["removed", "broken", "writable"])
def test_the_keys_stay_as_they_were_if_the_file_cannot_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    path, clock = tmp_path / "keys", Clock()
    add(path, "ada", "a")
    ring = KeyRing(Settings(api_key_file=path), clock)
    if harm == "removed":
        path.unlink()
    elif harm == "broken":
        path.write_text("mallory read,write")
    else:
        path.chmod(0o666)
    for _ in range(3):
        clock.now += 1.1
        assert found(ring, "a") == "ada"
    assert caplog.text.count("stay as they were") == 1
    path.unlink(missing_ok=True)
    clock.now += 1.1
    add(path, "bob", "b")
    assert [found(ring, secret) for secret in ("a", "b")] == [None, "bob"]


def test_a_file_is_asked_for_once_in_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "keys", Clock()
    add(path, "ada", "a")
    ring = KeyRing(Settings(api_key_file=path), clock)
    asked: list[Path] = []
    stat = Path.stat

    def counted(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        asked.append(self)
        return stat(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", counted)
    clock.now += 1.1
    for _ in range(100):
        assert found(ring, "a") == "ada"
    assert asked == [path]


def test_an_empty_file_lets_nobody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys"
    path.touch(0o600)
    with caplog.at_level(logging.WARNING):
        ring = KeyRing(Settings(api_key_file=path))
    assert not ring.is_open
    assert "nobody is let in" in caplog.text
    with pytest.raises(UsageError):
        KeyRing(Settings(api_key_file=tmp_path / "none"))


@pytest.mark.parametrize(
    "secret", ["first-secret", "last-secret", "first-secre", "first-secretx", "first-secreT", ""]
)
def test_a_secret_is_compared_with_every_key_whichever_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    for name in ("first", "other", "last"):
        add(tmp_path / "keys", name, f"{name}-secret")
    ring = KeyRing(Settings(api_key_file=tmp_path / "keys", api_key="own-secret"))  # type: ignore[arg-type]
    compared: list[int] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(len(one) - len(other))
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert found(ring, secret) == (secret.partition("-")[0] if secret[-7:] == "-secret" else None)
    assert compared == [0] * 4  # digests of one length, whatever the length of the secret
