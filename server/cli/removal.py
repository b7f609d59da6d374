"""Asking before a build removes most of what a list has given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click

from anysense.server.cli import console
from anysense.server.cli.status import USAGE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ask_before_removal"]

ReportT = TypeVar("ReportT")


def is_answered() -> bool:
    """Whether somebody sees a question and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_before_removal(build: Callable[[bool], ReportT], allow_removal: bool) -> ReportT:
    """Build; where that is refused for what it would remove, ask, and build again after a yes.

    Nobody is asked where nobody can answer: without a terminal it stays refused. After a no the
    command ends, with nothing done.

    Args:
        build: builds, told whether it may remove so much.
        allow_removal: whether it may without asking.

    Raises:
        RemovalError: it may not.
    """
    from anysense.embed.errors import RemovalError

    try:
        return build(allow_removal)
    except RemovalError as error:
        if not is_answered():
            raise
        console.note(str(error))
        if not click.confirm("Remove them?", default=False, err=True):
            raise click.exceptions.Exit(USAGE) from None
        return build(True)
