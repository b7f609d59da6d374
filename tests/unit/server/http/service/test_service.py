"""Encoders that cannot be loaded are tried again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from http_client import client_of

from anysense.embed.errors import MissingWeightsError

if TYPE_CHECKING:
    import pytest

    from anysense.index.collection import Collection


def test_the_service_recovers_when_its_encoders_are_there(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, attempts = collection.encoders, list[float]()

    def late() -> Any:
        attempts.append(time.monotonic())
        if len(attempts) < 3:
            raise MissingWeightsError("They are not here.")
        return load()

    monkeypatch.setattr(collection, "encoders", late)
    with client_of(collection) as client:
        failed = client.get("/ready")
        assert (failed.status_code, failed.json()["reason"]) == (503, "They are not here.")
        end = time.monotonic() + 60
        while client.get("/ready").status_code != 200:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert client.get("/ready").json()["reason"] is None
