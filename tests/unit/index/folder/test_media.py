"""The media that clients have stored in a collection: what is kept, found again, and let go."""

from __future__ import annotations

import hashlib
import io
import os
import time
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import EmptyMediaError, StorageError
from anysense.index.folder.media import UPLOAD_SECONDS, MediaFolder

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"a picture"
DIGEST = hashlib.blake2b(CONTENT, digest_size=32).hexdigest()


@pytest.fixture
def media(tmp_path: Path) -> MediaFolder:
    return MediaFolder(tmp_path)


def store(media: MediaFolder, content: bytes = CONTENT, item_id: str | None = None) -> Path:
    with media.receive(io.BytesIO(content), "a.png") as file:
        return file.keep(".png", item_id)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make_old(*paths: Path) -> None:
    for path in paths:
        before = time.time() - UPLOAD_SECONDS - 60
        os.utime(path, (before, before))


def test_a_file_is_called_by_its_content(media: MediaFolder) -> None:
    with media.receive(io.BytesIO(CONTENT), "../../a.png") as file:
        assert file.digest == DIGEST
        path = file.keep(".png", None)
    assert path == media.path / f"{DIGEST[:40]}.png"
    assert path.read_bytes() == CONTENT
    with media.receive(io.BytesIO(CONTENT), "b.png") as file:
        assert file.keep(".png", None) == path
    assert names(media.path) == [path.name]


def test_the_same_content_under_two_ids_is_two_files(media: MediaFolder) -> None:
    paths = {store(media), store(media, item_id="a"), store(media, item_id="../b")}
    assert len(paths) == 3
    assert {path.parent for path in paths} == {media.path}
    assert all(media.stored(path) == path for path in paths)


def test_what_is_not_kept_goes(media: MediaFolder) -> None:
    with media.receive(io.BytesIO(CONTENT), "a.png"):
        assert len(names(media.path)) == 1
    with pytest.raises(RuntimeError), media.receive(io.BytesIO(CONTENT), "a.png"):
        raise RuntimeError
    with pytest.raises(EmptyMediaError, match=r"a\.png"), media.receive(io.BytesIO(), "a.png"):
        pytest.fail("nothing has come in")
    assert names(media.path) == []


def test_a_disk_that_refuses_is_told(media: MediaFolder) -> None:
    media.path.write_bytes(b"in the way")
    with pytest.raises(StorageError, match=r"a\.png cannot be stored"):
        store(media)
    with pytest.raises(StorageError, match="media cannot be read"):
        media.orphans(list)


def test_a_stored_file_is_found_where_its_collection_is_now(tmp_path: Path) -> None:
    former, current = tmp_path / "former", tmp_path / "current"
    former.mkdir()
    catalogued = str(store(MediaFolder(former)))
    former.rename(current)
    media = MediaFolder(current)
    here = media.path / f"{DIGEST[:40]}.png"
    assert media.stored(catalogued) == here
    assert media.locate(catalogued) == media.locate(f"media/{here.name}") == str(here)
    assert media.catalog_path(str(here)) == f"media/{here.name}"
    here.unlink()
    assert media.stored(catalogued) is None
    assert media.locate(catalogued) == catalogued
    assert media.locate(f"media/{here.name}") == str(here)


@pytest.mark.parametrize("path", ["media/holiday.png", f"files/{DIGEST[:40]}.png", "media", ""])
def test_other_files_are_no_stored_ones(media: MediaFolder, tmp_path: Path, path: str) -> None:
    store(media)
    (media.path / "holiday.png").write_bytes(b"put here by hand, and then indexed")
    assert media.stored(tmp_path / path) is None
    for name in (str(tmp_path / path), path):
        assert media.locate(name) == media.catalog_path(name) == name
    media.discard(tmp_path / path)
    assert len(names(media.path)) == 2


def test_a_stored_file_is_discarded_wherever_the_catalog_has_it(media: MediaFolder) -> None:
    store(media)
    media.discard(f"/former/media/{DIGEST[:40]}.png")
    assert names(media.path) == []
    media.discard(f"/former/media/{DIGEST[:40]}.png")  # gone already


def test_orphans_are_what_no_item_names(media: MediaFolder) -> None:
    assert media.orphans(list) == []  # there is no folder yet
    kept, moved, lost = (store(media, item_id=name) for name in ("kept", "moved", "lost"))
    partial = media.path / ".incoming-0123456789abcdef"  # of a process that was killed
    partial.write_bytes(b"a pic")
    mine = media.path / "notes.txt"
    mine.write_text("put here by hand")
    (media.path / f"{DIGEST[:40]}.wav").mkdir()
    make_old(*media.path.iterdir())
    catalogued = [str(kept), f"/former/media/{moved.name}", f"/photos/{lost.name}"]
    assert media.orphans(lambda: catalogued) == [partial, lost]
    for path in media.orphans(lambda: catalogued):
        media.discard(path)
    assert names(media.path) == sorted([f"{DIGEST[:40]}.wav", kept.name, moved.name, mine.name])


def test_an_upload_whose_item_is_not_written_yet_is_no_orphan(media: MediaFolder) -> None:
    path = store(media)
    assert media.orphans(list) == []
    assert media.orphans(list, least_age_seconds=0) == [path]
    make_old(path)
    assert media.orphans(list) == [path]
