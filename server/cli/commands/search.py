"""`anysense search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.naming import resolve_id, why_none
from anysense.server.cli.options import COLLECTION, DEVICE, JSON, WHERE
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.collection import Collection
    from anysense.index.hits.hit import Hit
    from anysense.index.ranking.query import Term

__all__ = ["search"]

NO_MATCH = "No hit stands out from what chance would find: these are the nearest."
FILE = click.Path(exists=True, dir_okay=False)


@click.command(short_help="Search by text, image, sound, or several of them.")
@COLLECTION
@click.argument("texts", nargs=-1, metavar="[TEXT]")
@click.option("--image", "images", type=FILE, multiple=True, metavar="F", help="An image file.")
@click.option(
    "--audio", "sounds", type=FILE, multiple=True, metavar="F", help="A sound of up to 10 minutes."
)
@click.option(
    "--like", "likes", multiple=True, metavar="ID", help="An item of the collection, by id or path."
)
@click.option("--not", "unwanted", multiple=True, metavar="TEXT", help="A text to subtract.")
@click.option(
    "-k", type=click.IntRange(1, 1000), default=10, show_default=True, metavar="N", help="Hits."
)
@click.option(
    "--modality",
    "modalities",
    type=click.Choice(["text", "image", "audio"]),
    multiple=True,
    help="Only segments of this modality; may be given again.",
)
@WHERE
@click.option("--min-score", type=float, metavar="X", help="Only hits of at least this score.")
@click.option(
    "--per-modality-k",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="At most so many hits of each modality.",
)
@click.option(
    "--offset",
    type=click.IntRange(0, 999),
    default=0,
    metavar="N",
    help="Leave out the N best, for the next page; keep -k the same. N and -k are at most 1,000 "
    "together. Each page is of the collection as it is then: what was added or removed since the "
    "page before moves it.",
)
@click.option(
    "--collapse",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="COSINE",
    help="Of segments of one modality that are at least so much alike, only the best counts; 0.95 "
    "leaves out near-copies, but for what other segments find. Files are not found by "
    "their names then.",
)
@click.option(
    "--fusion",
    type=click.Choice(["calibrated", "rrf", "round_robin"]),
    default="calibrated",
    show_default=True,
    help="How the modalities become one list: by score, by reciprocal rank, or in turns.",
)
@click.option(
    "--match",
    type=click.Choice(["both", "vector", "words"]),
    default="both",
    show_default=True,
    help="By what texts are found: by their vectors, by their words (and files of every kind by "
    "their names, but not with --collapse), or by both together. By words alone no "
    "model is loaded.",
)
@DEVICE
@JSON
@click.option(
    "-f", "--files", is_flag=True, help="Print only the paths of hits that are files, one a line."
)
def search(
    path: str,
    texts: tuple[str, ...],
    images: tuple[str, ...],
    sounds: tuple[str, ...],
    likes: tuple[str, ...],
    unwanted: tuple[str, ...],
    device: str,
    as_json: bool,
    files: bool,
    **options: Any,  # of Retriever.retrieve, by the same names
) -> int:
    """Search a collection by text, image, sound, or several of them.

    Several inputs make one query, and --not subtracts from it. Every query finds items of every
    kind. A score says how rarely chance scores so high: one unrelated segment in 100 has a score of
    2 or more, one in 1,000 of 3 or more, whatever its modality.

    A hit is an item with the segment of it that matched best: a passage, a window of a sound, a
    picture, a page. Where other segments of it matched well, too, they are told as well.

    With --json: an object with `collection`, `query` (a list of terms, each with `content` or
    `like`, `modality` and `weight`), `no_match` (true if chance alone may have put the best item
    where it is, so that probably nothing answers the query) and `hits`, best first, each with `id`,
    `kind`, `modality`, `score`, `raw_score`, `route`, `source`, `space`, `start`, `end`, `unit`,
    `page`, `box`, `origin`, `heading`, `text`, `metadata` and `segments`, the item's other segments
    that matched well, with the same fields as far as they are a segment's.
    """
    from anysense.index.collection import Collection
    from anysense.index.ranking.retriever import CollectionRetriever
    from anysense.server.cli.tables import print_hits

    if as_json and files:
        raise click.UsageError("Give --json or --files, not both.")
    if len(texts) > 1:
        raise click.UsageError(f'Put a text of several words in quotes: "{" ".join(texts)}".')
    if not (texts or images or sounds or likes):
        raise click.UsageError("Give a TEXT, --image, --audio or --like to search by.")
    _hint_at_files(texts, unwanted)
    with Collection.open(path, device=device) as collection:
        likes = tuple(resolve_id(collection, name) for name in likes)
        terms = query_terms(texts[0] if texts else None, images, sounds, likes, unwanted)
        options["modalities"] = options["modalities"] or None
        hits = CollectionRetriever(collection).retrieve(terms, **options)
        why = "" if hits else _why_nothing(collection, **options)
    if not hits:
        console.note(f"Nothing found{why}.")
    elif hits.no_match and not as_json:
        console.note(NO_MATCH)
    if as_json:
        console.print_json(
            {
                "collection": path,
                "query": [_term_json(term) for term in terms],
                "no_match": hits.no_match,
                "hits": [hit.to_dict() for hit in hits],
            }
        )
    elif files:
        _print_files(hits)
    elif hits:
        print_hits(hits)
    return DONE


def _hint_at_files(texts: Sequence[str], unwanted: Sequence[str]) -> None:
    """Say how to search by a file, if that may be what a text means that is the path of one."""
    from anysense.embed.media.identify import modality_of_path

    hints = {
        "image": "--image {} searches by what it shows",
        "audio": "--audio {} searches by how it sounds",
        "text": "--like {} searches by what it says, if it is in the collection",
    }
    for text in texts:
        modality = modality_of_path(text)
        if modality is not None:
            hint = hints[modality.value].format(text)
            console.note(f"{text} is a file, and its name is searched as words: {hint}.")
    for text in unwanted:
        if modality_of_path(text) is not None:
            console.note(f"{text} is a file, and its name is subtracted as words.")


def _print_files(hits: Sequence[Hit]) -> None:
    """Print the paths of the hits that are files: a text of a manifest, or added alone, is none."""
    from anysense.index.building.sources.paths import is_file, table_of

    sources = list(dict.fromkeys(hit.source for hit in hits))
    for source in sources.copy():
        if Path(source).is_absolute() and (is_file(source) or not table_of(source)):
            console.print_path(source)
            sources.remove(source)
    if sources:
        console.note(f"{console.count(len(sources), 'hit')} without a file left out.")


def _why_nothing(
    collection: Collection,
    *,
    modalities: Sequence[str] | None,
    where: str | None,
    offset: int,
    min_score: float | None,
    match: str,
    **_: Any,
) -> str:
    """Why a search found nothing, as far as its options tell."""
    snapshot = collection.folder.snapshot()
    present = {partition.modality.value for partition in snapshot.partitions}
    if not present:
        return ": the collection is empty"
    if modalities and not present & set(modalities):
        return f": the collection has no {' and no '.join(modalities)}"
    segments = snapshot.select(where)
    if segments is not None and not len(segments):
        assert where is not None
        return f": {why_none(collection, where)}"
    if offset:
        return f" after the first {offset}"
    if min_score is not None:
        return f" with a score of {min_score:g} or more"
    return ": no text and no name has its words" if match == "words" else ""


def query_terms(
    text: str | None,
    images: tuple[str, ...],
    sounds: tuple[str, ...],
    likes: tuple[str, ...],
    unwanted: tuple[str, ...],
) -> list[Term]:
    """The terms of a query as the command line gives it."""
    from anysense.embed.types import Modality
    from anysense.index.ranking.query import Term

    return [
        *([Term(text, modality=Modality.TEXT)] if text is not None else []),
        *(Term(Path(file), modality=Modality.IMAGE) for file in images),
        *(Term(Path(file), modality=Modality.AUDIO) for file in sounds),
        *(Term(like=item_id) for item_id in likes),
        *(Term(word, weight=-1.0, modality=Modality.TEXT) for word in unwanted),
    ]


def _term_json(term: Term) -> dict[str, Any]:
    if term.like is not None:
        return {"like": term.like, "modality": None, "weight": term.weight}
    return {
        "content": str(term.content),
        "modality": str(term.modality),
        "weight": term.weight,
    }
