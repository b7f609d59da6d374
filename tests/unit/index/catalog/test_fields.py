"""What is told of the fields of metadata, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from anysense.index.catalog import fields
from anysense.index.catalog.browse import list_items
from anysense.index.catalog.fields import Summary, summarise
from anysense.index.collection import Collection
from anysense.index.filters.filter import parse_filter
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path


def summary_of(folder: Path, metadata: list[dict[str, Any]]) -> Summary:
    """Of items that have these metadata; each value that is told selects as many as it says."""
    with Collection.create(folder / "c", ["tiny"]) as collection:
        collection.add([NewItem(f"item {i}", metadata=one) for i, one in enumerate(metadata)])
        catalog = collection.snapshot().catalog
        summary = summarise(catalog)
        for field in summary.fields if summary.counted == summary.total else ():
            for value, items in field.values:
                where = parse_filter({field.name: value})
                assert len(list_items(catalog, limit=10_000, where=where)) == items
    return summary


def test_fields_have_types_values_and_bounds(tmp_path: Path) -> None:
    summary = summary_of(
        tmp_path,
        [
            {
                "year": 2019,
                "tags": ["a", "b", "a"],
                "camera": {"model": "X"},
                "taken": "2019-02-03",
            },
            {
                "year": 2021.5,
                "tags": "b",
                "camera": {"model": "X"},
                "taken": "2020-01-01T10:00:00Z",
            },
            {"year": 2019, "draft": True, "nothing": None, "camera": {"model": "Y", "iso": 100}},
            {},
        ],
    )
    told = {field.name: field for field in summary.fields}
    assert list(told) == ["camera.model", "year", "tags", "taken", "camera.iso", "draft"]
    assert (summary.counted, summary.total, summary.complete) == (4, 4, True)
    assert all(field.complete for field in told.values())
    assert (told["year"].type, told["year"].items) == ("number", 3)
    assert (told["year"].least, told["year"].greatest) == (2019, 2021.5)
    assert told["year"].values == ((2019, 2), (2021.5, 1))
    assert told["tags"].values == (("b", 2), ("a", 1))
    assert (told["tags"].type, told["tags"].least) == ("text", None)
    assert told["camera.model"].values == (("X", 2), ("Y", 1))
    assert (told["draft"].type, told["draft"].values) == ("boolean", ((True, 1),))
    assert told["taken"].type == "date"
    assert told["taken"].greatest == "2020-01-01T10:00:00Z"


@pytest.mark.parametrize(
    ("text", "is_date"),
    [
        ("2020-02-29", True),
        ("2021-02-29", False),
        ("2020-02-29 23:59", True),
        ("2020-02-29T24:59", False),
        ("2020-02-29T23:59:58.5+02:00", True),
        ("2020", False),
        ("20200229", False),
        ("2020-02-29 and later", False),
        ("２０２０-02-29", False),
    ],
)
def test_what_a_date_is(tmp_path: Path, text: str, is_date: bool) -> None:
    [field] = summary_of(tmp_path, [{"when": text}]).fields
    assert (field.type == "date") == is_date


def test_names_are_those_that_filters_read(tmp_path: Path) -> None:
    metadata = {
        "kind": "k",
        "metadata": {"id": "m"},
        "a.b": 1,
        'q"': 1,
        "$x": 1,
        "": 1,
        "größe": 3,
        "deep": {"a": {"b": {"c": {"d": {"e": 1}}}}},
    }
    names = [field.name for field in summary_of(tmp_path, [metadata]).fields]
    assert names == ["größe", "metadata.kind", "metadata.metadata.id"]


def test_what_is_of_two_types_or_too_long_is_not_complete(tmp_path: Path) -> None:
    metadata = [{"a": 1, "b": "x" * 300, "c": list(range(200))}, {"a": "one", "b": "y"}, {"a": 2}]
    told = {field.name: field for field in summary_of(tmp_path, metadata).fields}
    assert (told["a"].type, told["a"].values, told["a"].complete) == (
        "number",
        ((1, 1), (2, 1)),
        False,
    )
    assert (told["b"].values, told["b"].complete, told["b"].items) == ((("y", 1),), False, 2)
    assert not told["c"].complete
    assert len(told["c"].values) == 50


def test_there_are_at_most_fifty_of_everything(tmp_path: Path) -> None:
    metadata = [{"number": i % 70, f"field-{i}": i} for i in range(120)]
    summary = summary_of(tmp_path, metadata)
    assert len(summary.fields) == 50
    assert not summary.complete
    number = summary.fields[0]
    assert number.name == "number"
    assert len(number.values) == 50
    assert [items for _, items in number.values] == [2] * 50
    assert (number.least, number.greatest, number.complete) == (0, 69, False)


def test_of_many_items_a_sample_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "SAMPLE_ITEMS", 40)
    monkeypatch.setattr(fields, "SAMPLE_BLOCKS", 8)
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([NewItem(f"item {i}", id=str(i), metadata={"i": i}) for i in range(200)])
        summary = summarise(collection.snapshot().catalog)
        assert (summary.counted, summary.total) == (40, 200)
        seen = sorted(value for value, _ in summary.fields[0].values)
        assert len(seen) == 40  # each once
        assert seen[0] < 10
        assert seen[-1] > 170
        assert not summary.fields[0].complete
        collection.remove([str(i) for i in range(5, 190)])  # nearly all that stood between
        assert summarise(collection.snapshot().catalog).counted == 15


def test_large_metadata_are_looked_at_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "SAMPLE_BYTES", 1000)
    summary = summary_of(tmp_path, [{"a": "x" * 400} for _ in range(5)])
    assert (summary.counted, summary.total, summary.complete) == (2, 5, False)


def test_an_empty_collection_has_no_fields(tmp_path: Path) -> None:
    assert summary_of(tmp_path, []) == Summary((), True, 0, 0)
