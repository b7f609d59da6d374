"""Objects of a real S3 server as a source: built, changed, lost, refused; no secret is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from media_files import page, pdf
from s3_server import (
    ACCESS_KEY,
    OTHER_ACCESS_KEY,
    OTHER_SECRET_KEY,
    SECRET_KEY,
    S3Server,
    clean_environment,
    running_s3,
)
from tiny_files import picture_bytes, real, summary, write_media, write_tone

from anysense.embed.errors import AccessError, ServiceUnreachableError, UsageError
from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.objects.services import forget_storages

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.thorough]

SAMPLE = Path(__file__).parents[2] / "server" / "sample"
LONG = 20  # seconds of a sound that is fetched in a file of the cache


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(server, monkeypatch)
    forget_storages()


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "collection", ("tiny",)) as created:
        yield created


def write_samples(folder: Path) -> None:
    """Media of each kind, with texts and metadata beside them, in folders inside of each other."""
    write_media(folder)
    (folder / "red.txt").write_text("a low door")
    (folder / "blue.png.json").write_text('{"place": "Lima"}')
    (folder / "inner" / "more").mkdir(parents=True)
    (folder / "inner" / "paper.pdf").write_bytes(pdf([page("green words on paper")]))
    write_tone(folder / "inner" / "more" / "long.wav", 900.0, LONG)
    (folder / "inner" / "more" / "copy.png").write_bytes((folder / "green.png").read_bytes())
    (folder / ".hidden.png").write_bytes(picture_bytes("red"))
    (folder / "table.xyz").write_bytes(b"of no kind")


def contents_of(folder: Path, prefix: str) -> dict[str, bytes]:
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def by_name(collection: Collection, start: str) -> dict[str, Any]:
    """What the collection has of each file: its segments' vectors and its item's metadata."""
    snapshot = collection.folder.snapshot()
    told = {}
    for path, file in collection.folder.files().items():
        item = snapshot.item(file.item_id)
        vectors = snapshot.item_vectors(file.item_id)
        told[path.removeprefix(start)] = (
            {partition.key: found.tobytes() for partition, found in sorted(vectors.items())},
            item.metadata,
        )
    return told


class Requests:
    """What a server was asked since this was made."""

    def __init__(self, server: S3Server) -> None:
        self._server, self._before = server, server.requests()
        while self._is_counting():  # what was answered before may be counted later
            self._before = server.requests()

    def _is_counting(self) -> bool:
        time.sleep(0.2)
        return self._server.requests() != self._before

    @property
    def made(self) -> dict[str, int]:
        now = self._server.requests()
        made = {kind: count - self._before.get(kind, 0) for kind, count in now.items()}
        return {kind: count for kind, count in made.items() if count}


def test_objects_give_what_their_files_give_and_each_is_read_once(
    server: S3Server, collection: Collection, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    write_samples(folder)
    contents = contents_of(folder, "equal")
    server.fill("photos", contents)
    requests = Requests(server)
    report = build(collection, ["s3://photos/equal"])
    assert summary(report) == {"added": 7, "duplicates": 1}
    assert report.unread_kinds == {".xyz": 1}
    read = len(contents) - 2  # but for the hidden one, and the one of no kind
    assert requests.made == {"LIST": 1, "GET": read}
    with Collection.create(tmp_path / "of-files", ("tiny",)) as of_files:
        build(of_files, [folder])
        assert by_name(collection, "s3://photos/equal/") == by_name(of_files, f"{real(folder)}/")
    hits = collection.search("a low door", k=1)
    assert hits[0].source == "s3://photos/equal/red.png"


def test_the_sample_media_give_the_same_vectors(
    server: S3Server, collection: Collection, tmp_path: Path
) -> None:
    contents = contents_of(SAMPLE, "sample")
    server.fill("photos", contents)
    requests = Requests(server)
    report = build(collection, ["s3://photos/sample"])
    assert report.quarantined == []
    assert requests.made["GET"] <= len(contents)
    with Collection.create(tmp_path / "of-files", ("tiny",)) as of_files:
        build(of_files, [SAMPLE], ignore_files=False)
        told = by_name(of_files, f"{real(SAMPLE)}/")
        assert len(told) > 100
        assert by_name(collection, "s3://photos/sample/") == told


def test_a_rerun_reads_nothing_and_tells_what_is_new_changed_and_gone(
    server: S3Server, collection: Collection
) -> None:
    red, green, blue = map(picture_bytes, ("red", "green", "blue"))
    server.fill("photos", {"again/1.png": red, "again/2.png": green, "again/3/x.png": blue})
    assert summary(build(collection, ["s3://photos/again"])) == {"added": 3}
    requests = Requests(server)
    assert summary(build(collection, ["s3://photos/again/"])) == {"unchanged": 3}
    assert requests.made == {"LIST": 1}

    filesystem = server.filesystem()
    filesystem.rm_file("photos/again/1.png")
    server.fill("photos", {"again/2.png": picture_bytes("green", 30), "again/4.png": blue})
    assert summary(build(collection, ["s3://photos/again"])) == {
        "updated": 1,
        "removed": 1,
        "unchanged": 1,
        "duplicates": 1,
    }
    filesystem.mv("photos/again/2.png", "photos/again/renamed.png")
    assert summary(build(collection, ["s3://photos/again"])) == {"moved": 1, "unchanged": 2}
    assert set(collection.folder.files()) == {
        "s3://photos/again/renamed.png",
        "s3://photos/again/3/x.png",
        "s3://photos/again/4.png",
    }


def test_one_object_patterns_and_what_is_empty(server: S3Server, collection: Collection) -> None:
    red, blue = picture_bytes("red"), picture_bytes("blue")
    server.fill("photos", {"one/a.png": red, "one/drafts/b.png": blue, "one/@eaDir/t.png": red})
    assert summary(build(collection, ["s3://photos/one/a.png"])) == {"added": 1}
    report = build(collection, ["s3://photos/one"], exclude=["drafts/"])
    assert summary(report) == {"unchanged": 1}
    assert (report.ignored, report.litter) == ({"--exclude": 1}, {"@eaDir": 1})
    assert summary(build(collection, ["s3://photos/one"])) == {"added": 1, "unchanged": 1}
    assert summary(build(collection, ["s3://photos/one"], exclude=["drafts/"])) == {
        "removed": 1,
        "unchanged": 1,
    }
    server.filesystem().rm("photos/one", recursive=True)
    with pytest.raises(UsageError, match=r"s3://photos/one is empty now, and 1 file of the coll"):
        build(collection, ["s3://photos/one"])
    with pytest.raises(UsageError, match="no bucket of that name"):
        build(collection, ["s3://photo/one"])
    assert set(collection.folder.files()) == {"s3://photos/one/a.png"}


def test_what_is_damaged_or_refused_stops_nothing(server: S3Server, collection: Collection) -> None:
    server.fill("photos", {"bad/broken.png": b"\x89PNG\r\n\x1a\nbroken", "bad/empty.png": b""})
    server.fill("photos", {"bad/fine.png": picture_bytes("red")})
    report = build(collection, ["s3://photos/bad"])
    assert summary(report) == {"added": 1, "quarantined": 2}
    assert {problem.path for problem in report.quarantined} == {
        "s3://photos/bad/broken.png",
        "s3://photos/bad/empty.png",
    }
    requests = Requests(server)
    assert summary(build(collection, ["s3://photos/bad"])) == {"unchanged": 1, "quarantined": 2}
    assert requests.made == {"LIST": 1}


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        (ACCESS_KEY, "wrong", "SignatureDoesNotMatch"),
        (OTHER_ACCESS_KEY, OTHER_SECRET_KEY, "AccessDenied"),
        ("", "", "NoCredentialsError"),
    ],
)
def test_who_may_not_is_told_so_and_nothing_is_removed(
    server: S3Server,
    collection: Collection,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    secret: str,
    code: str,
) -> None:
    server.fill("photos", {"refused/a.png": picture_bytes("red")})
    build(collection, ["s3://photos/refused"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    forget_storages()
    with pytest.raises(AccessError, match=rf"^s3://photos/refused/: S3 refuses access \({code}\)"):
        build(collection, ["s3://photos/refused"])
    assert list(collection.folder.files()) == ["s3://photos/refused/a.png"]


def test_a_server_that_is_gone_removes_nothing(tmp_path: Path, collection: Collection) -> None:
    with running_s3(_made(tmp_path / "s3")) as other:
        for name, value in other.environment.items():
            os.environ[name] = value
        forget_storages()
        other.fill("photos", {"gone/a.png": picture_bytes("red")})
        build(collection, ["s3://photos/gone"])
    with pytest.raises(ServiceUnreachableError, match=r"^s3://photos/gone/: S3 cannot be reached"):
        build(collection, ["s3://photos/gone"])
    assert list(collection.folder.files()) == ["s3://photos/gone/a.png"]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_nothing_secret_is_kept_or_told(server: S3Server, tmp_path: Path) -> None:
    """On the command line: in what it says, in the collection, and in the cache."""
    server.fill("photos", {"told/a.png": picture_bytes("red"), "told/a.txt": b"a green word"})
    environment = os.environ | {
        "ANYSENSE_CACHE": str(tmp_path / "cache"),
        "PYTHONWARNINGS": "error",
    }
    output = tmp_path / "collection"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "anysense", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    done = run("build", "s3://photos/told", "-o", str(output))
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    environment["AWS_SECRET_ACCESS_KEY"] = f"{SECRET_KEY}-wrong"
    refused = run("build", "s3://photos/told", "-o", str(output))
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    told += refused.stdout + refused.stderr
    named = f"s3://{ACCESS_KEY}:{SECRET_KEY}@photos/told"
    credentials = run("build", named, "-o", str(output))
    assert credentials.returncode == 2
    told += credentials.stdout + credentials.stderr
    told += run("info", str(output)).stdout + run("search", str(output), "green").stdout
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"s3://photos/told/a.png" in kept
    for secret in (SECRET_KEY, ACCESS_KEY, server.url):
        assert secret not in told
        assert secret.encode() not in kept
