from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import UsageError
from anysense.index.building.tables.json_rows import read_jsonl

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (json.dumps({"path": "a", "n": float("nan")}), {"path": "a"}),
        (json.dumps({"path": "a", "n": [float("inf"), 1.5]}), {"path": "a", "n": [None, 1.5]}),
        ('{"path": "a", "o": {"x": -Infinity}}', {"path": "a", "o": {"x": None}}),
        ('{"path": "a", "n": 1e999}', {"path": "a"}),
        (r'{"path": "a", "t": "cut \ud83d"}', {"path": "a", "t": "cut \ufffd"}),
        (r'{"path": "a", "t": ["\uDE00b", {"\udfff": 1}]}', {"path": "a", "t": ["�b", {"�": 1}]}),
        (r'{"path": "a", "t": "\ud83d\ude00"}', {"path": "a", "t": "😀"}),
        ('{"path": "a", "path": "a"}', {"path": "a"}),
        ('\ufeff\ufeff{"path": "a"}', {"path": "a"}),
        ('{"n": 12345678901234567890, "b": false}', {"n": 12345678901234567890, "b": False}),
    ],
)
def test_what_programs_write_besides_json_is_left_out_of_its_row(
    tmp_path: Path, line: str, values: object
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(line + "\r\n", encoding="utf-8", newline="")
    [row] = read_jsonl(file)
    assert row.problem is None
    assert row.values == values


def test_a_byte_order_mark_says_how_a_table_is_encoded(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        file.write_text('{"text": "ä"}\n', encoding=encoding)
        assert [row.values for row in read_jsonl(file)] == [{"text": "ä"}]
    file.write_bytes('{"text": "ä"}\n'.encode("utf-16")[:-1])
    with pytest.raises(UsageError, match="begins like a text in UTF-16, but is damaged"):
        list(read_jsonl(file))


def test_bytes_of_another_encoding_are_told_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"text": "a"}\n' * 3000 + '{"text": "ä"}\n'.encode("cp1252"))
    with pytest.raises(UsageError, match="is not UTF-8 text: line 3,001 has other bytes"):
        list(read_jsonl(file))
