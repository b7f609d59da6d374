"""`anysense search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.finding.opening import open_page
from anysense.server.cli.naming import resolve_id
from anysense.server.cli.options import COLLECTION
from anysense.server.cli.searching import (
    check_output,
    output_options,
    search_options,
    show_hits,
    take_question,
    why_nothing,
)
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from anysense.index.collection import Collection
    from anysense.index.hits.media import ItemReader

__all__ = ["search"]


@click.command(short_help="Search by text, image, sound, or several of them.")
@COLLECTION
@click.argument("texts", nargs=-1, metavar="[TEXT]")
@search_options
@output_options
def search(
    path: str,
    texts: tuple[str, ...],
    device: str,
    as_json: bool,
    files: bool,
    null: bool,
    preview: bool,
    opens: bool,
    **options: Any,  # of the question, and of Retriever.retrieve by the same names
) -> int:
    """Search a collection by text, image, sound, or several of them.

    Several inputs make one query, and --not subtracts from it. Every query finds items of every
    kind. A score says how rarely chance scores so high: one unrelated segment in 100 has a score of
    2 or more, one in 1,000 of 3 or more, whatever its modality.

    A hit is an item with the segment of it that matched best: a passage, a window of a sound, a
    picture, a page. Where other segments of it matched well, too, they are told as well; of a
    recording or a video, the moments that they make up together.

    With --json: an object with `collection`, `query` (a list of terms, each with `content` or
    `like`, `modality` and `weight`), `no_match` (true if chance alone may have put the best item
    where it is, so that probably nothing answers the query) and `hits`, best first, each with `id`,
    `kind`, `modality`, `score`, `raw_score`, `route`, `source`, `space`, `start`, `end`, `unit`,
    `page`, `box`, `origin`, `heading`, `text`, `metadata`, `segments`, the item's other segments
    that matched well, with the same fields as far as they are a segment's, and `moments`, the
    seconds of a recording or a video that matched, each with `start`, `end`, `score`, `frame` and
    `modalities`.
    """
    from anysense.index.collection import Collection
    from anysense.index.ranking.query import Term
    from anysense.index.ranking.retriever import CollectionRetriever

    preview = check_output(as_json=as_json, files=files, null=null, preview=preview)
    if len(texts) > 1:
        raise click.UsageError(f'Put a text of several words in quotes: "{" ".join(texts)}".')
    question = take_question(texts[0] if texts else None, options)
    with Collection.open(path, device=device) as collection:
        likes = [Term(like=resolve_id(collection, name)) for name in question.likes]
        terms = question.terms(likes)
        if opens:
            open_page(Path(path), path, terms, options)
            return DONE
        reader = _reader_of(collection) if preview else None
        hits = CollectionRetriever(collection, reader=reader).retrieve(terms, **options)
        if not hits:
            console.note(f"Nothing found{why_nothing(collection, **options)}.")
        facts = {"collection": path}
        show_hits(hits, facts, terms, as_json=as_json, files=files, null=null, preview=preview)
    return DONE


def _reader_of(collection: Collection) -> ItemReader:
    from anysense.index.showing.reader import CollectionReader

    return CollectionReader(collection.folder)
