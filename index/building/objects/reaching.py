"""An object of which a catalog has the path, reached again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError
from anysense.index.objects.addresses import address_of, is_object
from anysense.index.objects.content import RangedObject
from anysense.index.objects.services import storage_of

if TYPE_CHECKING:
    from anysense.index.building.sources.paths import CatalogPath

__all__ = ["object_file"]


def object_file(path: CatalogPath, stamp: int | None) -> RangedObject:
    """The object at a path, of which only what is read will be fetched.

    Args:
        path: of the object.
        stamp: the state that the catalog knows; None for any.

    Raises:
        MediaError: it is gone, or is another one by now.
        AccessError, ServiceUnreachableError: its service refuses, or does not answer.
        UsageError: what its service needs is not installed.
    """
    name = path.holder
    if not is_object(name):
        raise UnsupportedMediaError(name, "is an address that anysense does not read")
    address = address_of(name)
    try:
        found = storage_of(address.protocol).look(address)
    except FileNotFoundError:
        raise CorruptMediaError(name, "is not there any more") from None
    if stamp not in (None, found.stamp):
        raise CorruptMediaError(name, "has changed since it was added")
    return RangedObject(name, found.size, found.stamp)
