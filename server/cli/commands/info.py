"""`anysense info`."""

from __future__ import annotations

from typing import Any

import click

from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, JSON
from anysense.server.cli.status import DONE

__all__ = ["info"]


@click.command(short_help="Say what a collection holds.")
@COLLECTION
@JSON
@click.option("--quarantined", is_flag=True, help="List the files that could not be read.")
def info(path: str, as_json: bool, quarantined: bool) -> int:
    """Say what a collection holds.

    A route leads from a modality of queries to the segments of one (`items_of`) in a model's space.
    Small routes are exact; of larger ones the index scans as much as it takes to find the target
    share, the recall, of what is truly nearest, as measured when it was published.

    With --json: an object with at least `items`, `items_by_kind`, `segments`, `quarantined`,
    `bytes`, `encoders`, `partitions`, `generation`, `engine` (local, or the address of the Milvus
    server that has the index), `target_recall`, `measured_recall` (the least of all routes),
    `routes` (each with `query`, `items_of`, `space`, `route`, `segments`, `exact`,
    `target_recall` and `measured_recall`), `bridges` (each with `source`, `target`, `usable`,
    `method`, `held_out_score`, the mean reciprocal rank of `held_out` captions, `scores` of every
    method and `anchors`), `maps` (each with its `space` and of how many `items` it is) and
    `reencoding` (the `encoders` that `anysense reencode` gives it, those that go then as `drop`,
    and how many `items` have vectors of them; null if there are none); with --quarantined as well,
    `quarantined_files`, a list of `path` and `reason`.
    """
    from anysense.index.collection import Collection

    with Collection.open(path) as collection:
        facts = collection.info()
        files = [{"path": f.path, "reason": f.reason} for f in collection.folder.quarantined()]
    if as_json:
        console.print_json({**facts, "quarantined_files": files} if quarantined else facts)
    elif quarantined:
        for file in files:
            console.print_path(f"{file['path']}\t{file['reason']}")
    else:
        _print_info(path, facts)
    return DONE


def _print_info(path: str, facts: dict[str, Any]) -> None:
    from anysense.server.cli.tables import print_facts

    kinds = facts["items_by_kind"]
    totals = {
        "collection": path,
        "items": f"{facts['items']:,}",
        "of which": ", ".join(f"{number:,} {kind}" for kind, number in kinds.items() if number),
        "segments": f"{facts['segments']:,}",
        "could not be read": _unreadable(facts["quarantined"]),
        "on disk": console.show_size(facts["bytes"]),
        "encoders": ", ".join(_encoder_name(encoder) for encoder in facts["encoders"]),
        "being encoded": _reencoding(path, facts),
        "generation": str(facts["generation"]),
        "searched by": _engine(facts),
        "recall": _recall(facts),
        "map": _maps(facts),
    }
    bridges = {
        f"bridge {number}": f"{bridge['source']} -> {bridge['target']}: {_bridge(path, bridge)}"
        for number, bridge in enumerate(facts["bridges"], 1)
    }
    print_facts({name: value for name, value in {**totals, **bridges}.items() if value})
    if any(route["route"] == "bridged" or not route["exact"] for route in facts["routes"]):
        _print_routes(facts["routes"])


def _encoder_name(encoder: Any) -> str:
    return str(encoder.get("name", encoder)) if isinstance(encoder, dict) else str(encoder)


def _reencoding(path: str, facts: dict[str, Any]) -> str:
    """How far a collection is on its way to other models; nothing if it is on none."""
    coming = facts.get("reencoding")  # of which a service of an earlier version does not tell
    if not coming:
        return ""
    names, items = ", ".join(coming["encoders"]), facts["items"]
    return (
        f"with {names}, {coming['items']:,} of {items:,} items: `anysense reencode {path}` goes on"
    )


def _engine(facts: dict[str, Any]) -> str:
    """What searches it; addresses hold no credentials."""
    engine = facts.get("engine", "local")  # of which a service of an earlier version does not tell
    return "FAISS, on this machine" if engine == "local" else f"Milvus, at {engine}"


def _unreadable(files: int) -> str:
    return f"{files:,} (--quarantined lists them)" if files else "0"


def _recall(facts: dict[str, Any]) -> str:
    if all(route["exact"] for route in facts["routes"]):
        return "exact: every segment is compared" if facts["routes"] else ""
    return f"{facts['measured_recall']:.3f} at least, {facts['target_recall']:.2f} wanted"


def _maps(facts: dict[str, Any]) -> str:
    """Of which spaces there are maps."""
    maps = facts.get("maps", ())  # of which a service of an earlier version does not tell
    return ", ".join(f"{one['items']:,} items in {one['space']}" for one in maps) or "none"


def _bridge(path: str, bridge: dict[str, Any]) -> str:
    if bridge["method"] is None:
        return f"none yet: `anysense bridge fit {path}` makes it"
    if not bridge["usable"]:
        return f"of no use any more: `anysense bridge fit {path}` makes it anew"
    return (
        f"{bridge['method']}, mean reciprocal rank {bridge['held_out_score']:.3f} of "
        f"{bridge['held_out']:,} held-out captions"
    )


def _print_routes(routes: list[dict[str, Any]]) -> None:
    from anysense.server.cli.tables import Column, print_table

    columns = [
        Column("query -> items", is_whole=True),
        Column("space"),
        *(Column(name, is_number=True) for name in ("segments", "recall wanted", "recall")),
        Column("over", is_whole=True),
    ]
    rows = [
        (
            f"{route['query']} -> {route['items_of']}",
            route["space"],
            f"{route['segments']:,}",
            "" if route["exact"] else f"{route['target_recall']:.2f}",
            "exact" if route["exact"] else f"{route['measured_recall']:.3f}",
            "bridge" if route["route"] == "bridged" else "",
        )
        for route in routes
    ]
    click.echo()
    print_table(columns, rows)
