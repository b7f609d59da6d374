"""What members of a tar say of the others of their group: captions, and metadata.

img2dataset writes beside each picture a ``.json`` with what it knows of it: its ``caption`` is a
caption; where its ``status`` says that it failed, the picture is none to be used.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from anysense.embed.errors import EmptyMediaError, MediaError, UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.beside import read_sidecar
from anysense.index.building.sources.json_sidecars import MOST_JSON_BYTES, parse_metadata
from anysense.index.building.sources.tars.groups import CLASS_SUFFIX, JSON_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense.index.building.sources.tars.groups import Words

__all__ = ["Said", "read_words"]

_log = logging.getLogger("anysense")

_LONGEST_CLASS = 64  # bytes
_BYTES_PER_CHARACTER = 4


class Said(NamedTuple):
    """What is said of the items of a group."""

    captions: tuple[str, ...]
    metadata: dict[str, Any]


def read_words(
    tar: BinaryIO,
    name: str,
    words: Iterable[Words],
    limits: Limits = DEFAULT_LIMITS,
    encoding: str | None = None,
) -> Said:
    """Read what members of a tar say. What cannot be read is left out, with a warning.

    Args:
        tar: the tar, which is open.
        name: of the item that it is said of, for errors.
        words: the members, captions first.
        limits: of which the number of characters of a text counts.
        encoding: what texts are in that are not Unicode; found out where it is None.

    Raises:
        UnsupportedMediaError: they say that the item is none.
    """
    captions: list[str] = []
    metadata: dict[str, Any] = {}
    for each in words:
        where = f"{name}: its .{each.ending}"
        if where.lower().endswith(JSON_SUFFIX):
            row = parse_metadata(_bytes(tar, each, MOST_JSON_BYTES), where)
            _check_status(name, row)
            captions += _captions(row.pop("caption", None))
            metadata = {**_without_nulls(row), **metadata}
        elif where.lower().endswith(CLASS_SUFFIX):
            metadata |= _class(_bytes(tar, each, _LONGEST_CLASS), where)
        else:
            data = _bytes(tar, each, limits.text_characters * _BYTES_PER_CHARACTER)
            captions += _text(data, where, limits, encoding)
    return Said(tuple(dict.fromkeys(captions)), metadata)


def _bytes(tar: BinaryIO, words: Words, most: int) -> bytes:
    """The bytes of a member; of one that has more than so many, one byte more."""
    tar.seek(words.start)
    return tar.read(min(words.size, most + 1))


def _text(data: bytes, where: str, limits: Limits, encoding: str | None) -> list[str]:
    try:
        texts = read_sidecar(io.BytesIO(data), where, limits, encoding)
        return [text for text in texts if text.strip()]
    except EmptyMediaError:
        return []
    except MediaError as error:
        _log.warning("%s: its words are left out: it %s", where, error.reason)
        return []


def _class(data: bytes, where: str) -> dict[str, int]:
    """The number of a class, as WebDatasets have it."""
    try:
        if len(data) > _LONGEST_CLASS:
            raise ValueError
        return {"cls": int(data)}
    except ValueError:
        _log.warning("%s: its class is left out: it is no whole number", where)
        return {}


def _captions(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    return [text.strip() for text in texts if isinstance(text, str) and text.strip()]


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def _check_status(name: str, row: dict[str, Any]) -> None:
    """Refuse what img2dataset has not downloaded; other data sets have a status of another sense.

    Raises:
        UnsupportedMediaError: so it is.
    """
    status = row.get("status")
    is_downloader = isinstance(status, str) and (
        status.startswith("failed") or "error_message" in row
    )
    if is_downloader and status != "success":
        raise UnsupportedMediaError(name, f"is left out: its data set gives it the status {status}")
