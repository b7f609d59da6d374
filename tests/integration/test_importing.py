"""Vectors of the starter model that were exported and imported find what a build finds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ready_vectors import write_table

from anysense import Collection, build
from anysense.index.catalog.vectors import vector_sources

pytestmark = [pytest.mark.integration, pytest.mark.thorough]

SAMPLE = Path(__file__).parents[2] / "server" / "sample"
NAMES = {
    "photos": ["hens-on-grass.jpg", "waves-on-rocks.jpg"],
    "sounds": ["ducks-quacking.ogg"],
    "notes": ["grandfather-clock.txt"],
}


def export(collection: Collection, file: Path) -> Path:
    """Write every segment of a collection, and what it is called."""
    snapshot = collection.snapshot()
    catalog = snapshot.catalog
    with catalog.transaction() as connection:
        sources = vector_sources(catalog, connection)
        pairs = [batch for source in sources.values() for batch in source.batches()]
    rows = [row for ids, _ in pairs for row in snapshot.rows(ids)]
    segments = [(row.item_id, row.source, row.segment) for row in rows if row is not None]
    return write_table(
        file,
        np.concatenate([vectors for _, vectors in pairs]),
        id=[item_id for item_id, _, _ in segments],
        source=[source for _, source, _ in segments],
        modality=[segment.modality.value for _, _, segment in segments],
        text=[segment.text for _, _, segment in segments],
    )


def test_imported_vectors_rank_as_built_ones(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    for folder, names in NAMES.items():
        for name in names:
            shutil.copyfile(SAMPLE / folder / name, tmp_path / "media" / name)
    with Collection.create(tmp_path / "built") as built:
        assert build(built, [tmp_path / "media"], sidecars=False).added == 4
        file = export(built, tmp_path / "vectors.parquet")
        with Collection.create(tmp_path / "imported") as imported:
            report = imported.import_vectors(file, root=tmp_path / "media")
            assert (report.added, report.checked.texts, report.checked.files) == (4, 1, 3)
            for query in (
                "hens",
                "waves on a beach",
                "time",
                Path(tmp_path / "media/hens-on-grass.jpg"),
            ):
                assert ranked(imported, query) == ranked(built, query)


def ranked(collection: Collection, query: str | Path) -> list[tuple[str, float, str]]:
    hits = collection.search(query, k=4)
    return [(hit.id, round(hit.score, 5), hit.route) for hit in hits]
