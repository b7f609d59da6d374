"""`anysense info`, `anysense verify` and `anysense compact`."""

from __future__ import annotations

from typing import Any

import click

from anysense.server import console
from anysense.server.cli import DONE, ERROR
from anysense.server.options import COLLECTION, JSON

__all__ = ["compact", "info", "verify"]


@click.command(short_help="Say what a collection holds.")
@COLLECTION
@JSON
@click.option("--quarantined", is_flag=True, help="List the files that could not be read.")
def info(path: str, as_json: bool, quarantined: bool) -> int:
    """Say what a collection holds.

    With --json: an object with at least `items`, `items_by_modality`, `segments`, `quarantined`,
    `bytes`, `encoders`, `partitions`, `generation`, `target_recall` and `measured_recall`; with
    --quarantined as well, `quarantined_files`, a list of `path` and `reason`.
    """
    from anysense.index.collection import Collection

    with Collection.open(path) as collection:
        facts = collection.info()
        failed = [{"path": f.path, "reason": f.reason} for f in collection.quarantined()]
    if as_json:
        console.print_json({**facts, "quarantined_files": failed} if quarantined else facts)
    elif quarantined:
        for file in failed:
            click.echo(f"{file['path']}\t{file['reason']}")
    else:
        _print_info(path, facts)
    return DONE


def _print_info(path: str, facts: dict[str, Any]) -> None:
    from anysense.server.tables import print_facts

    kinds = facts["items_by_modality"]
    told = {
        "collection": path,
        "items": f"{facts['items']:,}",
        "of which": ", ".join(f"{number:,} {kind}" for kind, number in kinds.items() if number),
        "segments": f"{facts['segments']:,}",
        "could not be read": f"{facts['quarantined']:,}",
        "on disk": console.show_size(facts["bytes"]),
        "encoders": ", ".join(_encoder_name(encoder) for encoder in facts["encoders"]),
        "generation": str(facts["generation"]),
        "recall": _recall(facts),
    }
    print_facts({name: value for name, value in told.items() if value})


def _encoder_name(encoder: Any) -> str:
    return str(encoder.get("name", encoder)) if isinstance(encoder, dict) else str(encoder)


def _recall(facts: dict[str, Any]) -> str:
    measured = facts.get("measured_recall")
    if measured is None:
        return "exact"
    return f"{measured:.3f} measured, {facts['target_recall']:.2f} wanted"


@click.command(short_help="Check every file of a collection.")
@COLLECTION
@JSON
def verify(path: str, as_json: bool) -> int:
    """Check every file of a collection against its checksums; exit status 1 if one is bad."""
    from anysense.index.collection import Collection

    with Collection.open(path) as collection:
        report = collection.verify()
    told = report.to_dict()
    if as_json:
        console.print_json(told)
    elif report.ok:
        click.echo(f"{path}: everything is as it was written.")
    else:
        for problem in report.problems:
            console.note(f"error: {problem}")
    return DONE if report.ok else ERROR


@click.command(short_help="Give back the space of removed items.")
@COLLECTION
@JSON
def compact(path: str, as_json: bool) -> int:
    """Give the space of removed and replaced items back to the disk, and rebuild the index."""
    from anysense.index.collection import Collection

    with Collection.open(path) as collection:
        before = collection.info()["bytes"]
        collection.compact()
        after = collection.info()["bytes"]
    if as_json:
        console.print_json({"bytes_before": before, "bytes": after})
    else:
        click.echo(f"{path}: {console.show_size(before)} before, {console.show_size(after)} now.")
    return DONE
