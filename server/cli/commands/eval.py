"""`anysense eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, DEVICE, JSON
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.evaluation.evaluate import Evaluation
    from anysense.server.cli.tables import Column

__all__ = ["eval"]

FIGURES = ("recall@1", "recall@5", "recall@10", "mrr", "ndcg@10", "median_rank")
QUERIES = ("query", "queries")
MIXED = "any"
WAYS = {"both": "both", "vector": "vectors", "words": "words"}


@click.command("eval", short_help="Measure how well a collection answers labelled queries.")
@COLLECTION
@click.option(
    "--pairs",
    "pairs_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="JSONL of queries and what is relevant to each.",
)
@click.option(
    "--from-captions",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Make the queries from texts beside media: photo.txt asks for photo.jpg.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw how cosines and scores are distributed on each route, as a .png, .svg or .pdf.",
)
@DEVICE
@JSON
def eval_(
    path: str,
    pairs_file: Path | None,
    folder: Path | None,
    plot: Path | None,
    device: str,
    as_json: bool,
) -> int:
    """Measure how well a collection answers labelled queries.

    A line of the pairs' FILE is {"query": {"text": "a dog"}, "relevant": ["dog.jpg", "an-id"]}; a
    query has one or more of text, image and audio, and an optional "grade" is a number above 0 or a
    list of one for each that is relevant. Paths start at the file's folder. A file that asks is not
    counted among what it finds.

    With --from-captions, the text beside a file (photo.txt or photo.jpg.txt) asks for that file.
    Where it is part of the file's item, it is left out of what that query may find: the file must
    be found by what it shows, or by other words about it. In a collection built with --no-sidecars
    the texts are items of their own, and each file also asks for its text.

    For each route, from a modality of queries to one of items' segments, and for the merged list
    ("any"): figures of quality with their 95 % intervals and what chance gives, how often unrelated
    items reach a score and how often they are meant to, and how many of the true neighbours the
    index finds. Outside of a terminal these are lines with tabs between their values, the names of
    which are in the first line.

    recall@k is the share of a query's relevant items that are among the first k; of a query with
    more than k of them, the share of k. mrr and median_rank are of a query's best relevant item.
    What is relevant and not in the collection is left out of every figure; standard error says how
    much that is, and `missing` with --json what.

    These figures are of vectors alone. Queries that are texts are also asked as a search asks them,
    by vectors, by words and by both, and the figures of each are told: what is relevant and not
    among the first 100 hits counts as not found. Captions are not, whose words would find them.

    With --json: an object with `collection`, `pairs`, `skipped`, `missing`, `matches` (each with
    `match`, that is `both`, `vector` or `words`, and the figures) and `routes`, each with
    `query`, `items_of`, `items` and `queries`; if it has queries, with the figures `recall@1`,
    `recall@5`, `recall@10`, `mrr`, `ndcg@10` and `median_rank` (each `value`, `interval`, `chance`;
    a rank that was not reached is null); and unless it is of the merged list, with `route`,
    `false_positives` (by score: `measured`, `meant`) and `index_recall@10`.
    """
    from anysense.index.collection import Collection
    from anysense.index.evaluation.evaluate import evaluate
    from anysense.index.evaluation.pairs import pairs_from_captions, read_pairs
    from anysense.server.cli.progress import CountBar

    if (pairs_file is None) == (folder is None):
        raise click.UsageError("Give --pairs FILE or --from-captions DIR, one of the two.")
    if plot is not None:
        from anysense.server.cli.plot import check_plotting

        check_plotting(plot)  # before minutes of encoding
    with Collection.open(path, device=device) as collection:
        if pairs_file is not None:
            pairs = read_pairs(pairs_file)
        else:
            assert folder is not None
            pairs = pairs_from_captions(folder, collection.folder.files())
        with CountBar("asking", *QUERIES) as bar:
            evaluation = evaluate(collection, pairs, bar)
    if plot is not None:
        from anysense.server.cli.plot import plot_scores

        plot_scores(evaluation, plot)
    if as_json:
        console.print_json({"collection": path, **evaluation.to_dict()})
    else:
        _print(evaluation)
    return DONE


eval = eval_  # noqa: A001 - the root looks for the command's name


def _print(evaluation: Evaluation) -> None:
    from anysense.server.cli.tables import print_table

    facts = evaluation.to_dict()
    routes, matches = facts["routes"], facts["matches"]
    if console.stdout_is_terminal():
        _print_figures(routes)
    else:
        print_table(*_lines(routes + matches), has_header=True)
    if matches and console.stdout_is_terminal():
        click.echo()
        _print_figures(matches, "How well texts find, by vectors, by words and by both")
    _print_thresholds(routes)
    _print_missed(routes)
    _note_missing(evaluation)


def _note_missing(evaluation: Evaluation) -> None:
    """Say what the figures leave out: what is relevant and is not there, and who asked for it."""
    missing = dict.fromkeys(evaluation.missing)  # several queries may name the same
    if missing:
        console.note(
            f"Left out of the figures: {console.count(len(missing), 'relevant item')} not in the "
            f"collection, such as {next(iter(missing))}."
        )
    if evaluation.skipped:
        console.note(
            f"{console.count(evaluation.skipped, *QUERIES)} left out: nothing that is relevant to "
            f"{'it' if evaluation.skipped == 1 else 'them'} is in the collection."
        )


def _lines(routes: Sequence[dict[str, Any]]) -> tuple[list[Column], list[tuple[str, ...]]]:
    """A line for each figure, for programs that read lines."""
    from anysense.server.cli.tables import Column

    columns = [Column(name) for name in ("route", "queries", "figure", "value", "95%", "chance")]
    return columns, [
        (
            _title(route),
            str(route["queries"]),
            name,
            *_values(name, route[name], 3),
        )
        for route in routes
        for name in FIGURES
        if name in route
    ]


def _print_figures(
    routes: Sequence[dict[str, Any]],
    title: str = "How well what is relevant is found, and by how many queries",
) -> None:
    """For eyes: the routes one below the other, each with its intervals and what chance gives."""
    from anysense.server.cli.tables import Column, print_table

    figures = [name for name in FIGURES if name != "recall@5"]  # no more fit into 80 columns
    names = ["query -> items", *(name.replace("_", " ") for name in figures)]
    columns = [Column(name, is_number=True) for name in names]
    rows: list[tuple[str, ...]] = []
    for route in routes:
        if route["queries"]:
            titles = (f"{_title(route)} ({route['queries']})", "95%", "by chance")
            lines = zip(*(_values(name, route[name], 2) for name in figures), strict=True)
            rows += [(title, *values) for title, values in zip(titles, lines, strict=True)]
    print_table(columns, rows, title)


def _print_thresholds(routes: Sequence[dict[str, Any]]) -> None:
    """How often unrelated items reach a score, below how often they are meant to."""
    from anysense.server.cli.tables import Column, print_table

    judgeable = [r for r in routes if r["items_of"] != MIXED and r.get("false_positives")]
    targets = {k: v["meant"] for route in judgeable for k, v in route["false_positives"].items()}
    levels = sorted(targets, key=float)
    rows = [("meant", *(f"{targets[level]:.2%}" for level in levels))]
    for route in judgeable:
        positives = route["false_positives"]
        shares = (f"{positives[at]['measured']:.2%}" if at in positives else "" for at in levels)
        rows.append((_title(route), *shares))
    columns = [Column("query -> items", is_whole=True)]
    columns += [Column(f"score {level}", is_number=True) for level in levels]
    if judgeable:
        click.echo()
        title = "How many of the unrelated items reach a score"
        print_table(columns, rows, title, has_header=True)


def _print_missed(routes: Sequence[dict[str, Any]]) -> None:
    """What the index finds of the true neighbours, which it misses if it does not compare all."""
    shares = {_title(r): r["index_recall@10"] for r in routes if r["items_of"] != MIXED}
    misses = [f"{share:.1%} on {title}" for title, share in shares.items() if share < 1]
    if shares:
        finds = ", ".join(misses) or "all, on every route"
        click.echo(f"\nOf the true ten nearest the index finds {finds}.")


def _title(route: dict[str, Any]) -> str:
    by = f", by {WAYS[route['match']]}" if "match" in route else ""
    return f"{route['query']} -> {route['items_of']}{by}"


def _values(name: str, figure: dict[str, Any], digits: int) -> tuple[str, str, str]:
    """The value of a figure, its interval, and what chance gives."""

    def text(value: float | None) -> str:
        if value is None:  # not among those that were ranked
            return "none"
        return f"{value:g}" if name == "median_rank" else f"{value:.{digits}f}"

    low, high = figure["interval"]
    return text(figure["value"]), f"{text(low)}-{text(high)}", text(figure["chance"])
