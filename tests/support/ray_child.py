"""Builds with Ray, in a process of its own: what tests/integration/test_ray.py starts.

Its encoder is the tiny one, registered in the actors, too: they import this module with the class.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tiny

from anysense.embed.encoders.registry import register_encoder
from anysense.index.building.options import BuildOptions
from anysense.index.building.ray import pool
from anysense.index.building.ray.actor import PartEncoder
from anysense.index.building.ray.build import RayCluster, build_on_ray
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from anysense.embed.types import Content, Modality


class DeadlyEncoder(tiny.TinyEncoder):
    """Kills the process that prepares a text with a certain word, as a broken decoder does.

    With another word it does so once: the file named beside it is there afterwards.
    """

    def prepare(self, modality: Modality, content: Content) -> Any:
        if isinstance(content, str):
            words = content.split()
            if "poison" in words:
                os.kill(os.getpid(), signal.SIGKILL)
            if "once" in words:
                mark = Path(words[words.index("once") + 1])
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
        return super().prepare(modality, content)


class Actor(PartEncoder):
    """An actor that knows the encoder of the tests."""

    def __init__(self) -> None:
        super().__init__()
        register()


def register() -> None:
    register_encoder("deadly", lambda name, device: DeadlyEncoder("deadly"))


def main(folder: Path, media: Path, actors: int) -> None:
    """Build with Ray, and print what was done."""
    register()
    pool.PartEncoder = Actor  # type: ignore[misc]
    path = folder / "collection"
    opened = Collection.open(path) if Collection.exists(path) else None
    with opened or Collection.create(path, ("deadly",)) as collection:
        cluster = RayCluster("local", actors, part_items=8)
        report = build_on_ray(collection, [media], cluster, BuildOptions(workers=2))
        made = {
            "added": report.added,
            "unchanged": report.unchanged,
            "segments": report.segments,
            "quarantined": [[problem.path, problem.reason] for problem in report.quarantined],
            "info": collection.info(),
            "parts": sorted(entry.name for entry in path.iterdir()),
        }
    print(json.dumps(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
