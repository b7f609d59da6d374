from __future__ import annotations

import pytest

from anysense.embed.errors import UsageError
from anysense.index.vectors.engines import LOCAL, engine_of, parse_engine
from anysense.index.vectors.milvus.address import Address, token


@pytest.mark.parametrize(
    ("text", "written", "uri"),
    [
        ("milvus://db", "milvus://db:19530", "http://db:19530"),
        ("milvus://db:1/one", "milvus://db:1/one", "http://db:1"),
        ("milvus+tls://a.b-c/", "milvus+tls://a.b-c:19530", "https://a.b-c:19530"),
        ("milvus://[::1]:2/x", "milvus://[::1]:2/x", "http://[::1]:2"),
    ],
)
def test_an_address_is_read_and_written(text: str, written: str, uri: str) -> None:
    address = Address.parse(text)
    assert (str(address), address.uri) == (written, uri)
    assert Address.parse(written) == address
    assert parse_engine(text) == engine_of({"engine": "milvus", "address": written}) == written


@pytest.mark.parametrize(
    "text",
    ["milvus://", "milvus://a b", "milvus://a:x", "milvus://a:99999", "milvus://a/b/c",
     "milvus://a?token=b", "milvus://a#b", "milvus://a/b-c", "http://a", "milvus:a", "faiss"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="milvus://HOST:PORT"):
        parse_engine(text)


def test_credentials_are_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="MILVUS_TOKEN") as caught:
        Address.parse("milvus://root:secret@a")
    assert "secret" not in str(caught.value)
    for name in ("MILVUS_TOKEN", "MILVUS_USER", "MILVUS_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert token() == ""
    monkeypatch.setenv("MILVUS_USER", "me")
    monkeypatch.setenv("MILVUS_PASSWORD", "p:w")
    assert token() == "me:p:w"
    monkeypatch.setenv("MILVUS_TOKEN", "key")
    assert token() == "key"


def test_faiss_is_local() -> None:
    assert parse_engine("local") == engine_of(None) == engine_of({"version": 1}) == LOCAL
