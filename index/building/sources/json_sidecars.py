"""JSON files beside files, whose object is metadata: ``photo.jpg.json``, ``photo.json``.

So do Google's exports of photos (``photo.jpg.supplemental-metadata.json``) and many tools.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.media.beside import is_metadata
from anysense.index.catalog.stored import metadata_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from anysense.index.catalog.records import Sidecar

__all__ = ["json_sidecar", "read_json_sidecar"]

_log = logging.getLogger("anysense")

_MOST_BYTES = 256 * 1024


def json_sidecar(sidecars: Iterable[Sidecar]) -> Sidecar | None:
    """The one of the files beside another that has metadata; None where there is none."""
    return next((sidecar for sidecar in sidecars if is_metadata(sidecar.name)), None)


def read_json_sidecar(path: Path) -> dict[str, Any]:
    """The metadata in a JSON file; empty, with a warning, where it is no object or broken."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it has over {_MOST_BYTES:,} bytes")
        metadata = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
        if not isinstance(metadata, dict):
            raise ValueError("it is no object")
        metadata_text(path.name, metadata)
    except (OSError, ValueError, RecursionError, UsageError) as error:
        _log.warning("%s: its metadata is left out: %s", path, error)
        return {}
    return metadata


def _refuse(constant: str) -> None:
    raise ValueError(f"it has {constant}, which JSON has not")
