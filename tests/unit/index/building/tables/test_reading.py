from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import pytest

from anysense.embed.errors import UsageError
from anysense.index.building.tables.reading import read_rows
from anysense.index.building.tables.row import plain_value


def values(path: Path) -> list[dict[str, object]]:
    return [row.values for row in read_rows(path)]


def write_file(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def test_jsonl_rows_keep_their_types_and_line_numbers(tmp_path: Path) -> None:
    path = write_file(
        tmp_path, "a.jsonl", '{"path": "a", "n": 1, "x": null}\n\n{"text": "ä", "t": [1]}\n'
    )
    rows = list(read_rows(path))
    assert [row.line for row in rows] == [1, 3]
    assert [row.values for row in rows] == [{"path": "a", "n": 1}, {"text": "ä", "t": [1]}]


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", '"a"', '{"a": 1, "b": 2, "a": 3}', '{"b": "cut sho', "\0" * 9, "[" * 100_000],
)
def test_a_damaged_line_of_json_is_one_problem(tmp_path: Path, line: str) -> None:
    rows = list(read_rows(write_file(tmp_path, "a.jsonl", f'{line}\n{{"path": "b"}}\n')))
    assert rows[0].problem is not None
    assert rows[1].problem is None
    assert rows[1].values == {"path": "b"}


def test_csv_columns_are_numbers_only_if_all_values_are(tmp_path: Path) -> None:
    text = "path,year,rating,code,flag,id\na.jpg,2020,1.5,007,true,001\nb.jpg,,2,12,FALSE,002\n"
    assert values(write_file(tmp_path, "a.csv", text, "utf-8-sig")) == [
        {"path": "a.jpg", "year": 2020, "rating": 1.5, "code": "007", "flag": True, "id": "001"},
        {"path": "b.jpg", "rating": 2.0, "code": "12", "flag": False, "id": "002"},
    ]


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", 2.0**63),  # beyond SQLite's integers
        ("1e999", None),  # infinite, which JSON cannot hold: as if the cell were empty
        ("1e5000", "1e5000"),
        ("-", "-"),
        (".", "."),
    ],
)
def test_what_only_looks_like_a_number_is_read_so(
    tmp_path: Path, number: str, value: object
) -> None:
    [row] = values(write_file(tmp_path, "a.csv", f"path,n\na,{number}\n"))
    assert row["n"] == value
    assert type(row["n"]) is type(value)


def test_csv_separators_quotes_and_surplus_values(tmp_path: Path) -> None:
    assert values(write_file(tmp_path, "a.tsv", "path\tnote\na\tx, y\n")) == [
        {"path": "a", "note": "x, y"}
    ]
    assert values(write_file(tmp_path, "b.csv", "path;note\na;x\n")) == [{"path": "a", "note": "x"}]
    assert values(write_file(tmp_path, "c.csv", 'path,note\na,"x\ny"\n')) == [
        {"path": "a", "note": "x\ny"}
    ]
    [row] = read_rows(write_file(tmp_path, "d.csv", "path\na,b\n"))
    assert row.problem is not None


def test_parquet_rows_are_plain_and_without_bytes(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(
        {
            "path": ["a", "b"],
            "day": [datetime.date(2020, 1, 2), None],
            "price": [decimal.Decimal("1.50"), decimal.Decimal("2.00")],
            "nan": [float("nan"), 1.0],
            "raw": [b"x", b"y"],
            "tags": [["u", "v"], []],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [
        {"path": "a", "day": "2020-01-02", "price": 1.5, "tags": ["u", "v"]},
        {"path": "b", "price": 2.0, "nan": 1.0, "tags": []},
    ]


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but no more")
    (tmp_path / "a.jsonl").write_bytes(b'{"path": "\xff"}\n')
    for name in ("a.parquet", "a.jsonl", "none.csv"):
        with pytest.raises(UsageError, match=name):
            list(read_rows(tmp_path / name))


def test_plain_values_are_what_json_holds() -> None:
    assert plain_value({1: (datetime.time(1, 2), b"x", float("inf"))}) == {
        "1": ["01:02:00", None, None]
    }
    assert plain_value(True) is True
    assert plain_value(Path("a")) == "a"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"n": 1' + "0" * 5000 + "}", "not a line of JSON: it has a whole number of thou"),
        ('{"n": ' + "[" * 101 + "]" * 101 + "}", "over 100 lists and objects"),
        ('{"n": ' + '{"a": ' * 900 + "1" + "}" * 901, "over 100 lists and objects"),
        ('{"n": ' + "[" * 100_000, "not a line of JSON: it has too many lists"),
    ],
    ids=["digits", "lists", "objects", "open"],
)
def test_what_a_catalog_cannot_keep_is_a_problem_of_its_row_alone(
    tmp_path: Path, line: str, reason: str
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f'{line}\n{{"n": {"[" * 99}1e308{"]" * 99}}}\n', encoding="utf-8")
    first, second = read_rows(file)
    assert (first.line, first.values) == (1, {})
    assert reason in str(first.problem)
    assert second.problem is None


def test_a_cell_of_csv_may_be_a_long_document(tmp_path: Path) -> None:
    [row] = values(write_file(tmp_path, "a.csv", "id,text\n1,{}\n".format("word " * 100_000)))
    assert row["text"] == "word " * 100_000


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path, "a.csv", "text, year,year ,,\na,1,2,3,4\n")
    with pytest.raises(UsageError, match="2 columns named 'year'"):
        values(path)
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.Table.from_arrays([pyarrow.array(["a"])] * 2, names=["text", "text"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="2 columns named 'text'"):
        values(tmp_path / "a.parquet")


def test_cells_of_parquet_that_python_cannot_hold_are_left_out(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    ends = bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0])
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(ends), pa.py_buffer(b"\xffb")]
    )
    table = pa.table(
        {
            "text": ["a", "b"],
            "day": pa.array([10_000_000, 0], type=pa.date32()),
            "time": pa.array([2**62, 0], type=pa.timestamp("us")),
            "note": broken,
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [
        {"text": "a"},
        {"text": "b", "day": "1970-01-01", "time": "1970-01-01T00:00:00", "note": "b"},
    ]
