"""A collection of format 1, as anysense wrote it before there was a format 2, and what it found.

It has texts, pictures, sounds and a PDF of the encoder `tiny`, rows of a table, a copy, a file that
could not be read, and after its index was published one item more and one less.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection as Ids

    from anysense import Collection

DATA = Path(__file__).parent / "data"
EXPECTED = json.loads((DATA / "format1.json").read_text())
OPTIONS: dict[str, dict[str, Any]] = {
    "red": {},
    "green": {},
    "blue": {},
    "where": {"where": "year >= 2020"},
    "images": {"modalities": ["image"]},
    "modality": {"where": "modality = 'text'"},
}
QUERIES = {**EXPECTED["queries"], "where": "note", "images": "red", "modality": "red"}


def unpack(folder: Path) -> Path:
    """The collection, in a folder of its own."""
    with tarfile.open(DATA / "format1.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "format1"


def assert_as_before(collection: Collection, without: Ids[str] = ()) -> None:
    """Assert that every query gives by vectors the hits that it gave, field for field.

    Args:
        collection: it.
        without: items that have been added since. A sample of the collection says what a score
            means, so where there are any, scores and their order may differ a little.
    """
    for name, options in OPTIONS.items():
        hits = collection.search(QUERIES[name], k=50, match="vector", **options)
        expected = EXPECTED["results"][name]
        fields = expected["hits"][0].keys() - ({"score"} if without else set())
        rows = [hit.to_dict() for hit in hits if hit.id not in without]
        if without:
            rows = sorted(rows, key=lambda hit: hit["id"])
            expected = {"hits": sorted(expected["hits"], key=lambda hit: hit["id"])}
        assert [{f: hit[f] for f in fields} for hit in rows] == [
            {f: hit[f] for f in fields} for hit in expected["hits"]
        ], name
        if expected.get("no_match") is not None:
            assert hits.no_match == expected["no_match"]
