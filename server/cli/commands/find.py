"""`anysense find`."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.options import ENCODERS, EXCLUDE, NO_IGNORE, OCR, PROFILE
from anysense.server.cli.searching import (
    check_output,
    output_options,
    search_options,
    show_hits,
    take_question,
)
from anysense.server.cli.status import DONE, NO_INDEX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.server.cli.finding.asking import Answer
    from anysense.server.cli.finding.sources import Source
    from anysense.server.cli.finding.targets import Wishes
    from anysense.server.cli.searching import Question

__all__ = ["find"]


@click.command(short_help="Search folders, at once: their index is kept for you.")
@click.argument("words", nargs=-1, metavar="[TEXT] [FOLDER...]")
@search_options
@output_options
@click.option(
    "-n",
    "--no-update",
    is_flag=True,
    help="Search what the index has, without a look at what has changed in the folder.",
)
@click.option(
    "--yes",
    is_flag=True,
    help="Read a home folder or a whole drive without asking, and, in a script, take as long as "
    "it takes.",
)
@EXCLUDE
@NO_IGNORE
@OCR
@ENCODERS
@PROFILE
def find(
    words: tuple[str, ...],
    device: str,
    as_json: bool,
    files: bool,
    null: bool,
    preview: bool,
    opens: bool,
    no_update: bool,
    yes: bool,
    exclude: tuple[str, ...],
    no_ignore: bool,
    ocr: bool | None,
    encoders: tuple[str, ...],
    profile: str | None,
    **options: Any,  # of the question, and of Retriever.retrieve by the same names
) -> int:
    """Search a folder, or several, or the current one, by text, image or sound.

    \b
      anysense find "waves on a beach"
      anysense find "waves on a beach" ~/Pictures ~/Recordings
      anysense find --image sunset.jpg ~/Pictures
      anysense find -0 "a cat" | xargs -0 cp -t cats

    The first time, what is in the folder is encoded, with progress; Ctrl-C keeps what is done, and
    the next time goes on from there. After that only what is new or has changed is read. The index
    is in the user's cache: `anysense collections` lists and removes what is there. What is left out
    of a folder is as in `anysense build`; --exclude, --no-ignore and --ocr are kept for its next
    time, until others are given. A home folder or a whole drive is read only if that is asked for.

    Where nobody sits before a terminal, what would take longer than about a minute is not encoded:
    what is there is searched, and standard error tells what is missing. If nothing is there, the
    exit status is 4.

    A folder in one that was searched before uses the index of that. Where `anysense serve FOLDER`
    runs, it is asked; if it needs a key, with that in ANYSENSE_API_KEY. Paths are told from the
    current folder if they are in it, and in full otherwise.

    With --json: an object with `folders` (each with `folder`, `collection`, `is_current`, and
    `service`, its address or null), and `query`, `no_match` and `hits` as `anysense search` has
    them.
    """  # noqa: D301 - click reads the \b itself
    from anysense.index.filters.filter import parse_filter
    from anysense.index.ranking.options import SearchOptions
    from anysense.server.cli.finding.sources import source_of
    from anysense.server.cli.finding.targets import targets_of

    preview = check_output(as_json=as_json, files=files, null=null, preview=preview)
    text, folders = _text_and_folders(words, options)
    question = take_question(text, options)
    parse_filter(options["where"])  # before what may take long
    SearchOptions(**options)
    wishes = _wishes(
        update=not no_update,
        yes=yes,
        encoders=encoders,
        profile=profile,
        exclude=exclude,
        no_ignore=no_ignore,
        ocr=ocr,
        device=device,
    )
    with ExitStack() as stack:
        found = (source_of(target, wishes) for target in targets_of(folders, wishes))
        sources = [source for source in found if source is not None]
        for source in sources:
            stack.callback(source.close)
        if sources and opens:
            return _open_page(sources, question, options)
        answers = _answers(sources, question, options, wishes, stack)
        if not answers:
            return NO_INDEX
        if preview:
            answers = [(source, _pictured(source, answer)) for source, answer in answers]
        _show(answers, options, as_json=as_json, files=files, null=null, preview=preview)
    return DONE


def _text_and_folders(
    words: tuple[str, ...], options: dict[str, Any]
) -> tuple[str | None, tuple[str, ...]]:
    """The text and the folders of a command line; the text comes first.

    It may be left out where something else is asked by, and there a folder is one.

    Raises:
        click.UsageError: there is a path in the place of the text.
    """
    if not words:
        return None, words
    text = words[0]
    if _is_folder(text):
        if options["images"] or options["sounds"] or options["likes"]:
            return None, words
        if text in (os.curdir, os.pardir) or "/" in text or os.sep in text or text[0] == "~":
            raise click.UsageError(
                f"{text} is a folder: say before it what to find, as in "
                f'`anysense find "a cat" {text}`.'
            )
        if len(words) == 1:
            console.note(f'"{text}" is taken for what to find, not for the folder of that name.')
    return text, words[1:]


def _is_folder(text: str) -> bool:
    try:
        return text != "" and Path(text).expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):  # too long for a path, or of no user
        return False


def _wishes(
    *,
    update: bool,
    yes: bool,
    encoders: tuple[str, ...],
    profile: str | None,
    exclude: tuple[str, ...],
    no_ignore: bool,
    ocr: bool | None,
    device: str,
) -> Wishes:
    from anysense.embed.encoders.registry import profile_encoders
    from anysense.server.cli.finding.targets import Wishes

    if encoders and profile:
        raise click.UsageError("Give --encoder or --profile, not both.")
    return Wishes(
        update=update,
        yes=yes,
        is_watched=sys.stderr.isatty(),
        encoders=profile_encoders(profile) if profile else encoders,
        exclude=exclude,
        ignore_files=False if no_ignore else None,
        ocr=ocr,
        device=device,
    )


def _answers(
    sources: Sequence[Source],
    question: Question,
    options: dict[str, Any],
    wishes: Wishes,
    stack: ExitStack,
) -> list[tuple[Source, Answer]]:
    """What is found in each folder."""
    if len(sources) > 1:  # any of them may have all that is shown
        options = {**options, "k": options["k"] + options["offset"], "offset": 0}
    found = (_answer(source, question, options, wishes, stack) for source in sources)
    return [pair for pair in found if pair is not None]


def _answer(
    source: Source,
    question: Question,
    options: dict[str, Any],
    wishes: Wishes,
    stack: ExitStack,
) -> tuple[Source, Answer] | None:
    """What is found in a folder; a collection that turns out to be of no use is made anew."""
    from anysense.server.cli.finding.asking import ask
    from anysense.server.cli.finding.sources import source_anew
    from anysense.server.cli.finding.targets import UNUSABLE

    try:
        return source, ask(source, question, options)
    except UNUSABLE as error:
        if not wishes.update:
            raise
        anew = source_anew(source, wishes, error)
    if anew is None:
        return None
    stack.callback(anew.close)
    return anew, ask(anew, question, options)


def _open_page(sources: Sequence[Source], question: Question, options: dict[str, Any]) -> int:
    from anysense.server.cli.finding.opening import open_page

    if len(sources) > 1:
        raise click.UsageError("--open shows one folder: name one.")
    from anysense.server.cli.finding.asking import terms_of

    target = sources[0].target
    terms = terms_of(sources[0], question)
    prefix = target.prefix if target.is_part else None
    open_page(target.cached.path, target.cached.folder, terms, options, prefix)
    return DONE


def _pictured(source: Source, answer: Answer) -> Answer:
    """An answer whose hits are read by the collection, also if a service has found them."""
    from anysense.index.hits.hits import Hits
    from anysense.index.showing.reader import CollectionReader

    reader = CollectionReader(source.collection.folder)
    hits = (replace(hit, reader=reader) for hit in answer.hits)
    found = Hits(hits, no_match=answer.hits.no_match, state=answer.hits.state)
    return answer._replace(hits=found)


def _show(
    answers: Sequence[tuple[Source, Answer]],
    options: dict[str, Any],
    *,
    as_json: bool,
    files: bool,
    null: bool,
    preview: bool,
) -> None:
    """Print what was found, as one list."""
    from anysense.server.cli.finding.merging import merged

    first = answers[0][1]
    hits = first.hits
    if len(answers) > 1:
        names = ("k", "offset", "per_modality_k", "fusion")
        lists = [answer.hits for _, answer in answers]
        hits = merged(lists, **{name: options[name] for name in names})
    if not hits:
        console.note(f"Nothing found{first.why if len(answers) == 1 else ''}.")
    facts = {
        "folders": [
            {
                "folder": source.target.folder,
                "collection": str(source.target.cached.path),
                "is_current": source.is_current,
                "service": answer.service,
            }
            for source, answer in answers
        ]
    }
    show_hits(
        hits,
        facts,
        first.terms,
        as_json=as_json,
        files=files,
        null=null,
        preview=preview,
        is_short=True,
    )
