"""The pages about filters and Python: their examples run, and no name is left out."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import shlex
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from live_server import listening
from media_files import sndfile, tone
from pages import CHECK, blocks, run_example
from PIL import Image

import anysense
from anysense import Client, Collection, Hit, NewItem, Retriever, Term, Waveform, build
from anysense.embed import errors
from anysense.embed.errors import FilterError
from anysense.index.filters.filter import parse_filter
from anysense.index.filters.nodes import MAX_DEPTH, MAX_LENGTH, MAX_TERMS
from anysense.server.cli.root import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILTERS = (ROOT / "docs" / "filters.md").read_text(encoding="utf-8")
PYTHON = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
CLIENT = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
HOME = "/home/ada"


def tables(page: str, *head: str) -> list[list[str]]:
    """The rows of all tables of a page with this head."""
    title = "| " + " | ".join(head) + " |"
    rows = []
    for part in page.split(title + "\n")[1:]:
        lines = part.split("\n\n")[0].splitlines()[1:]
        rows += [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    assert rows, f"no table {head}"
    return rows


def code(cell: str) -> str:
    assert re.fullmatch("`[^`]+`", cell), cell
    return cell[1:-1]


# Filters

EXAMPLES = tables(FILTERS, "text", "mapping", "finds")
REFUSED = tables(FILTERS, "filter", "what is said of it")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page calls /home/ada, with its collection."""
    import tiny

    tiny.register()
    folder = tmp_path_factory.mktemp("home").resolve()
    (folder / "photos").mkdir()
    (folder / "sounds").mkdir()
    for name, colour in (("beach", (230, 200, 20)), ("harbour", (20, 20, 230))):
        Image.new("RGB", (24, 24), colour).save(folder / "photos" / f"{name}.png")
    for name, hertz in (("waves", 100), ("rain", 3000)):
        (folder / "sounds" / f"{name}.wav").write_bytes(sndfile(tone(1.0, 8000, hz=hertz), 8000))
    (listed,) = blocks(FILTERS, "jsonl")
    (folder / "media.jsonl").write_text(listed, encoding="utf-8")
    with Collection.create(folder / "my.anysense", ["tiny"]) as collection:
        assert build(collection, [folder / "media.jsonl"]).added == len(listed.splitlines())
    return folder


@pytest.fixture(scope="module")
def retriever(home: Path) -> Iterator[Retriever]:
    with Collection.open(home / "my.anysense") as collection:
        yield Retriever(collection)


def found(retriever: Retriever, where: Any) -> list[str]:
    return sorted(hit.id for hit in retriever.retrieve("red", k=100, where=where))


@pytest.mark.parametrize(("text", "mapping", "ids"), EXAMPLES)
def test_a_filter_finds_what_the_page_says(
    retriever: Retriever, home: Path, text: str, mapping: str, ids: str
) -> None:
    expected = sorted(ids.split(", ")) if ids else []
    assert found(retriever, code(text).replace(HOME, str(home))) == expected
    if mapping:
        where = json.loads(code(mapping).replace(HOME, str(home)))
        assert found(retriever, where) == expected


def test_the_examples_have_every_operator() -> None:
    texts = " ".join(code(text) for text, _, _ in EXAMPLES)
    signs = ("=", "==", "!=", "<", "<=", ">", ">=", "^=")
    for word in (*signs, "in", "and", "or", "not", "exists", "true", "null"):
        assert f" {word} " in f" {texts} ", word
    known = set()
    for unknown in ({"$x": 1}, {"a": {"$x": 1}}):
        with pytest.raises(FilterError) as refused:
            parse_filter(unknown)
        known |= set(re.findall(r"\$\w+", str(refused.value))) - {"$x"}
    assert known == set(re.findall(r"\$\w+", " ".join(mapping for _, mapping, _ in EXAMPLES)))


@pytest.mark.parametrize(
    "where",
    [
        "title <> 'Sky' AND Exists(title)",
        "place in ['Nice', 'Oslo'] OR place IN ('x',)",
        'camera."focal length" = 50',
        "metadata.camera.model = 'X100'",
    ],
)
def test_other_spellings_that_the_page_names_are_read(retriever: Retriever, where: str) -> None:
    expected = {"t": ["note"], "p": ["beach"], "c": [], "m": ["beach"]}
    assert found(retriever, where) == expected[where[0]]


@pytest.mark.parametrize(("where", "said"), REFUSED)
def test_a_filter_is_refused_as_the_page_says(where: str, said: str) -> None:
    given = code(where)
    with pytest.raises(FilterError) as refused:
        parse_filter(json.loads(given) if given.startswith("{") else given)
    assert said in str(refused.value)


def test_the_limits_are_those_of_the_page() -> None:
    assert f"at most {MAX_LENGTH:,} characters" in FILTERS
    assert f"{MAX_TERMS} comparisons, {MAX_LENGTH:,} values" in FILTERS
    assert f"{MAX_DEPTH} levels" in FILTERS
    assert f"so {MAX_DEPTH - 1} parentheses or `not`s inside each\nother" in FILTERS
    for depth in (MAX_DEPTH - 1, MAX_DEPTH):
        mapping: dict[str, Any] = {"a": 1}
        for _ in range(depth):
            mapping = {"$not": mapping}
        for where in ("(" * depth + "a = 1" + ")" * depth, "not " * depth + "a = 1", mapping):
            if depth < MAX_DEPTH:
                parse_filter(where)
            else:
                with pytest.raises(FilterError, match="at most"):
                    parse_filter(where)


def test_the_commands_of_the_page_run(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "my.anysense", tmp_path / "my.anysense")
    lines = re.findall(r"^ {4}anysense (.*)$", FILTERS, re.MULTILINE)
    assert len(lines) == 2
    told = []
    for line in lines:
        words = shlex.split(line.replace("my.anysense", str(tmp_path / "my.anysense")))
        words = [word.replace(HOME, str(home)) for word in words]
        done = CliRunner().invoke(cli, [*words, "--json"])
        assert done.exit_code == 0, done.output
        told.append(json.loads(done.stdout))
    assert told[0]["hits"] == []  # the camera's pictures are older
    assert told[1]["removed"] == 2


# Python

SAMPLE = ROOT / "server" / "sample"
FILES = {
    "photos/hens.jpg": "photos/hens-on-grass.jpg",
    "photos/waves.jpg": "photos/waves-on-rocks.jpg",
    "sounds/ducks.ogg": "sounds/ducks-quacking.ogg",
    "notes/farm.txt": "notes/a-day-on-the-farm.txt",
    "notes/clock.txt": "notes/grandfather-clock.txt",
}


def test_the_examples_of_the_python_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the starter itself: it is what the page's readers have."""
    for name, sample in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(SAMPLE / sample, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    examples = blocks(PYTHON, "python")
    checked = 0
    for example in examples:
        checked += run_example(example, names)
        if "retriever = " in example:
            ask_as_the_table_says(names)
    assert checked == len(CHECK.findall(PYTHON)) > 15
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("my.anysense ['starter'] [Space(id='starter'")
    assert [line.split()[1] for line in printed[1:4]] == ["text", "image", "audio"]
    assert printed[4].startswith("[1] ")
    assert printed[-1].startswith("The filter 'year >' cannot be read at character 7")


def ask_as_the_table_says(names: dict[str, Any]) -> None:
    given = {
        "Image": Image,
        "Term": Term,
        "Waveform": Waveform,
        "samples": tone(1.0, 16000)[:, 0],
        "vector": np.eye(384, dtype=np.float32)[0],
    }
    for query, _ in tables(PYTHON, "query", "what it is"):
        asked = eval(code(query), {**names, **given})
        hits = names["retriever"].retrieve(asked)
        liked = isinstance(asked, Term) and asked.like is not None
        assert len(hits) == (4 if liked else 5), query


def named(page: str, *head: str) -> list[str]:
    """The names in the first column of a table."""
    return [name for row in tables(page, *head) for name in re.findall(r"`(\w+)`", row[0])]


def test_the_examples_of_the_client_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, sample in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(SAMPLE / sample, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with Collection.create("my.anysense") as collection:
        assert build(collection, ["photos", "notes"]).added == 4
        with listening(collection) as (url, app):
            while app.state.service.status == "loading":
                time.sleep(0.05)
            names: dict[str, Any] = {}
            page = CLIENT.replace("http://127.0.0.1:8000", url)
            checked = sum(run_example(example, names) for example in blocks(page, "python"))
    assert checked == len(CHECK.findall(CLIENT)) > 5
    assert (tmp_path / "copy.ogg").read_bytes() == (tmp_path / "sounds/ducks.ogg").read_bytes()
    assert "[1] " in capsys.readouterr().out


def test_the_client_page_has_every_method() -> None:
    public = {name for name, _ in inspect.getmembers(Client) if not name.startswith("_")}
    assert public <= set(re.findall(r"`(\w+)\(", CLIENT))


@pytest.mark.parametrize("kind", [Hit, NewItem, Term])
def test_the_page_has_every_field(kind: Any) -> None:
    fields = {field.name for field in dataclasses.fields(kind)}
    assert sorted(named(PYTHON, f"field of `{kind.__name__}`", "meaning")) == sorted(fields)


@pytest.mark.parametrize(
    ("function", "title"), [(Retriever.retrieve, "retrieve"), (build, "build")]
)
def test_the_page_has_every_option(function: Any, title: str) -> None:
    parameters = inspect.signature(function).parameters.values()
    options = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert sorted(named(PYTHON, f"option of `{title}`", "meaning")) == sorted(options)


def test_the_page_has_every_public_name_and_error() -> None:
    assert [name for name in anysense.__all__ if f"`{name}`" not in PYTHON] == []
    assert sorted(named(PYTHON, "error", "it means")) == sorted(errors.__all__)
    for error, meaning in tables(PYTHON, "error", "it means"):
        parent = re.match(r"an? `(\w+)`", meaning)
        for name in re.findall(r"`(\w+)`", error):
            base = getattr(errors, parent[1]) if parent else errors.AnysenseError
            assert issubclass(getattr(errors, name), base)
    public = {name for name, _ in inspect.getmembers(Collection) if not name.startswith("_")}
    assert [name for name in sorted(public) if not re.search(rf"[`.]{name}\b", PYTHON)] == []


def test_the_links_of_the_pages_lead_somewhere() -> None:
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    pages = {path: path.read_text(encoding="utf-8") for path in paths}
    for path, page in pages.items():
        for link, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", page):
            target = (path.parent / link).resolve() if link else path
            assert target.exists(), (path.name, link)
            assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), (
                path.name,
                link,
                anchor,
            )
    for path in paths[1:]:
        assert f"(docs/{path.name})" in pages[paths[0]]


def test_the_settings_for_nginx_have_what_the_page_tells() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    settings = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    told = re.findall(r"^ {8}((?:proxy|client)_\w+ .*;)$", page, re.MULTILINE)
    assert len(told) == 7
    for line in told:
        assert re.search(r"\s+".join(re.escape(word) for word in line.split()), settings), line


def anchors(page: str) -> set[str]:
    """What the headings of a page are called in links."""
    titles = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


# How texts are cut


def test_the_example_of_the_page_about_texts_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Collection.create("my.anysense", ["starter"], device="cpu").close()
    [example] = blocks((ROOT / "docs" / "texts.md").read_text(encoding="utf-8"), "python")
    exec(compile(example, "docs/texts.md", "exec"), {})
    assert capsys.readouterr().out == "Setup > Linux | Restart the service afterwards.\n"
