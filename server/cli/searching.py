"""What commands that search share: the options of a query, its terms, and how hits are printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from anysense.server.cli import console
from anysense.server.cli.naming import why_none
from anysense.server.cli.options import DEVICE, JSON, KIND, WHERE
from anysense.server.cli.preview import can_preview, print_previews

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anysense.index.collection import Collection
    from anysense.index.hits.hits import Hits
    from anysense.index.ranking.query import Term

__all__ = [
    "NO_MATCH",
    "Question",
    "check_output",
    "output_options",
    "search_options",
    "show_hits",
    "take_question",
    "why_nothing",
]

CommandT = TypeVar("CommandT", bound="Callable[..., Any]")
NO_MATCH = "No hit stands out from what chance would find: these are the nearest."
FILE = click.Path(exists=True, dir_okay=False)

OPTIONS = (
    click.option("--image", "images", type=FILE, multiple=True, metavar="F", help="An image file."),
    click.option(
        *("--audio", "sounds"),
        type=FILE,
        multiple=True,
        metavar="F",
        help="A sound of up to 10 minutes.",
    ),
    click.option(
        *("--video", "videos"),
        type=FILE,
        multiple=True,
        metavar="F",
        help="A video of up to 10 minutes: its frames find pictures, and its sound sounds.",
    ),
    click.option(
        *("--like", "likes"),
        multiple=True,
        metavar="ID",
        help="An item of the collection, by id or path.",
    ),
    click.option("--not", "unwanted", multiple=True, metavar="TEXT", help="A text to subtract."),
    click.option(
        "-k", type=click.IntRange(1, 1000), default=10, show_default=True, metavar="N", help="Hits."
    ),
    click.option(
        "--modality",
        "modalities",
        type=click.Choice(["text", "image", "audio"]),
        multiple=True,
        help="Only segments of this modality; may be given again.",
    ),
    KIND,
    WHERE,
    click.option("--min-score", type=float, metavar="X", help="Only hits of at least this score."),
    click.option(
        "--per-modality-k",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="At most so many hits of each modality.",
    ),
    click.option(
        "--offset",
        type=click.IntRange(0, 999),
        default=0,
        metavar="N",
        help="Leave out the N best, for the next page; keep -k the same. N and -k are at most "
        "1,000 together. Each page is of the collection as it is then: what was added or removed "
        "since the page before moves it.",
    ),
    click.option(
        "--collapse",
        type=click.FloatRange(0, 1, min_open=True),
        metavar="COSINE",
        help="Of segments of one modality that are at least so much alike, only the best counts; "
        "0.95 leaves out near-copies, but for what other segments find. Files are not found by "
        "their names then.",
    ),
    click.option(
        "--fusion",
        type=click.Choice(["calibrated", "rrf", "round_robin"]),
        default="calibrated",
        show_default=True,
        help="How the modalities become one list: by score, by reciprocal rank, or in turns.",
    ),
    click.option(
        "--match",
        type=click.Choice(["both", "vector", "words"]),
        default="both",
        show_default=True,
        help="By what texts are found: by their vectors, by their words (and files of every kind "
        "by their names, but not with --collapse), or by both together. By words alone no "
        "model is loaded.",
    ),
    DEVICE,
)
"""What may be asked besides a text, by the names of `Retriever.retrieve` where it takes them."""

OUTPUT = (
    JSON,
    click.option(
        "-l",
        "-f",
        "--files",
        is_flag=True,
        help="Print only the paths of hits that are files, one a line.",
    ),
    click.option(
        "-0",
        "--null",
        is_flag=True,
        help="The same, each path ended by a NUL in place of a line, for `xargs -0`.",
    ),
    click.option(
        "--preview",
        is_flag=True,
        help="Show small pictures of the hits that are pictures or pages, in a terminal: as pixels "
        "in those of kitty, iTerm2 and sixels, else as half blocks (with the extra: pip install "
        "'anysense[preview]').",
    ),
    click.option(
        *("--open", "opens"),
        is_flag=True,
        help="Open the page of a running service with the query, in place of printing hits.",
    ),
)


def search_options(command: CommandT) -> CommandT:
    """Give a command the options of a query."""
    return _with_options(command, OPTIONS)


def output_options(command: CommandT) -> CommandT:
    """Give a command the options that say how hits are printed."""
    return _with_options(command, OUTPUT)


def _with_options(command: CommandT, options: Sequence[Callable[[Any], Any]]) -> CommandT:
    for option in reversed(options):  # as decorators stand above each other
        command = option(command)
    return command


class Question(NamedTuple):
    """What is asked, as the command line gives it.

    Attributes:
        text: words; None if it is asked by media alone.
        images: paths of pictures.
        sounds: paths of sounds.
        videos: paths of videos.
        likes: items, by id or by the path of a file.
        unwanted: texts to subtract.
    """

    text: str | None
    images: tuple[str, ...]
    sounds: tuple[str, ...]
    videos: tuple[str, ...]
    likes: tuple[str, ...]
    unwanted: tuple[str, ...]

    def terms(self, likes: Sequence[Term]) -> list[Term]:
        """The terms of the query.

        Args:
            likes: those for the items that it names.
        """
        from anysense.embed.types import Modality
        from anysense.index.ranking.query import Term

        text = [] if self.text is None else [Term(self.text, modality=Modality.TEXT)]
        return [
            *text,
            *(Term(Path(file), modality=Modality.IMAGE) for file in self.images),
            *(Term(Path(file), modality=Modality.AUDIO) for file in self.sounds),
            *(Term(Path(file)) for file in self.videos),
            *likes,
            *(Term(word, weight=-1.0, modality=Modality.TEXT) for word in self.unwanted),
        ]


def take_question(text: str | None, options: dict[str, Any]) -> Question:
    """What is asked, taken out of the options; those of `Retriever.retrieve` are left in there.

    Raises:
        click.UsageError: nothing is asked, or it cannot be printed both ways.
    """
    names = ("images", "sounds", "videos", "likes", "unwanted")
    question = Question(text, *(options.pop(name) for name in names))
    if text is None and not any(question[1:-1]):
        raise click.UsageError("Give a TEXT, --image, --audio, --video or --like to search by.")
    options["modalities"] = options["modalities"] or None
    options["kinds"] = options["kinds"] or None
    _hint_at_files([] if text is None else [text], question.unwanted)
    return question


def _hint_at_files(texts: Sequence[str], unwanted: Sequence[str]) -> None:
    """Say how to search by a file, if that may be what a text means that is the path of one."""
    if not any("." in text for text in (*texts, *unwanted)):  # what tells of files takes a moment
        return
    from anysense.embed.media.identify import modality_of_path, named_modalities
    from anysense.embed.types import Modality

    hints = {
        "video": "--video {} searches by what it shows and how it sounds",
        "image": "--image {} searches by what it shows",
        "audio": "--audio {} searches by how it sounds",
        "text": "--like {} searches by what it says, if it is in the collection",
    }
    for text in texts:
        modality = modality_of_path(text)
        if modality is not None:
            is_video = len(named_modalities(text) - {Modality.TEXT}) > 1
            hint = hints["video" if is_video else modality.value].format(text)
            console.note(f"{text} is a file, and its name is searched as words: {hint}.")
    for text in unwanted:
        if modality_of_path(text) is not None:
            console.note(f"{text} is a file, and its name is subtracted as words.")


def show_hits(
    hits: Hits,
    facts: Mapping[str, Any],
    terms: Sequence[Term],
    *,
    as_json: bool,
    files: bool,
    null: bool,
    preview: bool = False,
    is_short: bool = False,
) -> None:
    """Print hits as it was asked for.

    Args:
        hits: what was found.
        facts: what JSON says before the query and the hits.
        terms: of the query.
        as_json: one JSON object.
        files: paths alone, one a line.
        null: paths alone, each ended by a NUL.
        preview: with pictures of those hits that know who reads their files.
        is_short: paths below the current folder are said from there, but in JSON.
    """
    from anysense.server.cli.tables import print_hits

    if hits and hits.no_match and not as_json:
        console.note(NO_MATCH)
    if as_json:
        query = [_term_json(term) for term in terms]
        found = [hit.to_dict() for hit in hits]
        console.print_json({**facts, "query": query, "no_match": hits.no_match, "hits": found})
    elif files or null:
        _print_files(hits, "\0" if null else "\n", is_short)
    elif hits:
        print_hits(hits, is_short=is_short)
        if preview:
            print_previews(hits)


def check_output(*, as_json: bool, files: bool, null: bool, preview: bool = False) -> bool:
    """Refuse to print in two ways; whether pictures are to be shown, and can be.

    Raises:
        UsageError: two of JSON, paths alone and pictures are asked for, or what shows pictures is
            not installed.
    """
    asked = {"--json": as_json, "--files": files, "--null": null}
    for_scripts = [name for name, is_asked in asked.items() if is_asked]
    if as_json and len(for_scripts) > 1:
        raise click.UsageError(f"Give --json or {for_scripts[1]}, not both.")
    if preview and for_scripts:
        raise click.UsageError(f"Give --preview or {for_scripts[0]}, not both.")
    return preview and can_preview()


def _print_files(hits: Hits, end: str, is_short: bool) -> None:
    """Print the paths of the hits that are files: a text of a manifest, or added alone, is none."""
    from anysense.index.building.sources.paths import holder_of, is_file

    sources = list(dict.fromkeys(hit.source for hit in hits))
    for source in sources.copy():
        if Path(source).is_absolute() and (is_file(source) or not holder_of(source)):
            console.print_path(console.short_path(source) if is_short else source, end)
            sources.remove(source)
    if sources:
        console.note(f"{console.count(len(sources), 'hit')} without a file left out.")


def why_nothing(
    collection: Collection,
    *,
    modalities: Sequence[str] | None,
    kinds: Sequence[str] | None,
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
    if kinds and not snapshot.items_by_kind().keys() & set(kinds):
        return f": the collection has no item of kind {' or '.join(kinds)}"
    segments = snapshot.select(where)
    if segments is not None and not len(segments):
        assert where is not None
        return f": {why_none(collection, where)}"
    if offset:
        return f" after the first {offset}"
    if min_score is not None:
        return f" with a score of {min_score:g} or more"
    return ": no text and no name has its words" if match == "words" else ""


def _term_json(term: Term) -> dict[str, Any]:
    if term.like is not None:
        return {"like": term.like, "modality": None, "weight": term.weight}
    return {
        "content": str(term.content),
        "modality": None if term.modality is None else str(term.modality),
        "weight": term.weight,
    }
