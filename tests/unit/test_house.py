"""The rules of the house, which no single module can break unnoticed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import anysense

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LAYERS = ("embed", "index", "server")
ROOT_FOLDER = "server/_root"
HEAVY = ("torch", "faiss", "fastapi", "transformers", "open_clip", "numpy", "PIL", "sqlite3")


def modules(layer: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / layer).rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_one_way(layer: str) -> None:
    above = LAYERS[LAYERS.index(layer) + 1 :]
    for path, tree in modules(layer):
        for name in imported(tree):
            assert not name.startswith(tuple(f"anysense.{other}" for other in above)), path


def test_each_heavy_library_has_its_place() -> None:
    for layer in LAYERS:
        for path, tree in modules(layer):
            tops = {name.split(".")[0] for name in imported(tree)}
            if "faiss" in tops:
                assert path.parent == Path("index/vectors/faiss")
            if "torch" in tops:
                assert path.is_relative_to("embed/encoders") or path.parts[1] == "pipeline", path
            if {"fastapi", "starlette", "uvicorn"} & tops:
                assert path.parts[0] == "server"


def test_public_names_are_those_documented() -> None:
    documented = set(anysense.__all__)
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
    folders = {str(p.parent.relative_to(ROOT)) for la in LAYERS for p in (ROOT / la).rglob("*.py")}
    listed = set(tables["packages"])
    assert listed == {
        "anysense",
        *("anysense." + f.replace("/", ".") for f in folders - {ROOT_FOLDER}),
    }


def test_files_stay_short() -> None:
    lengths = {p: len((ROOT / p).read_text().splitlines()) for la in LAYERS for p, _ in modules(la)}
    assert {p: n for p, n in lengths.items() if n > 400} == {}
