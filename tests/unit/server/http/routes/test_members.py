"""`/v1/items/{id}/media` of members of tars."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import tiny
from http_client import TestClient, client_of, error_of, png, wav
from tar_files import write_tar

from anysense.index.building.build import build
from anysense.index.catalog.records import make_id
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    return write_tar(tmp_path.resolve() / "a.tar", {"red.png": png("red"), "low.wav": wav(110.0)})


@pytest.fixture
def client(tar: Path, tmp_path: Path) -> Iterator[TestClient]:
    tiny.register()
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        build(collection, [tar])
        with client_of(collection) as client:
            yield client


def address(tar: Path, name: str, what: str = "media") -> str:
    return f"/v1/items/{make_id(f'{tar}!/{name}')}/{what}"


def test_a_member_is_given_as_a_file_is(client: TestClient, tar: Path) -> None:
    whole = client.get(address(tar, "red.png"))
    assert (whole.content, whole.headers["content-type"]) == (png("red"), "image/png")
    part = client.get(address(tar, "red.png"), headers={"range": "bytes=4-"})
    assert (part.status_code, part.content) == (206, png("red")[4:])
    assert part.headers["content-range"] == f"bytes 4-{len(png('red')) - 1}/{len(png('red'))}"
    kept = client.get(address(tar, "red.png"), headers={"if-none-match": whole.headers["etag"]})
    assert kept.status_code == 304
    small = client.get(address(tar, "red.png"), params={"w": 160})
    assert small.headers["content-type"] == "image/jpeg"
    clip = client.get(address(tar, "low.wav"), params={"start": 0, "end": 0.5})
    assert clip.headers["content-type"] == "audio/wav"
    curve = client.get(address(tar, "low.wav", "waveform"), params={"points": 10}).json()
    assert len(curve["peaks"]) == 10


def test_another_tar_in_its_place_is_not_given(
    client: TestClient, tar: Path, tmp_path: Path
) -> None:
    times, data = tar.stat(), tar.read_bytes()
    for other in (data[:-512], data.replace(b"red.png", b"low.png"), bytes(len(data)), b""):
        tar.write_bytes(other)
        os.utime(tar, ns=(times.st_atime_ns, times.st_mtime_ns))
        response = client.get(address(tar, "red.png"))
        assert (response.status_code, error_of(response)["code"]) == (410, "media_gone")
    tar.write_bytes(data)
    assert client.get(address(tar, "red.png")).status_code == 410  # at another time
    os.utime(tar, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert client.get(address(tar, "red.png")).content == png("red")
    tar.rename(tmp_path / "elsewhere.tar")
    tar.symlink_to(tmp_path / "elsewhere.tar")
    assert client.get(address(tar, "red.png")).status_code == 410
    tar.unlink()
    os.mkfifo(tar)
    assert client.get(address(tar, "red.png")).status_code == 410
