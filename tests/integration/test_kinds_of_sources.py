"""The sample media in each kind of source: equal vectors by content, unchanged again, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from data_set_files import embedded, save_to_disk, table_of, to_hub
from s3_server import clean_environment, running_s3
from tar_files import tar_bytes, write_tar
from tiny_files import summary

from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.objects.services import forget_storages
from anysense.server.cli.commands.demo import sample_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from s3_server import S3Server

    Write: TypeAlias = "Callable[[Path, Mapping[str, bytes]], str]"

pytestmark = [pytest.mark.integration, pytest.mark.thorough]

OF_EACH = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    clean_environment(server, monkeypatch)
    forget_storages()
    return server


def sample() -> dict[str, bytes]:
    """Some of the sample's photos and sounds, by their names."""
    files = [
        file
        for kind in ("photos", "sounds")
        for file in sorted((sample_folder() / kind).iterdir())[:OF_EACH]
    ]
    return {file.name: file.read_bytes() for file in files}


def vectors(collection: Collection) -> dict[str, list[bytes]]:
    """The vectors of each content, by its hash."""
    catalog = collection.folder.catalog
    return {
        file.record.content_hash: [
            found.tobytes() for found in catalog.item_vectors(file.item_id).values()
        ]
        for file in collection.folder.files().values()
    }


def write_folder(folder: Path, members: Mapping[str, bytes]) -> str:
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for name, data in members.items():
        (folder / name).write_bytes(data)
    return str(folder)


def write_local_tar(folder: Path, members: Mapping[str, bytes]) -> str:
    return str(write_tar(folder.with_suffix(".tar"), members))


def write_data_set(folder: Path, members: Mapping[str, bytes]) -> str:
    save_to_disk(folder, _table(members))
    return str(folder)


def write_hub(folder: Path, members: Mapping[str, bytes]) -> str:
    to_hub(folder, _table(members))
    return str(folder)


def _table(members: Mapping[str, bytes]) -> object:
    return table_of(None, file=embedded(*((data, name) for name, data in members.items())))


LOCAL = [write_folder, write_local_tar, write_data_set, write_hub]


@pytest.mark.parametrize("write", LOCAL)
def test_the_sample_is_the_same_on_a_disk(tmp_path: Path, write: Write) -> None:
    check(tmp_path, write)


def test_the_sample_is_the_same_in_objects(tmp_path: Path, bucket: S3Server) -> None:
    def write(_: Path, members: Mapping[str, bytes]) -> str:
        bucket.fill("kinds", {f"objects/{name}": data for name, data in members.items()})
        filesystem = bucket.filesystem()
        for path in filesystem.ls("kinds/objects"):
            if path.rpartition("/")[2] not in members:
                filesystem.rm_file(path)
        return "s3://kinds/objects"

    check(tmp_path, write)


def test_the_sample_is_the_same_in_a_tar_in_a_bucket(tmp_path: Path, bucket: S3Server) -> None:
    def write(_: Path, members: Mapping[str, bytes]) -> str:
        bucket.fill("kinds", {"shards/000.tar": tar_bytes(members)})
        return "s3://kinds/shards/"

    before = bucket.requests()
    check(tmp_path, write)
    made = {kind: count - before.get(kind, 0) for kind, count in bucket.requests().items()}
    assert made["GET"] == 2  # one for each of its states: a rerun reads nothing


def check(tmp_path: Path, write: Write) -> None:
    members = sample()
    source = write(tmp_path / "source", members)
    with (
        Collection.create(tmp_path / "of-folder", ("tiny",)) as of_folder,
        Collection.create(tmp_path / "of-source", ("tiny",)) as of_source,
    ):
        build(of_folder, [write_folder(tmp_path / "plain", members)])
        assert summary(build(of_source, [source])) == {"added": len(members)}
        expected = vectors(of_folder)
        assert len(expected) == len(members)
        assert vectors(of_source) == expected
        assert summary(build(of_source, [source])) == {"unchanged": len(members)}
        members.pop(next(iter(members)))
        write(tmp_path / "source", members)
        assert build(of_source, [source]).removed == 1
        assert len(vectors(of_source)) == len(members)
