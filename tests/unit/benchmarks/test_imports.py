"""What benchmarks take from each other is there: nothing else runs them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
SCRIPTS = sorted(BENCHMARKS.rglob("*.py"))


def names_of(script: Path) -> set[str]:
    """All names that a module binds outside functions and classes."""
    names = {"__doc__"}
    waiting: list[ast.AST] = [ast.parse(script.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return names


def taken_from(script: Path) -> list[tuple[Path, str]]:
    """The names that a script imports from others beside it or above it."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    return [
        (path, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for folder in (script.parent, BENCHMARKS)
        if (path := folder / f"{node.module}.py").exists()
        for alias in node.names
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(BENCHMARKS)))
def test_a_benchmark_finds_what_it_takes_from_others(script: Path) -> None:
    missing = [(path.name, name) for path, name in taken_from(script) if name not in names_of(path)]

    assert missing == []


def test_something_is_taken() -> None:
    assert sum(len(taken_from(script)) for script in SCRIPTS) > 50
