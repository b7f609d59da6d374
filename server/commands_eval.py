"""`anysense eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server import console
from anysense.server.cli import DONE
from anysense.server.options import COLLECTION, DEVICE, JSON

if TYPE_CHECKING:
    from anysense.index.evaluate import Evaluation

__all__ = ["eval"]

SHOWN = ("recall@1", "recall@5", "recall@10", "mrr", "ndcg@10", "median_rank")


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
    help="Make the queries from captions: photo.txt beside photo.jpg.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    help="Draw how cosines and scores are distributed on each route.",
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
    list of one for each that is relevant. Paths start at the file's folder.

    For each route, from a kind of query to a kind of item, and for the merged list ("any"): figures
    of quality with their 95 % intervals and what chance gives, how often unrelated items reach a
    score and how often they are meant to, and how many of the true neighbours the index finds.

    With --json: an object with `pairs`, `skipped`, `missing` and `routes`, each with `query`,
    `items_of`, `items`, `queries`, `route`, the figures `recall@1`, `recall@5`, `recall@10`, `mrr`,
    `ndcg@10` and `median_rank` (each `value`, `interval`, `chance`; a rank that was not reached is
    null), `false_positives` (by score: `measured`, `meant`) and `index_recall@10`.
    """
    from anysense.index.collection import Collection
    from anysense.index.evaluate import evaluate
    from anysense.index.pairs import pairs_from_captions, read_pairs

    if (pairs_file is None) == (folder is None):
        raise click.UsageError("Give --pairs FILE or --from-captions DIR, one of the two.")
    if plot is not None:
        from anysense.server.plot import check_plotting

        check_plotting()  # before minutes of encoding
    if pairs_file is not None:
        pairs = read_pairs(pairs_file)
    else:
        assert folder is not None
        pairs = pairs_from_captions(folder)
    with Collection.open(path, device=device) as collection:
        evaluation = evaluate(collection, pairs)
    if plot is not None:
        from anysense.server.plot import plot_scores

        plot_scores(evaluation, plot)
    if as_json:
        console.print_json({"collection": path, **evaluation.to_dict()})
    else:
        _print(evaluation)
    return DONE


eval = eval_  # noqa: A001 - the root looks for the command's name


def _print(evaluation: Evaluation) -> None:
    from anysense.server.tables import Column, print_table

    told = evaluation.to_dict()
    names = ["route", "queries", "figure", "value", "95 %", "chance"]
    columns = [Column(name, is_number=name not in ("route", "figure")) for name in names]
    rows = []
    for route in told["routes"]:
        title = f"{route['query']} -> {route['items_of']}"
        for name in SHOWN:
            if name in route:
                figure = route[name]
                low, high = figure["interval"]
                between = f"{_number(low)}-{_number(high)}"
                value, by_chance = _number(figure["value"]), _number(figure["chance"])
                rows.append((title, str(route["queries"]), name, value, between, by_chance))
    print_table(columns, rows)
    _print_thresholds(told["routes"])
    if evaluation.skipped:
        console.note(
            f"{console.count(evaluation.skipped, 'query', 'queries')} left out: nothing that is "
            "relevant to them is in the collection."
        )


def _print_thresholds(routes: list[dict[str, Any]]) -> None:
    """How often unrelated items reach a score, over how often they are meant to."""
    from anysense.server.tables import Column, print_table

    rows = []
    for route in routes:
        if route["items_of"] == "any":
            continue
        rates = route.get("false_positives", {})
        for level, rate in rates.items():
            title = f"{route['query']} -> {route['items_of']}"
            rows.append((title, level, f"{rate['measured']:.2%}", f"{rate['meant']:.2%}"))
    click.echo()
    columns = [Column("route"), *(Column(n, is_number=True) for n in ("score", "reached", "meant"))]
    print_table(columns, rows, "Unrelated items that reach a score")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 1 or value != int(value) else f"{int(value)}"
