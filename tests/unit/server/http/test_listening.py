"""Where the service listens, and whom it may answer there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from certificates import write_certificate

from anysense.embed.errors import AnysenseError, UsageError
from anysense.server.http.listening import (
    certificate_of,
    check_exposure,
    listen,
    local_url,
    names_answered,
    resolve,
)
from anysense.server.http.settings import LOOPBACK_HOSTS, Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "8.8.8.8"])
def test_beyond_loopback_there_are_keys_or_it_is_said(host: str, tmp_path: Path) -> None:
    addresses = resolve(host, 0)
    with pytest.raises(UsageError, match="--insecure"):
        check_exposure(addresses, Settings(host=host))
    check_exposure(addresses, Settings(host=host, insecure=True))
    check_exposure(addresses, Settings(host=host, api_key_file=tmp_path))
    check_exposure(addresses, Settings(host=host, api_key="k"))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_loopback_needs_none(host: str) -> None:
    check_exposure(resolve(host, 0), Settings(host=host))


@pytest.mark.parametrize("host", ["a..b", "x" * 300, "no such host", "127.evil.invalid"])
def test_a_host_that_is_none_is_refused_in_a_sentence(host: str) -> None:
    with pytest.raises(AnysenseError, match=r"cannot listen at .*there is no such address"):
        resolve(host, 0)


def test_a_port_that_is_taken_is_noticed_before_anything_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(port=other.getsockname()[1])
        with pytest.raises(AnysenseError, match="another program listens there already"):
            listen(resolve("127.0.0.1", 0), settings)


def test_no_answer_waits_for_the_client_to_tell_that_it_has_its_head() -> None:
    (listening,) = listen(resolve("127.0.0.1", 0), Settings(port=0))
    with listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(AnysenseError, match="no such address"):
        listen([(socket.AF_INET, "8.8.8.8")], Settings(port=0))


def test_a_name_of_two_addresses_has_one_port_and_may_lack_one() -> None:
    addresses = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2")]
    sockets = listen(addresses, Settings(port=0))
    ports = {one.getsockname()[1] for one in sockets}
    for one in sockets:
        one.close()
    assert (len(sockets), len(ports)) == (2, 1)
    (one,) = listen([(socket.AF_INET, "8.8.8.8"), addresses[0]], Settings(port=0))
    one.close()


def test_the_names_that_it_answers_to() -> None:
    here, everywhere = resolve("127.0.0.1", 0), resolve("0.0.0.0", 0)
    assert set(names_answered(here, Settings())) == set(LOOPBACK_HOSTS)
    assert names_answered(everywhere, Settings(host="0.0.0.0")) == ("*",)
    named = Settings(host="::1", allowed_hosts=("search.example",))
    for addresses in (here, everywhere):
        assert set(names_answered(addresses, named)) == {*LOOPBACK_HOSTS, "search.example"}


def test_certificates_are_checked_before_anything_is_loaded(tmp_path: Path) -> None:
    certificate_of(Settings())
    certificate, key = write_certificate(tmp_path)
    certificate_of(Settings(ssl_certfile=certificate, ssl_keyfile=key))
    both = {"ssl_certfile": certificate, "ssl_keyfile": key}
    none, empty = tmp_path / "none", tmp_path / "empty.pem"
    empty.touch()
    (tmp_path / "other").mkdir()
    _, other = write_certificate(tmp_path / "other")
    for wrong, said in (
        ({"ssl_keyfile": key}, "--ssl-certfile FILE"),
        (
            {"ssl_certfile": certificate},
            f"{certificate} holds no private key.*--ssl-keyfile",
        ),
        ({**both, "ssl_keyfile": certificate}, f"{certificate} holds no private key in PEM."),
        ({**both, "ssl_keyfile": other}, "key values mismatch"),
        ({**both, "ssl_certfile": none}, f"{none} cannot be read: No such file"),
        ({**both, "ssl_certfile": empty}, f"certificate in {empty}, or its key, cannot be used"),
        ({**both, "ssl_ca_certs": none}, f"{none} cannot be read"),
        ({**both, "ssl_ca_certs": empty}, f"authorities in {empty} .--ssl-ca-certs. cannot be"),
    ):
        with pytest.raises(UsageError, match=said):
            certificate_of(Settings(**wrong))  # type: ignore[arg-type]


def test_a_key_with_a_password_asks_nobody(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path, b"open")
    files = {"ssl_certfile": certificate, "ssl_keyfile": key}
    certificate_of(Settings(**files, ssl_keyfile_password="open"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="has a password; give it in ANYSENSE_SSL_KEYFILE_PASS"):
        certificate_of(Settings(**files))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="another password than in ANYSENSE_SSL_KEYFILE_PASS"):
        certificate_of(Settings(**files, ssl_keyfile_password="shut"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("0.0.0.0", "http://localhost:80"),
        ("::", "http://localhost:80"),
        ("media.example", "http://media.example:80"),
    ],
)
def test_the_address_is_one_that_this_machine_reaches(host: str, url: str, tmp_path: Path) -> None:
    assert local_url(Settings(host=host), 80) == url
    with_tls = Settings(host=host, ssl_certfile=tmp_path)
    assert local_url(with_tls, 80) == url.replace("http", "https")
