"""Hits, items and facts as a person reads them: tables in a terminal, plain lines in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from anysense.server.console import (
    short_path,
    show_place,
    stdout_console,
    stdout_is_terminal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from anysense.index.hit import Hit

__all__ = ["print_facts", "print_hits", "print_table"]

SNIPPET = 100


def print_hits(hits: Sequence[Hit], title: str | None = None) -> None:
    """Print hits, best first: score, modality, where in the item, source, and the text found."""
    rows = [
        (f"{hit.score:.2f}", str(hit.modality), _place(hit), short_path(hit.source), _snippet(hit))
        for hit in hits
    ]
    columns = [("score", "right"), ("kind", "left"), ("where", "right"), ("source", "left")]
    print_table([*columns, ("text", "left")], rows, title)


def print_table(
    columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], title: str | None = None
) -> None:
    """Print rows: a table in a terminal, values with tabs between them elsewhere.

    Args:
        columns: the name of each column, and ``left`` or ``right``.
        rows: a string for each column.
        title: said above the table.
    """
    rows = [[_one_line(value) for value in row] for row in rows]
    if not stdout_is_terminal():
        if title:
            click.echo(title)
        for row in rows:
            click.echo("\t".join(row).rstrip("\t"))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    used = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    for i in used:
        name, side = columns[i]
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[i]) for i in used))  # Text: a file's name is no markup
    stdout_console().print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values, one below the other."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        click.echo(f"{name:<{width}}  {_one_line(str(value))}")


def _place(hit: Hit) -> str:
    place = show_place(str(hit.modality), hit.start, hit.end)
    return f"{place} {hit.route}".strip() if hit.route != "native" else place


def _snippet(hit: Hit) -> str:
    text = _one_line(hit.text or "")
    return text if len(text) <= SNIPPET else text[: SNIPPET - 1].rstrip() + "…"


def _one_line(value: str) -> str:
    """A value without line breaks and control characters, which could rewrite the terminal."""
    return "".join(c if c.isprintable() else " " for c in " ".join(value.split()))
