"""Parts of sounds."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from http_client import TestClient, add_file, error_of
from media_files import sndfile, tone

URL = "/v1/items/a/media?start=0.5&end=1.25"


@pytest.fixture
def sound(client: TestClient) -> bytes:
    content = sndfile(tone(2, 8000), 8000)
    add_file(client, content, "a.wav", id="a")
    return content


def test_a_part_of_a_sound_is_a_sound(client: TestClient, sound: bytes) -> None:
    response = client.get(URL)
    assert response.headers["content-type"] == "audio/wav"
    assert int(response.headers["content-length"]) == len(response.content)
    part, rate = soundfile.read(io.BytesIO(response.content), dtype="int16")
    whole, _ = soundfile.read(io.BytesIO(sound), dtype="int16")
    assert rate == 8000
    assert len(part) == 6000
    assert np.abs(part - whole[4000:10_000].astype(int)).max() <= 1


@pytest.mark.usefixtures("sound")
def test_a_part_is_sent_as_a_file_is(client: TestClient) -> None:
    whole = client.get(URL)
    some = client.get(URL, headers={"range": "bytes=10-19"})
    assert (some.status_code, some.content) == (206, whole.content[10:20])
    head = client.head(URL)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(whole.content)))
    tag = whole.headers["etag"]
    assert client.get(URL, headers={"if-none-match": tag}).status_code == 304
    assert client.get(URL, headers={"if-match": '"another"'}).status_code == 412
    other = client.get("/v1/items/a/media?start=0.5&end=1.26", headers={"if-none-match": tag})
    assert other.status_code == 200


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize(
    ("part", "status", "code"),
    [
        ("start=0&end=120.5", 422, "invalid_value"),
        ("start=1&end=1", 422, "invalid_value"),
        ("start=1", 422, "invalid_value"),
        ("start=3&end=4", 422, "empty_media"),
    ],
)
def test_a_part_that_is_none_is_refused(
    client: TestClient, part: str, status: int, code: str
) -> None:
    response = client.get(f"/v1/items/a/media?{part}")
    assert (response.status_code, error_of(response)["code"]) == (status, code)


@pytest.mark.usefixtures("sound")
def test_the_longest_part_may_be_asked_for(client: TestClient) -> None:
    assert client.get("/v1/items/a/media?start=0&end=120").status_code == 200
