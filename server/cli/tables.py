"""Hits, items and facts as a person reads them: tables in a terminal, plain lines in a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from anysense.embed.shown import shown_name
from anysense.embed.types import HEADING_SIGN, Place, Unit
from anysense.index.hits.places import show_place
from anysense.server.cli.console import (
    printable,
    short_path,
    stdout_console,
    stdout_is_terminal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console
    from rich.text import Text

    from anysense.embed.types import Origin
    from anysense.index.hits.hit import Hit, HitSegment
    from anysense.index.hits.moments import Moment

__all__ = ["Column", "passage_line", "print_facts", "print_hits", "print_table"]

SNIPPET = 100
MOST_PLACES = 3
GAP = 2  # between columns, as rich leaves it
LEAST_WIDTH = 8


class Column(NamedTuple):
    """A column of a table: its name, and how a terminal shows it.

    `is_whole`: never cut or broken, as one may want to type it. `is_short`: cut to one line.
    """

    name: str
    is_number: bool = False
    is_path: bool = False
    is_whole: bool = False
    is_short: bool = False


def print_hits(hits: Sequence[Hit], title: str | None = None, *, is_short: bool = False) -> None:
    """Print hits, best first: score, modality, where in the item, source, text, and where else.

    Args:
        hits: what was found.
        title: said above them.
        is_short: outside of terminals, too, paths below the current folder are said from there.
    """
    shorten = short_path if is_short and not stdout_is_terminal() else str
    columns = [
        Column("score", is_number=True),
        Column("modality", is_whole=True),
        Column("where", is_number=True),
        Column("source", is_path=True),
        Column("text", is_short=True),
        Column("also", is_short=True),
    ]
    rows = [
        (
            f"{hit.score:.2f}",
            str(hit.modality),
            _where(hit),
            shorten(hit.source),
            _snippet(hit),
            _also(hit),
        )
        for hit in hits
    ]
    print_table(columns, rows, title)


def print_table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    title: str | None = None,
    *,
    has_header: bool = False,
) -> None:
    """Print rows: a table in a terminal, values with tabs between them elsewhere.

    Args:
        columns: what each value of a row is.
        rows: a string for each column.
        title: said above the table.
        has_header: name the columns elsewhere too.
    """
    paths = {at for at, column in enumerate(columns) if column.is_path}
    rows = [
        [_one_line(shown_name(value) if at in paths else value) for at, value in enumerate(row)]
        for row in rows
    ]
    if stdout_is_terminal():
        _print_for_eyes(columns, rows, title)
        return
    if title:
        click.echo(title)
    if has_header:
        click.echo("\t".join(column.name for column in columns))
    for row in rows:
        click.echo("\t".join(row).rstrip("\t"))


def _print_for_eyes(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str | None
) -> None:
    from rich.table import Table
    from rich.text import Text

    console = stdout_console()
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    present = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    widths = _widths(
        [columns[i] for i in present], [[row[i] for i in present] for row in rows], console
    )
    for i, width in zip(present, widths, strict=True):
        side: Literal["left", "right"] = "right" if columns[i].is_number else "left"
        wraps = not (columns[i].is_path or columns[i].is_whole or columns[i].is_short)
        table.add_column(columns[i].name, justify=side, no_wrap=not wraps, width=width)
    for row in rows:
        table.add_row(
            *(
                # Never a plain string: a text with brackets is no markup.
                _path_cell(row[i], width) if columns[i].is_path else Text(row[i])
                for i, width in zip(present, widths, strict=True)
            )
        )
    console.print(table)


def _widths(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], console: Console
) -> list[int]:
    """How wide each column is: numbers and whole values as they are, the others what is left."""
    widths = [
        max([len(column.name), *(len(short_path(row[i])) for row in rows)])
        for i, column in enumerate(columns)
    ]
    flexible = [i for i, c in enumerate(columns) if not (c.is_whole or c.is_number)]
    fixed = sum(width for i, width in enumerate(widths) if i not in flexible)
    left = console.width - fixed - GAP * (len(columns) - 1)
    for i in sorted(flexible, key=lambda i: widths[i]):  # who needs little leaves more to others
        share = left // len(flexible)
        widths[i] = max(LEAST_WIDTH, min(widths[i], share))
        left -= widths[i]
        flexible = [j for j in flexible if j != i]
    return widths


def _path_cell(source: str, width: int) -> Text:
    """The end of a path, which tells most, with a link to the file where the terminal has links."""
    from rich.style import Style
    from rich.text import Text

    short = short_path(source)
    if len(short) > width:
        short = "…" + short[1 - width :]
    path = Path(source)
    return Text(short, Style(link=path.as_uri()) if path.is_absolute() else "")


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values, one below the other."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        click.echo(f"{_one_line(name):<{width}}  {_one_line(str(value))}")


def _where(hit: Hit) -> str:
    """Where in the item it matched best: of a recording or a video, the moment."""
    if hit.unit is not Unit.SECONDS or not hit.moments:
        return _place(hit)
    return _with_route(_span(hit.moments[0], hit.origin), hit)


def _place(hit: Hit | HitSegment) -> str:
    return _with_route(show_place(hit.place, hit.origin), hit)


def _span(moment: Moment, origin: Origin | None = None) -> str:
    return show_place(Place.of_seconds(moment.start, moment.end), origin)


def _with_route(place: str, hit: Hit | HitSegment) -> str:
    return f"{place} {hit.route}".strip() if hit.route != "native" else place


def _also(hit: Hit) -> str:
    """Where else in the item something matched well: other moments, and what has no time."""
    moments = hit.moments[1:] if hit.unit is Unit.SECONDS else hit.moments
    others = (segment for segment in hit.segments if segment.unit is not Unit.SECONDS)
    places = [f"{' '.join(moment.modalities)} {_span(moment)}" for moment in moments]
    places += [f"{segment.modality} {_place(segment)}".strip() for segment in others]
    return ", ".join(list(dict.fromkeys(places))[:MOST_PLACES])


def _snippet(hit: Hit) -> str:
    text = _one_line(passage_line(hit.heading, hit.text))
    return text if len(text) <= SNIPPET else text[: SNIPPET - 1].rstrip() + "…"


def passage_line(heading: Sequence[str], text: str | None) -> str:
    """A passage after the headings that it stands under."""
    return ": ".join(filter(None, [HEADING_SIGN.join(heading), text]))


def _one_line(value: str) -> str:
    """A value without line breaks and control characters, which could rewrite the terminal."""
    return printable(" ".join(value.split()))
