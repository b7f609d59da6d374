"""`anysense bridge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.index.hits.places import show_time
from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, DEVICE, JSON
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from anysense.index.bridging.fit import BridgeReport
    from anysense.index.bridging.maps import Bridge

__all__ = ["bridge"]


@click.group(short_help="Let images find sounds where no model knows both.")
def bridge() -> None:
    """Let images find sounds, and sounds images, where no model of a collection knows both."""


@bridge.command("fit", short_help="Fit the bridge of a collection.")
@COLLECTION
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Captions to fit it with, one on each line, instead of those that come with anysense; "
    "at least 1,000, better 20,000, of what the collection is about.",
)
@DEVICE
@JSON
def fit_command(path: str, anchors: str | None, device: str, as_json: bool) -> int:
    """Fit the bridge of a collection, or fit it anew.

    A collection with a model of texts and images and another of texts and sounds, such as CLIP and
    CLAP, has no way from an image to a sound. Both models read texts, so captions show how one
    model's vectors lie to the other's. Hits that come over the bridge say `route: bridged`; they
    are a best effort.

    Encoding the captions takes minutes the first time; their vectors are kept in the user's cache.

    With --json: an object with `bridges` (a list of `source`, `target`, `method`, `parameter`,
    `scores` and `held_out`), `anchors`, `encode_seconds`, `fit_seconds` and `generation`.
    """
    from anysense.index.bridging.captions import read_anchors
    from anysense.index.collection import Collection
    from anysense.server.cli.progress import CountBar

    captions = read_anchors(None if anchors is None else Path(anchors))
    with Collection.open(path, device=device) as collection, CountBar("encoding", "caption") as bar:

        def show(space: str, done: int, total: int) -> None:
            bar(done, total, f"encoding with {space}")

        report = collection.fit_bridges(captions, show)
    if as_json:
        console.print_json(_report_json(report))
        return DONE
    for bridge in report.bridges:
        click.echo(f"{bridge.source} -> {bridge.target}: {_method(bridge)}")
    click.echo(
        f"{report.anchors:,} captions, encoded in {show_time(report.encode_seconds)}, "
        f"fitted in {report.fit_seconds:.1f} s; generation {report.generation}."
    )
    return DONE


def _method(bridge: Bridge) -> str:
    """How a bridge was fitted, and how well each method did."""
    choice = bridge.choice
    best_first = sorted(choice.scores.items(), key=lambda entry: -entry[1])
    scores = ", ".join(f"{method} {score:.3f}" for method, score in best_first)
    return (
        f"{choice.method} (mean reciprocal rank of {choice.held_out:,} held-out captions: {scores})"
    )


def _report_json(report: BridgeReport) -> dict[str, Any]:
    return {
        "bridges": [
            {
                "source": bridge.source,
                "target": bridge.target,
                "method": bridge.choice.method,
                "parameter": bridge.choice.parameter,
                "scores": dict(bridge.choice.scores),
                "held_out": bridge.choice.held_out,
            }
            for bridge in report.bridges
        ],
        "anchors": report.anchors,
        "encode_seconds": round(report.encode_seconds, 3),
        "fit_seconds": round(report.fit_seconds, 3),
        "generation": report.generation,
    }
