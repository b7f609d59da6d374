"""What the manifest keeps of an index in Milvus: where it is, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptCollectionError, UsageError
from anysense.embed.types import Modality
from anysense.index.types import Partition
from anysense.index.vectors.layout import PartitionLayout
from anysense.index.vectors.milvus.address import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ENGINE", "MilvusLayout", "Place", "read_layout", "write_layout"]

ENGINE = "milvus"
"""What ``engine`` says in the layout of such a generation."""

_VERSION = 1


@dataclass(frozen=True)
class Place:
    """Where a partition is.

    Attributes:
        partition: whose segments these are.
        dimension: of its vectors.
        collection: Milvus' collection, which all partitions of a space share.
        name: Milvus' partition in it: the modality.
        vectors: the type of its vectors in Milvus, by Milvus' own name.
        count: how many segments were published.
    """

    partition: Partition
    dimension: int
    collection: str
    vectors: str
    count: int

    @property
    def name(self) -> str:
        return self.partition.modality.value


@dataclass(frozen=True)
class MilvusLayout:
    """An index in Milvus.

    Attributes:
        address: of the server.
        owner: what the names of this folder's collections begin with.
        high_water: rows with an id over this are of a publishing that was broken off.
        places: by partition.
    """

    address: Address
    owner: str
    high_water: int
    places: Mapping[Partition, Place]

    @property
    def collections(self) -> set[str]:
        """The names of Milvus' collections that it is in."""
        return {place.collection for place in self.places.values()}

    def as_lists(self, exact: int) -> dict[Partition, PartitionLayout]:
        """The partitions as layouts of an index of lists, which Milvus has none of.

        Two stand for a partition of which a search sees a part, so that this is measured.

        Args:
            exact: up to so many segments a partition is searched exactly.
        """
        layouts, first = {}, 0
        for partition, place in self.places.items():
            lists = 1 if place.count <= exact else 2
            layouts[partition] = PartitionLayout(
                partition, place.dimension, first, lists, place.count, place.count
            )
            first += lists
        return layouts


def write_layout(layout: MilvusLayout, index: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON-able form of a layout.

    Args:
        layout: to be kept.
        index: the parameters of Milvus' index, for whoever reads the manifest.
    """
    return {
        "engine": ENGINE,
        "engine_version": _VERSION,
        "address": str(layout.address),
        "owner": layout.owner,
        "high_water": layout.high_water,
        "index": dict(index),
        "partitions": [
            {
                "space": place.partition.space,
                "modality": place.partition.modality.value,
                "dimension": place.dimension,
                "collection": place.collection,
                "vectors": place.vectors,
                "count": place.count,
            }
            for place in layout.places.values()
        ],
    }


def read_layout(content: Mapping[str, Any]) -> MilvusLayout:
    """The reverse of `write_layout`.

    Raises:
        CorruptCollectionError: it is not a layout, or of a later version.
    """
    try:
        if content["engine_version"] != _VERSION:
            raise ValueError(f"version {content['engine_version']!r} is not {_VERSION}")
        return MilvusLayout(
            Address.parse(str(content["address"])),
            str(content["owner"]),
            int(content["high_water"]),
            {place.partition: place for place in _places(content["partitions"])},
        )
    except (AttributeError, KeyError, TypeError, ValueError, UsageError) as error:
        raise CorruptCollectionError(
            f"The layout of the index in Milvus cannot be read ({error}); make it anew with "
            "`anysense publish`."
        ) from None


def _places(parts: Iterable[Mapping[str, Any]]) -> Iterable[Place]:
    for part in parts:
        yield Place(
            Partition(str(part["space"]), Modality(part["modality"])),
            int(part["dimension"]),
            str(part["collection"]),
            str(part["vectors"]),
            int(part["count"]),
        )
