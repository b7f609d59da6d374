"""Asking the collection of a folder: by way of a service that has it, or by itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import AnysenseError, ItemNotFoundError
from anysense.index.hits.hits import Hits
from anysense.index.ranking.query import Term
from anysense.server.cli import console
from anysense.server.cli.naming import resolve_id
from anysense.server.cli.searching import why_nothing
from anysense.server.client.running import KEY, service_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.index.collection import Collection
    from anysense.server.cli.finding.sources import Source
    from anysense.server.cli.finding.targets import Target
    from anysense.server.cli.searching import Question
    from anysense.server.client.running import RunningService

__all__ = ["Answer", "ask", "terms_of", "usable_service"]

SERVICE_SECONDS = 30.0
"""How long a service may take; then the collection itself is asked."""


class Answer(NamedTuple):
    """What was found in a folder, by which service if by one, and why nothing, if nothing."""

    hits: Hits
    terms: list[Term]
    service: str | None
    why: str


def ask(source: Source, question: Question, options: Mapping[str, Any]) -> Answer:
    """Ask a question of one folder.

    Args:
        source: what to ask.
        question: the terms.
        options: those of `Retriever.retrieve`.

    Raises:
        AnysenseError: the question cannot be answered.
    """
    target = source.target
    terms = terms_of(source, question)
    asked = {**options, "where": _where(target, options["where"])}
    service = usable_service(target)
    hits = None if service is None else _hits_of_service(*service, terms, asked)
    url = None if hits is None or service is None else service[0].url
    if hits is None:
        hits = _hits_of_collection(source.collection, terms, asked)
    if target.is_part:
        hits = _with_paths_inside(hits, target)
    if not source.is_current:
        hits = _without_gone(hits)
    why = "" if hits else why_nothing(source.collection, **options)
    return Answer(hits, terms, url, why)


def terms_of(source: Source, question: Question) -> list[Term]:
    """The terms of a question, with the items of a collection that it names.

    Raises:
        ItemNotFoundError: it names one that is neither an item nor a file.
    """
    likes = [_like(source.collection, name) for name in question.likes]
    return question.terms(likes)


def usable_service(target: Target) -> tuple[RunningService, str] | None:
    """The service that has the collection of a folder, if we may ask it, and its name there."""
    found = service_of(target.cached.path)
    if found is None or (found[0].needs_key and KEY not in os.environ):
        return None
    return found


def _hits_of_service(
    service: RunningService, name: str, terms: Sequence[Term], options: Mapping[str, Any]
) -> Hits | None:
    """What a service finds; None if it cannot say, or not in which files."""
    from anysense.server.client.client import Client

    key = os.environ[KEY] if service.needs_key else None
    try:
        with Client(
            service.url, api_key=key, collection=name, timeout=SERVICE_SECONDS, retries=0
        ) as client:
            hits = client.search(list(terms), **options)
    except AnysenseError:  # what is wrong with the question, the collection says itself
        return None
    return hits if all(Path(hit.source).is_absolute() for hit in hits) else None


def _hits_of_collection(
    collection: Collection, terms: Sequence[Term], options: Mapping[str, Any]
) -> Hits:
    from anysense.index.ranking.retriever import CollectionRetriever

    return CollectionRetriever(collection).retrieve(list(terms), **options)


def _like(collection: Collection, name: str) -> Term:
    """A term for an item, or for a file that is none of the items.

    Raises:
        ItemNotFoundError: it is neither.
    """
    from anysense.embed.media.identify import modality_of_path

    try:
        return Term(like=resolve_id(collection, name))
    except ItemNotFoundError:
        modality = modality_of_path(name)
        if modality is None:
            raise
        return Term(Path(name).expanduser(), modality=modality)


def _where(target: Target, where: str | None) -> str | None:
    """A filter that lets only pass what is in the folder."""
    if not target.is_part:
        return where
    inside = f"source ^= {_quoted(target.prefix)}"
    if target.shared:
        inside += f" or id in ({', '.join(map(_quoted, target.shared))})"
    return f"({where}) and ({inside})" if where else inside


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _with_paths_inside(hits: Hits, target: Target) -> Hits:
    """The hits under the paths that their files have in the folder."""
    shown = [
        hit
        if hit.source.startswith(target.prefix)
        else replace(hit, source=target.shared.get(hit.id, hit.source))
        for hit in hits
    ]
    return Hits(shown, no_match=hits.no_match, state=hits.state)


def _without_gone(hits: Hits) -> Hits:
    """The hits whose files are still there, where that was not looked up before."""
    from anysense.index.building.sources.paths import is_alive

    present = [hit for hit in hits if is_alive(hit.source)]
    if len(present) < len(hits):
        files = console.count(len(hits) - len(present), "hit")
        console.note(f"{files} left out: the file is gone.")
    return Hits(present, no_match=hits.no_match, state=hits.state)
