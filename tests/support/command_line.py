"""The command line, run inside the process of the tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result

from anysense.server.cli.root import cli

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hits_of", "run", "run_json", "sources_of"]


def run(*args: str | Path, status: int = 0, text: str | None = None) -> Result:
    """Run a command that ends with a status; `text` is what comes from a pipe."""
    result = CliRunner().invoke(cli, [str(arg) for arg in args], input=text)
    assert result.exit_code == status, result.output
    return result


def run_json(*args: str | Path, status: int = 0) -> Any:
    """What a command prints with --json."""
    return json.loads(run(*args, "--json", status=status).stdout)


def hits_of(built: Path, *options: str) -> list[dict[str, Any]]:
    """The hits of a search for "red"."""
    hits: list[dict[str, Any]] = run_json("search", built, "red", *options)["hits"]
    return hits


def sources_of(built: Path, *options: str) -> list[str]:
    return [hit["source"] for hit in hits_of(built, *options)]
