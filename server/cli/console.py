"""What the commands print: one JSON object, lines for a pipe, or tables for a terminal."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.embed.shown import shown_name

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "MOST_SAID",
    "WarningHandler",
    "count",
    "note",
    "print_json",
    "print_json_line",
    "short_path",
    "show_size",
    "shown_path",
    "stdout_console",
    "stdout_is_terminal",
]


MOST_SAID = 2000
"""Characters of one message."""


def stdout_is_terminal() -> bool:
    return sys.stdout.isatty()


def stdout_console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, emoji=False)


def print_json(value: Any) -> None:
    """Print one JSON object on standard output, in letters that the stream can take."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=2, ensure_ascii=plain))


def print_json_line(value: Any) -> None:
    """Print one JSON object on a line of its own, for whoever reads one after the other."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, ensure_ascii=plain))


def note(message: str) -> None:
    """Tell the user something on standard error, which no script reads.

    Names of files may hold control characters, which could rewrite the terminal.
    """
    click.echo(printable(shown_name(message, MOST_SAID)), err=True)


class WarningHandler(logging.Handler):
    """Tells the user what libraries, and anysense, warn of, as `note` does.

    Python's own handler for what nobody else takes would show names of any length, with the control
    characters in them.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if isinstance(record.args, tuple):
                args = [shown_name(str(a)) if isinstance(a, str | Path) else a for a in record.args]
                note(str(record.msg) % tuple(args) if args else str(record.msg))
            else:
                note(record.getMessage())
            if record.exc_info:
                note(logging.Formatter().formatException(record.exc_info))
        except Exception:  # what cannot be told must not stop what it is about
            self.handleError(record)


def printable(text: str) -> str:
    """A text without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def print_path(path: str, end: str = "\n") -> None:
    """Print a path as it is, for scripts; in a terminal, short and without control characters.

    Args:
        path: as the disk has it, or from the current folder.
        end: what ends it. Before a NUL it is always as it is, as that is for another program.
    """
    if path.startswith("-"):  # which that program would take for an option
        path = os.path.join(os.curdir, path)  # noqa: PTH118 - a Path would leave out the dot
    if stdout_is_terminal() and end == "\n":
        click.echo(printable(shown_name(path)))
    else:  # as the file is called on the disk
        click.echo((path + end).encode("utf-8", "surrogateescape"), nl=False)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: "1 file", "2,000 files"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def show_size(size: float) -> str:
    """A number of bytes for people: 512 B, 3.4 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def short_path(path: str) -> str:
    """A path as short as it can be said from here: relative if it is below this folder."""
    here = str(Path.cwd()).rstrip(os.sep) + os.sep
    return path.removeprefix(here)


def shown_path(path: str) -> str:
    """The same for people: a very long one is shortened in its middle."""
    return shown_name(short_path(path))
