"""JSON files beside files, whose object is metadata: ``photo.jpg.json``, ``photo.json``.

So do Google's exports of photos (``photo.jpg.supplemental-metadata.json``) and many tools.
"""

from __future__ import annotations

import json
import logging
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.json_faults import json_fault
from anysense.embed.media.beside import is_metadata
from anysense.index.catalog.stored import metadata_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from anysense.index.catalog.records import Sidecar

__all__ = ["MOST_JSON_BYTES", "json_sidecar", "parse_metadata", "read_json_sidecar"]

_log = logging.getLogger("anysense")

MOST_JSON_BYTES = 256 * 1024
"""Of a JSON file that is read."""


def json_sidecar(sidecars: Iterable[Sidecar]) -> Sidecar | None:
    """The one of the files beside another that has metadata; None where there is none."""
    return next((sidecar for sidecar in sidecars if is_metadata(sidecar.name)), None)


def read_json_sidecar(path: Path) -> dict[str, Any]:
    """The metadata in a JSON file; empty, with a warning, where it is no object or broken."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_JSON_BYTES + 1)
    except OSError as error:
        _warn(str(path), error)
        return {}
    return parse_metadata(data, str(path))


def parse_metadata(data: bytes, name: str) -> dict[str, Any]:
    """The metadata that the bytes of a JSON file are; empty, with a warning, if they are none.

    Args:
        data: of which more than `MOST_JSON_BYTES` are too many.
        name: what the warning calls the file.
    """
    try:
        if len(data) > MOST_JSON_BYTES:
            raise ValueError(f"it has over {MOST_JSON_BYTES:,} bytes")
        metadata = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
        if not isinstance(metadata, dict):
            raise ValueError("it is no object")
        metadata_text(PurePath(name).name, metadata)
    except (ValueError, RecursionError, UsageError) as error:
        _warn(name, error)
        return {}
    return metadata


def _warn(name: str, error: Exception) -> None:
    _log.warning("%s: its metadata is left out: %s", name, json_fault(error))


def _refuse(constant: str) -> None:
    raise ValueError(f"it has {constant}, which JSON has not")
