"""What somebody who may write to an indexed folder puts in the place of its files."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import tiny
from http_client import TestClient, add_file, client_of, error_of, png, wav
from media_files import sndfile, tone
from service_process import serving_at

from anysense.index.collection import Collection
from anysense.index.showing.opening import open_without_links
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = b"root:x:0:0:the secret\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "real" / "files"
    folder.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "red.png").write_bytes(SECRET)
    return folder


@pytest.fixture
def client(folder: Path, tmp_path: Path) -> Iterator[TestClient]:
    tiny.register()
    (folder / "red.png").write_bytes(png("red"))
    (folder / "low.wav").write_bytes(wav(110.0))
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem(folder / name, id=name[:3]) for name in ("red.png", "low.wav")])
        with client_of(collection) as client:
            assert client.get("/v1/items/red/media").content == png("red")
            yield client


def as_before(path: Path, make: Callable[[], None]) -> None:
    """Put something in the place of a file, with its size and its time as far as that goes."""
    status = path.stat()
    path.unlink()
    make()
    if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_no_link_is_followed(client: TestClient, folder: Path, tmp_path: Path) -> None:
    path, secret = folder / "red.png", tmp_path / "outside" / "red.png"
    original = tmp_path / "original.png"
    shutil.copy2(path, original)
    for target in (secret, original, Path("/etc/passwd"), folder / "low.wav", path):
        as_before(path, lambda target=target: path.symlink_to(target))  # type: ignore[misc]
        response = client.get("/v1/items/red/media")
        assert (response.status_code, error_of(response)["code"]) == (410, "media_gone"), target
        path.unlink()
        shutil.copy2(original, path)
    assert client.get("/v1/items/red/media").content == png("red")


@pytest.mark.parametrize("level", [0, 1])
def test_no_link_above_a_file_is_followed(client: TestClient, folder: Path, level: int) -> None:
    above = (folder, *folder.parents)[level]
    moved = above.with_name("moved")
    above.rename(moved)
    above.symlink_to(moved)
    assert (folder / "red.png").read_bytes() == png("red")
    assert client.get("/v1/items/red/media").status_code == 410
    above.unlink()
    moved.rename(above)
    assert client.get("/v1/items/red/media").status_code == 200


def test_a_hard_link_of_the_same_size_and_time_is_another_file(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    path, secret = folder / "red.png", tmp_path / "outside" / "red.png"
    status = path.stat()
    secret.write_bytes(SECRET.ljust(status.st_size, b"\n"))
    os.utime(secret, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()
    path.hardlink_to(secret)
    assert client.get("/v1/items/red/media").status_code == 410


def test_a_further_name_of_a_file_changes_nothing(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "backup.png").hardlink_to(folder / "red.png")
    assert client.get("/v1/items/red/media").content == png("red")


@pytest.mark.parametrize("kind", ["fifo", "socket", "folder", "device", "nothing", "longer"])
def test_what_is_no_file_any_more_is_gone_at_once(
    client: TestClient, folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "red.png"
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            monkeypatch.chdir(folder)  # a socket's path is short
            server.bind("red.png")
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "longer":
        path.write_bytes(png("red") + b"more")
    response = client.get("/v1/items/red/media")
    assert (response.status_code, error_of(response)["code"]) == (410, "media_gone")


def test_an_upload_is_served_by_its_content(client: TestClient, tmp_path: Path) -> None:
    add_file(client, png("blue"), "blue.png", id="up")
    (stored,) = (tmp_path / "c.anysense" / "media").iterdir()
    os.utime(stored, (1, 1))  # as a copy of a collection may have it
    assert client.get("/v1/items/up/media").content == png("blue")
    stored.write_bytes(SECRET.ljust(len(png("blue")), b"\n"))
    assert client.get("/v1/items/up/media").status_code == 410
    stored.unlink()
    stored.symlink_to("/etc/passwd")
    assert client.get("/v1/items/up/media").status_code == 410


def test_a_file_that_is_swapped_all_the_time_is_itself_or_gone(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    path, secret = folder / "red.png", tmp_path / "outside" / "red.png"
    original = tmp_path / "original.png"
    shutil.copy2(path, original)
    is_over = threading.Event()

    def swap() -> None:
        aside = folder / ".aside"
        while not is_over.is_set():
            aside.symlink_to(secret)
            aside.replace(path)
            shutil.copy2(original, aside)
            aside.replace(path)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        answers = [client.get("/v1/items/red/media") for _ in range(200)]
    finally:
        is_over.set()
        thread.join()
    assert {a.status_code for a in answers} <= {200, 410}
    assert all(a.content == png("red") for a in answers if a.status_code == 200)


def test_paths_that_are_none_are_refused() -> None:
    for path in ("relative.png", "/etc/../etc/passwd", "/etc/\0passwd", "/" + "x" * 300):
        with pytest.raises((OSError, ValueError)):
            open_without_links(Path(path))


@pytest.mark.integration
def test_a_file_that_shrinks_while_it_is_sent_breaks_off(tmp_path: Path) -> None:
    tiny.register()
    content = sndfile(tone(1200, 8000), 8000)
    (tmp_path / "long.wav").write_bytes(content)
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem(tmp_path / "long.wav", id="long")])
    with serving_at(tmp_path / "c.anysense", tmp_path / "log") as (_, service):
        url = f"{service}/v1/items/long/media"
        with httpx.stream("GET", url) as response:
            blocks = response.iter_raw(1024)
            next(blocks)
            os.truncate(tmp_path / "long.wav", 4096)
            with pytest.raises(httpx.RemoteProtocolError):
                for _ in blocks:
                    pass
        assert httpx.get(url).status_code == 410
        assert httpx.get(f"{service}/health").status_code == 200
        log = (tmp_path / "log").read_text()
        assert "changed while it was sent" in log
        assert "Traceback" not in log


@pytest.mark.integration
def test_descriptors_do_not_stay_open(tmp_path: Path) -> None:
    tiny.register()
    content = sndfile(tone(300, 8000), 8000)
    (tmp_path / "long.wav").write_bytes(content)
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem(tmp_path / "long.wav", id="long")])
    with serving_at(tmp_path / "c.anysense", tmp_path / "log") as (process, service):
        url = f"{service}/v1/items/long/media"
        descriptors = Path(f"/proc/{process.pid}/fd")
        if not descriptors.is_dir():
            pytest.skip("no /proc")
        for _ in range(20):
            with httpx.stream("GET", url) as response:
                next(response.iter_raw(1024))
            httpx.head(url)
            httpx.get(url, headers={"range": "bytes=999999999-"})
            httpx.get(url, headers={"if-none-match": "*"})

        def still_open() -> list[str]:
            links = [link.resolve().name for link in descriptors.iterdir()]
            return [link for link in links if link == "long.wav"]

        deadline = time.monotonic() + 20
        while still_open() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert still_open() == []
