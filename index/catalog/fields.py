"""Which fields a filter names and which there are: to say why a filter holds for no item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.filters.filter import parse_filter
from anysense.index.filters.nodes import Compare, Exists, Field, Node, Not
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
    fields = () if parsed is None else dict.fromkeys(_metadata_fields(parsed.node))
    absent = []
    with catalog.transaction() as connection:
        for field in fields:
            sql, parameters = compile_node(Exists(field))
            query = f"SELECT EXISTS (SELECT 1 FROM items AS i WHERE {sql})"  # noqa: S608
            if not connection.execute(query, parameters).fetchone()[0]:
                absent.append(str(field))
    return absent


def metadata_fields(catalog: Catalog, most: int) -> list[str]:
    """Up to so many of the fields that the metadata of any item has, without those inside them."""
    query = "SELECT DISTINCT field.key FROM items, json_each(metadata) AS field LIMIT ?"
    with catalog.transaction() as connection:
        return sorted(name for (name,) in connection.execute(query, (most,)))


def _metadata_fields(node: Node) -> Iterator[Field]:
    """The fields that a filter reads in metadata."""
    if isinstance(node, Not):
        yield from _metadata_fields(node.node)
    elif isinstance(node, Compare | Exists):
        if not node.field.is_column:
            yield node.field
    else:
        for part in node.nodes:
            yield from _metadata_fields(part)
