"""The sample media as a folder and as a tar, with the encoder of the package."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tar_files import write_folder_tar

from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.server.cli.commands.demo import sample_folder

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import FloatArray

OF_EACH = 3


def vectors(collection: Collection) -> dict[str, list[FloatArray]]:
    """The vectors of each content, by its hash."""
    catalog = collection.folder.catalog
    return {
        file.record.content_hash: list(catalog.item_vectors(file.item_id).values())
        for file in collection.folder.files().values()
    }


@pytest.mark.thorough
def test_the_sample_has_the_same_vectors_out_of_a_tar(tmp_path: Path) -> None:
    for kind in ("notes", "photos", "sounds"):
        (tmp_path / "sample" / kind).mkdir(parents=True)
        for file in sorted((sample_folder() / kind).iterdir())[:OF_EACH]:
            shutil.copy(file, tmp_path / "sample" / kind)
    tar = write_folder_tar(tmp_path / "sample.tar", tmp_path / "sample")
    with (
        Collection.create(tmp_path / "a", ["starter"], device="cpu") as of_folder,
        Collection.create(tmp_path / "b", ["starter"], device="cpu") as of_tar,
    ):
        assert build(of_folder, [tmp_path / "sample"]).added == 3 * OF_EACH
        assert build(of_tar, [tar]).added == 3 * OF_EACH
        expected, found = vectors(of_folder), vectors(of_tar)
        assert found.keys() == expected.keys()
        for content_hash, arrays in expected.items():
            for one, other in zip(arrays, found[content_hash], strict=True):
                np.testing.assert_array_equal(one, other)
        assert build(of_tar, [tar]).unchanged == 3 * OF_EACH
        sources = {hit.source for hit in of_tar.search("an aircraft engine", k=9)}
        assert all(source.startswith(f"{tar.resolve()}!/") for source in sources)
