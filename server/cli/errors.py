"""What is said of an error: one sentence on standard error, and an exit status."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import click

from anysense.embed.errors import AnysenseError, UsageError
from anysense.embed.shown import shown_name
from anysense.server.cli.console import MOST_SAID, printable
from anysense.server.cli.status import ERROR, INTERRUPTED, NO_READER, USAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["question_after", "report_error", "report_interrupt"]


def report_error(error: Exception, *, debug: bool) -> int:
    """Say on standard error what went wrong; the exit status.

    Args:
        error: whatever a command, or click, has raised.
        debug: show the traceback of what is not the user's mistake.
    """
    if isinstance(error, BrokenPipeError):  # the reader, such as `head`, has had enough
        _close_output()
        return NO_READER
    if isinstance(error, click.exceptions.Abort):
        return report_interrupt()
    if isinstance(error, click.ClickException):
        return _report_click(error)
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, AnysenseError):
        _say(str(error))
        return USAGE if isinstance(error, UsageError) else ERROR
    if isinstance(error, OSError) and error.filename is None:  # from writing what it has to say
        _close_output()
        _say(f"The output could not be written: {error.strerror}.")
        return ERROR
    _say(f"{type(error).__name__}: {error}".strip().rstrip(":"))
    hint = "report it with the traceback" if debug else "see the traceback with `anysense --debug`"
    click.echo(f"This is a bug in anysense: {hint}.", err=True)
    return ERROR


def report_interrupt() -> int:
    """Say that Ctrl-C ended the command; the exit status."""
    _say("stopped.")
    return INTERRUPTED


def question_after(name: str, names: Iterable[str]) -> str:
    """What to add to "there is no such name": whether one that is like it was meant."""
    import difflib

    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _report_click(error: click.ClickException) -> int:
    """Say what click found wrong with the command line."""
    message = error.format_message()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(message, err=True)
        return USAGE
    if isinstance(error, click.NoSuchOption) and error.option_name.startswith("-"):
        question = question_after(error.option_name, error.possibilities or ())
        message = f"No such option '{error.option_name}'{question}"
    _say(message)
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"Type `{context.command_path} -h` for help.", err=True)
    return USAGE if isinstance(error, click.UsageError) else ERROR


def _say(message: str) -> None:
    click.echo(f"error: {_sentence(shown_name(message, MOST_SAID))}", err=True)


def _sentence(message: str) -> str:
    """A message on one line that ends like a sentence."""
    text = " ".join(printable(message).split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _close_output() -> None:
    """Let what is still to be flushed at exit go nowhere, as it cannot be written."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
