"""Folders that systems and programs keep beside photos, and folders that only look like them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from source_files import names, touch

from anysense.index.building.build import build
from anysense.index.building.sources.scan import FileScan

if TYPE_CHECKING:
    from anysense.index.collection import Collection

LITTER = (
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg",
    "album/@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
    "#recycle/a.jpg",
    "#snapshot/GMT-01/album/a.jpg",
    "@Recycle/a.jpg",
    "@Recently-Snapshot/a.jpg",
    ".@__thumb/a.jpg",
    "$RECYCLE.BIN/S-1-5/$R1.jpg",
    "RECYCLER/S-1-5/Dc1.jpg",
    "System Volume Information/a.txt",
    "lost+found/#123.jpg",
    "__MACOSX/a.jpg",
    "My Previews.lrdata/1/a.jpg",
    "Photos Library.photoslibrary/resources/derivatives/a.jpg",
    "Photos Library.photoslibrary/database/a.txt",
    "Aperture.aplibrary/Previews/a.jpg",
    "CaptureOne/Cache/Thumbnails/a.jpg",
    "Lightroom Library.lrlibrary/0a1b/previews/a.jpg",
    "Work.cocatalog/Cache/Thumbnails/a.jpg",
    "Films/film.trickplay/320 - 10x10/0.jpg",
    "appdata_oc1abc/preview/a.jpg",
    "files_trashbin/files/a.jpg",
    "upload/thumbs/.immich",
    "upload/thumbs/user/a.jpg",
    "upload/encoded-video/.immich",
    "upload/encoded-video/a.jpg",
    "storage/.ppstorage",
    "storage/cache/a.jpg",
    "site/node_modules/lib/README.txt",
    "site/node_modules/lib/logo.jpg",
    "code/__pycache__/a.txt",
    "code/venv/pyvenv.cfg",
    "code/venv/lib/LICENSE.txt",
    "code/target/CACHEDIR.TAG",
    "code/target/a.jpg",
)
OWN = (
    "eaDir/a.jpg",
    "Recycle/a.jpg",
    "snapshot/a.jpg",
    "Previews/a.jpg",
    "CaptureOne/a.jpg",
    "Cache/a.jpg",
    "Photos Library.photoslibrary/originals/0/a.jpg",
    "iPhoto.photolibrary/Masters/2010/a.jpg",
    "Lightroom Library.lrlibrary/0a1b/originals/2019/a.jpg",
    "Work.cocatalog/Originals/a.jpg",
    "resources/a.jpg",
    "thumbs/a.jpg",
    "upload/library/.immich",
    "upload/library/a.jpg",
    "lost+found.jpg",
    "code/modules/a.jpg",
)


def test_what_nobody_has_put_there_is_left_out_and_counted(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in (*LITTER, *OWN)))
    scan = FileScan([tmp_path]).run()
    assert sorted(names(scan, tmp_path)) == sorted(name for name in OWN if ".immich" not in name)
    folders = [Path(folder).name for folder in scan.litter]
    assert folders.count("@eaDir") == 2
    assert {"#recycle", "My Previews.lrdata", "resources", "database", "thumbs"} <= set(folders)
    assert scan.unread_kinds == {}


NAMED = ["@eaDir", "upload/thumbs", "lost+found", "storage", "code/target"]


@pytest.mark.parametrize("name", NAMED)
def test_a_folder_that_is_named_is_read(tmp_path: Path, name: str) -> None:
    touch(*(tmp_path / path for path in LITTER))
    for source in (tmp_path / name, f"{tmp_path}/{name}/**/*.jpg"):
        assert FileScan([source]).run().entries, source
    assert FileScan([f"{tmp_path}/*/@eaDir/*/*.jpg"]).run().entries


def test_a_library_that_is_named_is_read_as_it_is_elsewhere(tmp_path: Path) -> None:
    touch(*(tmp_path / path for path in (*LITTER, *OWN)))
    library = tmp_path / "Photos Library.photoslibrary"
    assert names(FileScan([library]).run(), library) == ["originals/0/a.jpg"]


def test_items_of_such_folders_go_with_the_next_build(collection: Collection, media: Path) -> None:
    (media / "@eaDir").mkdir()
    (media / "red.png").rename(media / "@eaDir" / "red.png")
    collection.add([media / "@eaDir" / "red.png"])  # as a build did before it knew them
    report = build(collection, [media])
    assert (report.added, report.removed, report.litter) == (4, 1, {"@eaDir": 1})
    assert build(collection, [media]).litter == {"@eaDir": 1}


def test_a_source_that_holds_nothing_else_is_not_taken_for_an_unmounted_disk(
    collection: Collection, media: Path
) -> None:
    (media / "#recycle").mkdir()
    for file in [file for file in media.iterdir() if file.is_file()]:
        file.rename(media / "#recycle" / file.name)
    collection.add([media / "#recycle" / "red.png"])
    assert build(collection, [media]).removed == 1
