"""Opening the page of a service with a query."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.embed.errors import AnysenseError, UsageError
from anysense.server.cli import console
from anysense.server.client.links import page_link
from anysense.server.client.running import KEY, service_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.index.ranking.query import Term
    from anysense.server.client.links import Upload
    from anysense.server.client.running import RunningService

__all__ = ["open_page"]

LONGEST_LINK = 12 * 1024
"""A service takes heads of 16 KiB, in which browsers have more to say than the address."""


def open_page(
    path: Path,
    served_as: str,
    terms: Sequence[Term],
    options: Mapping[str, Any],
    prefix: str | None = None,
) -> None:
    """Open the page of the service that has a collection, and tell its address.

    Args:
        path: the collection.
        served_as: what to give `anysense serve`, if no service has it.
        terms: of the query.
        options: of the search, by the names of `Retriever.retrieve`.
        prefix: only what has a path that begins so.

    Raises:
        UsageError: the page cannot be told what is asked.
        MediaError: a file of the query cannot be read.
        AnysenseError: no service has the collection, or it does not take the files.
    """
    if options["where"] is not None:
        raise UsageError("--where does not go with --open: the page has filters of its own.")
    found = service_of(path)
    if found is None:
        raise AnysenseError(
            f"No service has {served_as}, so there is no page to open: start one with "
            f"`anysense serve {shlex.quote(served_as)}`."
        )
    service, name = found
    link = page_link(
        service.url,
        name,
        _kept(service, name, terms),
        modalities=options["modalities"] or (),
        kinds=options["kinds"] or (),
        where=None if prefix is None else {"source": {"$prefix": prefix}},
        min_score=options["min_score"],
        match=options["match"],
        fusion=options["fusion"],
    )
    if len(link) > LONGEST_LINK:
        raise UsageError("What is asked is too long for an address: shorten it to open the page.")
    console.note(link)
    click.launch(link)


def _kept(service: RunningService, name: str, terms: Sequence[Term]) -> list[Term | Upload]:
    """The terms of a link: files are left with the service, which shows them."""
    from anysense.server.client.client import Client

    if not any(isinstance(term.content, Path) for term in terms):
        return list(terms)
    key = os.environ.get(KEY) if service.needs_key else None
    with Client(service.url, api_key=key, collection=name) as client:
        return [
            client.keep(term.content)._replace(weight=term.weight)
            if isinstance(term.content, Path)
            else term
            for term in terms
        ]
