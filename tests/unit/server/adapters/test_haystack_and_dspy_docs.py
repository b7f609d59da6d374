"""The pages about Haystack and DSPy: their examples run, and no option is left out."""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.utils import DummyLM
from pages import CHECK, blocks, run_example

from anysense.adapters.dspy import AnysenseRM
from anysense.adapters.haystack import AnysenseRetriever

ROOT = Path(__file__).parents[4]
DOCS = ROOT / "docs"
HAYSTACK = (DOCS / "haystack.md").read_text(encoding="utf-8")
DSPY = (DOCS / "dspy.md").read_text(encoding="utf-8")
FILES = {
    "photos/hens.jpg": "photos/hens-on-grass.jpg",
    "photos/waves.jpg": "photos/waves-on-rocks.jpg",
    "sounds/ducks.ogg": "sounds/ducks-quacking.ogg",
    "notes/farm.txt": "notes/a-day-on-the-farm.txt",
    "notes/clock.txt": "notes/grandfather-clock.txt",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the pages call the folder with photos/, sounds/ and notes/."""
    for name, sample in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / "server" / "sample" / sample, tmp_path / name)
    monkeypatch.chdir(tmp_path)


def run_page(page: str, names: dict[str, Any]) -> None:
    checked = sum(run_example(example, names) for example in blocks(page, "python"))
    assert checked == len(CHECK.findall(page))


@pytest.mark.usefixtures("folder")
def test_the_examples_about_haystack_run() -> None:
    names: dict[str, Any] = {}
    run_page(HAYSTACK, names)
    prompt = names["answer"]["prompt"]["prompt"]
    assert "notes/farm.txt: " in prompt
    assert prompt.endswith("Who lives there?")
    for opened in (names["retriever"], names["again"].get_component("retriever"), names["store"]):
        opened.close()


def test_the_page_about_haystack_has_every_option() -> None:
    table = HAYSTACK.split("| option of the retriever | meaning |\n")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[1:]]
    names = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert names == list(inspect.signature(AnysenseRetriever.__init__).parameters)[1:]


@pytest.mark.usefixtures("folder")
def test_the_examples_about_dspy_run() -> None:
    lm = DummyLM([{"reasoning": "They cluck.", "answer": "hens"}, {"answer": "no"}])
    names: dict[str, Any] = {"lm": lm}
    try:
        run_page(DSPY, names)
    finally:
        dspy.configure(lm=None, rm=None)
    assert "hens" in str(lm.history[0]["messages"]).lower()
    names["rm"].close()


def test_the_page_about_dspy_has_every_option() -> None:
    for name in list(inspect.signature(AnysenseRM.__init__).parameters)[1:]:
        assert re.search(rf"[`(, ]{name}[`=,]", DSPY), name
