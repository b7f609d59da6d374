"""The rules of the house, which no single module can break unnoticed."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import anysense

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LAYERS = ("embed", "index", "server")
NAMES = {"server/_root": "anysense", "server/adapters": "anysense.adapters"}
"""The folders that are packages under another name than their path, with those inside them."""
HEAVY = ("torch", "faiss", "fastapi", "transformers", "open_clip", "numpy", "PIL", "sqlite3")


MOST_MODULES = 16
OF_NAMED_TUPLES = ("_replace", "_fields", "_asdict", "_make")


def modules(layer: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / layer).rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """What a module imports, for types and inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(path: Path) -> str:
    folder, name = path.parent.as_posix(), path.stem
    top = "/".join(folder.split("/")[:2])
    package = NAMES.get(top, "anysense." + top.replace("/", ".")) + folder[len(top) :].replace(
        "/", "."
    )
    return package if name == "__init__" else f"{package}.{name}"


def test_imports_keep_the_contract_of_the_rooms() -> None:
    """The contract is in pyproject.toml. In a process of its own: the tool silences all loggers."""
    lint = "from importlinter.cli import lint_imports as lint; exit(lint(no_cache=True))"
    outcome = subprocess.run(
        [sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_no_files_import_each_other_in_a_circle() -> None:
    trees = {dotted(path): tree for layer in LAYERS for path, tree in modules(layer)}
    graph = {
        name: {other for other in imported(tree) if other in trees and other != name}
        for name, tree in trees.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises an error that names a circle


def test_no_room_is_crowded() -> None:
    folders = Counter(path.parent for layer in LAYERS for path, _ in modules(layer))
    assert {folder: n for folder, n in folders.items() if n - 1 > MOST_MODULES} == {}


def test_each_room_says_in_a_sentence_what_it_is_for() -> None:
    rooms = {path: tree for layer in LAYERS for path, tree in modules(layer)}
    for path, tree in rooms.items():
        if path.name == "__init__.py" and path.parts[1] != "_root":
            sentence = ast.get_docstring(tree) or ""
            assert re.fullmatch(r"[A-Z`][^\n]+\.", sentence), path
            for node in tree.body[1:]:  # a front door: the room's own names for those outside
                is_door = isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                    dotted(path)
                )
                assert is_door or ast.unparse(node).startswith("__all__ = "), path
    folders = {path.parent for path in rooms}
    assert {folder for folder in folders if folder / "__init__.py" not in rooms} == set()


def private_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Private names of others that a test touches, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            name, owner = node.attr, ast.unparse(node.value)
            is_private = name.startswith("_") and not name.startswith("__")
            if is_private and name not in OF_NAMED_TUPLES and owner not in ("self", "cls"):
                yield node.lineno, name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("anysense"):
            yield from ((node.lineno, a.name) for a in node.names if a.name.startswith("_"))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setattr"):
            for argument in node.args[:2]:
                value = argument.value if isinstance(argument, ast.Constant) else ""
                if isinstance(value, str) and re.search(r"(^|\.)_[a-zA-Z]\w*$", value):
                    yield argument.lineno, value


def test_tests_say_why_they_touch_private_names() -> None:
    unexplained = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for line, name in private_names(ast.parse(text)):
            beside = " ".join(lines[max(0, line - 2) : line])
            if "#" not in re.sub(r"# (type|noqa):? ?\S*", "", beside):
                unexplained.append(f"{path.relative_to(ROOT)}:{line} {name}")
    assert unexplained == []


def test_each_heavy_library_has_its_place() -> None:
    for layer in LAYERS:
        for path, tree in modules(layer):
            tops = {name.split(".")[0] for name in imported(tree)}
            if "faiss" in tops:
                assert path.parent == Path("index/vectors/faiss")
            if "pymilvus" in tops:
                assert path.parent == Path("index/vectors/milvus")
            if "torch" in tops:
                assert path.is_relative_to("embed/encoders") or path.parts[1] == "pipeline", path
            if {"fastapi", "starlette", "uvicorn"} & tops:
                assert path.parts[0] == "server"


def test_public_names_are_those_documented() -> None:
    documented = set(anysense.__all__)
    # The table of what loads late is nobody else's, but each documented name must be in it.
    assert documented == {*anysense._HOME, "AnysenseError", "errors"}
    assert all(getattr(anysense, name).__doc__ for name in documented)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(documented) if f"`{name}`" not in readme] == []


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        anysense.nothing  # noqa: B018


@pytest.mark.parametrize("arguments", [["-c", "import anysense"], ["-m", "anysense", "--help"]])
def test_nothing_heavy_loads_before_it_is_needed(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True
    )
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert loaded.isdisjoint(HEAVY)


def test_packages_are_the_folders() -> None:
    if sys.version_info < (3, 11):
        pytest.skip("tomllib came with Python 3.11")
    import tomllib

    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    files = [path for layer in LAYERS for path, _ in modules(layer)]
    assert set(tables["packages"]) == {dotted(path.parent / "__init__.py") for path in files}


def test_files_stay_short() -> None:
    lengths = {p: len((ROOT / p).read_text().splitlines()) for la in LAYERS for p, _ in modules(la)}
    assert {p: n for p, n in lengths.items() if n > 400} == {}
