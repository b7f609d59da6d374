from __future__ import annotations

import socket

import pytest

from anysense.embed.errors import EngineUnavailableError
from anysense.index.vectors.milvus import dialect
from anysense.index.vectors.milvus.address import Address
from anysense.index.vectors.milvus.client import Milvus


def test_nobody_at_an_address_is_one_sentence_without_credentials(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("pymilvus")
    monkeypatch.setenv("MILVUS_TOKEN", "root:hidden-word")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        address = Address("milvus", "127.0.0.1", closed.getsockname()[1])
        with pytest.raises(EngineUnavailableError, match=f"at {address} does not") as caught:
            _ = Milvus(address).version
    assert "hidden-word" not in str(caught.value) + caplog.text
    assert "\n" not in str(caught.value)


def test_a_missing_client_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymilvus", None)
    with pytest.raises(EngineUnavailableError, match=r"anysense\[milvus\]"):
        _ = Milvus(Address("milvus", "a")).version


def test_vectors_are_of_the_type_that_a_server_has() -> None:
    with pytest.raises(EngineUnavailableError, match=r"2\.3 or newer"):
        dialect.vector_type((2, 2))
    types = [dialect.vector_type(version) for version in ((2, 3), (2, 4), (2, 6), (3, 0))]
    assert types == ["FLOAT_VECTOR"] + 3 * ["FLOAT16_VECTOR"]
    import numpy as np

    row = np.array([[1 / 3, 2.0]], np.float32)
    (single,), (half,) = (dialect.as_sent(row, kind) for kind in types[:2])
    assert (single.dtype, half.dtype) == (np.float32, np.float16)
    assert (dialect.itemsize(types[0]), dialect.itemsize(types[1])) == (4, 2)
    assert dialect.rows_per_call(32_768) * 32_768 * 4 <= 64 << 20
