"""The pages about the adapters: their examples run, and no option is left out."""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from pages import CHECK, blocks, run_example

from anysense.adapters import langchain, llama_index
from anysense.adapters.langchain.tool import SearchArguments

SAMPLE = Path(__file__).parents[4] / "server" / "sample"
FILES = {
    "photos/hens.jpg": "photos/hens-on-grass.jpg",
    "sounds/ducks.ogg": "sounds/ducks-quacking.ogg",
    "notes/farm.txt": "notes/a-day-on-the-farm.txt",
}
DOCS = Path(__file__).parents[4] / "docs"
PAGES = {
    name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("langchain", "llama-index")
}


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_of_a_page_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the starter itself: it is what the page's readers have."""
    for path, sample in FILES.items():
        (tmp_path / path).parent.mkdir()
        shutil.copyfile(SAMPLE / sample, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    checked = sum(run_example(example, names) for example in blocks(PAGES[name], "python"))
    assert checked == len(CHECK.findall(PAGES[name])) >= 4
    printed = capsys.readouterr().out
    if name == "langchain":
        assert re.match(r"\[1\] .*farm\.txt, \d+-[\d,]+ \(text, score ", printed)


def options_in(page: str, title: str) -> set[str]:
    [table] = page.split(f"| {title} | meaning |\n")[1:]
    rows = table.split("\n\n")[0].splitlines()[1:]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_the_pages_have_every_option() -> None:
    fields = set(langchain.AnysenseRetriever.model_fields) - set(BaseRetriever.model_fields)
    assert options_in(PAGES["langchain"], "field of `AnysenseRetriever`") == fields
    parameters = set(inspect.signature(llama_index.AnysenseRetriever.__init__).parameters)
    documented = options_in(PAGES["llama-index"], "argument of `AnysenseRetriever`")
    assert documented == parameters - {"self", "options"}


@pytest.mark.parametrize(
    ("name", "module"), [("langchain", langchain), ("llama-index", llama_index)]
)
def test_the_pages_have_every_class(name: str, module: Any) -> None:
    classes = {name for name in module.__all__ if name.startswith("Anysense")}
    assert {
        word for word in classes if f"`{word}" in PAGES[name] or f"import {word}" in PAGES[name]
    } == classes


def test_what_a_model_may_ask_is_on_the_page() -> None:
    assert set(SearchArguments.model_fields) == {"query", "k", "modalities", "where"}
    assert "how many, of which modalities, and with which filter" in PAGES["langchain"]
