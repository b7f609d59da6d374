"""Which fields a filter names and which there are: to say why a filter holds for no item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.filters.filter import parse_filter
from anysense.index.filters.nodes import Compare, Exists, Node, Not, Path
from anysense.index.filters.sql import compile_node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anysense.index.catalog.reader import Catalog

__all__ = ["absent_fields", "metadata_fields"]


def absent_fields(catalog: Catalog, where: str | Mapping[str, Any] | None) -> list[str]:
    """The fields of metadata that a filter names and no item has, in the filter's order.

    Raises:
        FilterError: the filter cannot be read.
    """
    parsed = parse_filter(where)
    paths = () if parsed is None else dict.fromkeys(_paths(parsed.node))
    absent = []
    with catalog.transaction() as connection:
        for path in paths:
            sql, parameters = compile_node(Exists(path))
            query = f"SELECT EXISTS (SELECT 1 FROM items AS i WHERE {sql})"  # noqa: S608
            if not connection.execute(query, parameters).fetchone()[0]:
                absent.append(".".join(path))
    return absent


def metadata_fields(catalog: Catalog, most: int) -> list[str]:
    """Up to so many of the fields that the metadata of any item has, without those inside them."""
    query = "SELECT DISTINCT field.key FROM items, json_each(metadata) AS field LIMIT ?"
    with catalog.transaction() as connection:
        return sorted(name for (name,) in connection.execute(query, (most,)))


def _paths(node: Node) -> Iterator[Path]:
    """The fields that a filter reads in metadata; those of items themselves start with ``$``."""
    if isinstance(node, Not):
        yield from _paths(node.node)
    elif isinstance(node, Compare | Exists):
        if not node.path[0].startswith("$"):
            yield node.path
    else:
        for part in node.nodes:
            yield from _paths(part)
