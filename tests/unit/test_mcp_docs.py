"""The page about MCP: its configurations and its example run, and its tables are whole."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from command_line import run

from anysense.adapters.mcp import running
from anysense.adapters.mcp.options import MEDIA_BYTES, Options
from anysense.adapters.mcp.results import MOST_PART
from anysense.adapters.tools import FORMATS, definitions
from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_configurations_start_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[tuple[str, Any]] = []

    def run_stdio(source: str, options: Options, **opening: Any) -> None:
        began.append((source, opening.get("api_key")))

    monkeypatch.setattr(running, "run_stdio", run_stdio)
    desktop, editor, over_http = map(json.loads, blocks("json"))
    for server in (desktop["mcpServers"]["anysense"], editor["servers"]["anysense"]):
        assert server["command"] == "anysense"
        for name, value in server.get("env", {}).items():
            monkeypatch.setenv(name, value)
        run(*server["args"])
    assert began == [("/home/ada/my.anysense", None), ("http://127.0.0.1:8000", "anysense_...")]
    url = over_http["servers"]["anysense"]["url"]
    assert url.endswith(f":8001{running.PATH}")
    assert f"claude mcp add anysense -- anysense mcp {began[0][0]}" in PAGE


def test_the_command_of_the_page_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[tuple[str, int]] = []

    def run_http(source: str, options: Options, settings: Any, *_: Any, **opening: Any) -> None:
        began.append((source, settings.port))

    monkeypatch.setattr(running, "run_http", run_http)
    [line] = re.findall(r"^ {4}anysense (.*)$", PAGE, re.MULTILINE)
    run(*line.split())
    assert began == [("my.anysense", 8001)]


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Collection.create("my.anysense", ["tiny"]) as collection:
        collection.add([NewItem("a red note", id="note")])
    names: dict[str, Any] = {}
    [example] = blocks("python")
    exec(example, names)
    assert [tool["name"] for tool in names["tools"]] == ["search", "get_item", "list_items"]
    assert "a red note" in asyncio.run(names["call"]("search", {"query": "red"}))


def test_the_page_has_every_tool_field_and_format() -> None:
    for tool in definitions(allow_write=True):
        [row] = re.findall(rf"^\| `{tool.name}` \| .*$", PAGE, re.MULTILINE)
        assert ("Only with `--allow-write`" in row) == tool.writes
        fields = set(tool.schema["properties"]) - ({"id"} if tool.name == "get_item" else set())
        assert [name for name in sorted(fields) if f"`{name}`" not in row] == []
    assert all(f"`{name}`" in PAGE or f"--format {name}" in PAGE for name in FORMATS)


def test_the_numbers_are_those_of_the_page() -> None:
    assert f"`--media-bytes` ({MEDIA_BYTES:,} if not given" in PAGE
    assert f"parts of {MOST_PART:,} characters" in PAGE
