from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from source_files import touch, write_table

from anysense.index.building.objects.source import ObjectSource
from anysense.index.building.sources.scan import FileScan
from anysense.index.building.watching import places
from anysense.index.building.watching.places import Places, places_of
from anysense.index.objects.addresses import Address

if TYPE_CHECKING:
    from pathlib import Path


def found(tmp_path: Path) -> tuple[FileScan, Places]:
    names = ("photos/a.jpg", "photos/in/b.jpg", "photos/@eaDir/c.jpg", "photos/.hidden/d.jpg")
    touch(*(tmp_path / name for name in (*names, "other/e.jpg", "glob/f/g.jpg")))
    table = write_table(tmp_path / "other", {"path": "e.jpg"})
    sources = [tmp_path / "photos", f"{tmp_path}/glob/*/*.jpg", tmp_path / "other/e.jpg", table]
    scan = FileScan(sources).run()
    return scan, places_of(scan.sources, tmp_path / "photos/c.anysense", [tmp_path / "more/m.csv"])


def test_folders_and_files_are_where_sources_are(tmp_path: Path) -> None:
    _, where = found(tmp_path)
    assert where.trees == {str(tmp_path / "photos"), str(tmp_path / "glob")}
    files = {"other/e.jpg", "other/rows.jsonl", "more/m.csv"}
    assert where.files == {str(tmp_path / name) for name in files}
    assert where.folders == {str(tmp_path / "other"), str(tmp_path / "more")}


def test_of_objects_nobody_tells_changes(tmp_path: Path) -> None:
    objects = ObjectSource("gs://photos", "gs://photos", Address("gs", "photos", ""))
    where = places_of([objects], tmp_path)
    assert where.roots == where.files == frozenset()


def test_the_folders_are_watched_that_a_scan_has_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, where = found(tmp_path)
    monkeypatch.setattr(places, "IS_DEEP", False)
    walked = {"photos", "photos/in", "glob", "glob/f", "other", "more"}
    assert where.watched(scan) == {str(tmp_path / name) for name in walked}
    monkeypatch.setattr(places, "IS_DEEP", True)
    assert where.watched(scan) == {str(tmp_path / name) for name in ("photos", "glob", *where_of())}


def where_of() -> tuple[str, ...]:
    """The folders of files that are named."""
    return ("other", "more")


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("photos", True),
        ("photos/new.jpg", True),
        ("photos/in/new.xmp", True),
        ("photos/gone folder", True),
        ("photos/gone.log", True),  # which may have been a folder
        ("photos/there.log", False),
        ("photos/.gitignore", True),
        ("photos/in/.ignore", True),
        ("photos/.hidden/d.jpg", False),
        ("photos/.hidden.jpg", False),
        ("photos/@eaDir/c.jpg", False),
        ("photos/c.anysense/media/a.jpg", False),
        ("other/e.jpg", True),
        ("other/e.txt", True),
        ("other/rows.jsonl", True),
        ("other/f.jpg", False),
        ("elsewhere/a.jpg", False),
    ],
)
def test_some_changes_are_of_no_account(tmp_path: Path, path: str, counts: bool) -> None:
    _, where = found(tmp_path)
    (tmp_path / "photos/there.log").write_text("written all the time")
    assert where.concerns(str(tmp_path / path)) is counts
