"""Every error that anysense raises on purpose.

    AnysenseError                       the root: catch this one
    ├── UsageError                      an argument is wrong; nothing was done
    │   ├── FilterError                 a `where` expression cannot be read
    │   ├── RemovalError                a build would remove most of what a list has given
    │   ├── NoHitError                  an item is not among what a search may find
    │   └── StateGoneError              what an earlier page was of is no longer held
    ├── MediaError                      one file or payload cannot be used
    │   ├── UnsupportedMediaError       not a kind of file that anysense reads
    │   ├── CorruptMediaError           truncated, damaged, or not what its name says
    │   ├── EmptyMediaError             no bytes, no samples, nothing but white space
    │   └── MediaTooLargeError          over one of the limits in `anysense.embed.limits`
    ├── EncoderError                    a model cannot be used
    │   ├── UnknownEncoderError         no encoder of that name
    │   ├── MissingWeightsError         its weights, or a package it needs, are not here
    │   └── CheckpointError             its weights are damaged, or are refused as unsafe
    ├── CollectionError                 a collection cannot be used
    │   ├── CollectionNotFoundError     no collection at that path
    │   ├── CollectionExistsError       a collection, or something else, is already there
    │   ├── CollectionLockedError       another process is writing to it
    │   ├── CollectionReplacedError     its files are not those any more that were opened
    │   ├── IncompatibleCollectionError built with another model or by a newer version
    │   ├── CorruptCollectionError      damaged beyond what can be rebuilt
    │   ├── ItemNotFoundError           no item of that id
    │   ├── NoMapError                  it has no map, or none of that space
    │   ├── NoMediaError                an item was not made from a file
    │   ├── MediaGoneError              the file of an item is gone, or is another one by now
    │   ├── EngineUnavailableError      the server that searches it does not answer
    │   └── StorageError                the disk refused (full, read-only, no permission)
    ├── ServiceError                    a service does not answer, or fails
    │   ├── ServiceUnreachableError     nobody answers at its address
    │   └── AccessError                 the key is missing or wrong, or may not do this
    ├── NoRouteError                    no encoder here connects the query to any item
    ├── BusyError                       too much waits already: try again in a moment
    ├── AbandonedError                  whoever had asked for this has gone away
    └── DeadlineError                   it took longer than the time that it was given

A message is one sentence, or two: what was wrong, with which file, and what to do.
"""

from __future__ import annotations

from anysense.embed.shown import shown_name

__all__ = [
    "AbandonedError",
    "AccessError",
    "AnysenseError",
    "BusyError",
    "CheckpointError",
    "CollectionError",
    "CollectionExistsError",
    "CollectionLockedError",
    "CollectionNotFoundError",
    "CollectionReplacedError",
    "CorruptCollectionError",
    "CorruptMediaError",
    "DeadlineError",
    "EmptyMediaError",
    "EncoderError",
    "EngineUnavailableError",
    "FilterError",
    "IncompatibleCollectionError",
    "ItemNotFoundError",
    "MediaError",
    "MediaGoneError",
    "MediaTooLargeError",
    "MissingWeightsError",
    "NoHitError",
    "NoMapError",
    "NoMediaError",
    "NoRouteError",
    "RemovalError",
    "ServiceError",
    "ServiceUnreachableError",
    "StateGoneError",
    "StorageError",
    "UnknownEncoderError",
    "UnsupportedMediaError",
    "UsageError",
]


class AnysenseError(Exception):
    """The root of every error that anysense raises on purpose."""


class UsageError(AnysenseError):
    """An argument is wrong; nothing was done."""


class FilterError(UsageError):
    """A `where` expression cannot be read."""


class RemovalError(UsageError):
    """A build would remove most of the items that a list has given, and nobody has said so."""


class NoHitError(UsageError):
    """An item is not among what a search may find."""


class StateGoneError(UsageError):
    """The state of the collection that an earlier page was of is no longer held."""


class MediaError(AnysenseError):
    """One file or payload cannot be used.

    Attributes:
        source: the path, or a name such as ``<bytes>``, of what cannot be used.
        reason: the message without the source, for tables that show the two apart.
    """

    def __init__(self, source: object, reason: str) -> None:
        self.source = str(source)
        self.reason = reason
        super().__init__(f"{shown_name(self.source)}: {reason}")


class UnsupportedMediaError(MediaError):
    """Not a kind of file that anysense reads."""


class CorruptMediaError(MediaError):
    """Truncated, damaged, or not what its name says."""


class EmptyMediaError(MediaError):
    """No bytes, no samples, or nothing but white space."""


class MediaTooLargeError(MediaError):
    """Over one of the limits in `anysense.embed.limits`."""


class EncoderError(AnysenseError):
    """A model cannot be used."""


class UnknownEncoderError(EncoderError):
    """No encoder of that name."""


class MissingWeightsError(EncoderError):
    """The encoder's weights, or a package it needs, are not here."""


class CheckpointError(EncoderError):
    """The encoder's weights are damaged, or are refused as unsafe."""


class CollectionError(AnysenseError):
    """A collection cannot be used."""


class CollectionNotFoundError(CollectionError):
    """No collection at that path."""


class CollectionExistsError(CollectionError):
    """A collection, or something else, is already at that path."""


class CollectionLockedError(CollectionError):
    """Another process is writing to the collection."""


class CollectionReplacedError(CollectionError):
    """Its files are not those any more that were opened: moved, removed, or put back by others."""


class IncompatibleCollectionError(CollectionError):
    """Built with another model or preprocessing, or by a newer version of anysense."""


class CorruptCollectionError(CollectionError):
    """Damaged beyond what can be rebuilt from the catalog."""


class ItemNotFoundError(CollectionError):
    """No item of that id."""


class NoMapError(CollectionError):
    """The collection has no map, or none of this space."""


class NoMediaError(CollectionError):
    """The item was not made from a file of its own."""


class MediaGoneError(CollectionError):
    """The file of an item is gone, or is another one than was added."""


class EngineUnavailableError(CollectionError):
    """The server that holds the index does not answer, or not as it should; nothing is lost."""


class StorageError(CollectionError):
    """The disk refused: it is full, read-only, or denies permission."""


class ServiceError(AnysenseError):
    """A service does not answer, or fails."""


class ServiceUnreachableError(ServiceError):
    """Nobody answers at the address of a service, or the connection broke."""


class AccessError(ServiceError):
    """The key for a service is missing or wrong, or may not do what was asked."""


class NoRouteError(AnysenseError):
    """No encoder of the collection connects the query to any of its items."""


class BusyError(AnysenseError):
    """Too much waits for the same already, and nothing was done: try again in a moment."""


class AbandonedError(AnysenseError):
    """Whoever had asked for this has gone away, and nothing was done."""


class DeadlineError(AnysenseError):
    """It took longer than the time that it was given, and nothing was done."""
