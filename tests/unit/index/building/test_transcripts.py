"""What is said in sounds is found, by a model that the collection keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_files import summary, write_picture, write_tone

from anysense.embed.errors import MissingWeightsError
from anysense.embed.types import Origin
from anysense.index.building.build import build
from anysense.index.building.settings.recognition import recognition_of
from anysense.index.ranking.retriever import CollectionRetriever

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    folder.mkdir()
    write_tone(folder / "talk.wav", 440.0, 4.0)
    write_picture(folder / "red.png", (255, 0, 0))
    return folder


def test_a_sound_is_found_by_what_is_said_in_it(
    collection: Collection, sounds: Path, model: str
) -> None:
    build(collection, [sounds], transcribe=model)
    hit = CollectionRetriever(collection).retrieve("herons", match="words")[0]
    assert hit.source.endswith("talk.wav")
    assert (hit.origin, hit.kind.value, hit.text) == (
        Origin.TRANSCRIPT,
        "audio",
        "Herons nest in April.",
    )
    assert (hit.start, hit.end) == (0.5, pytest.approx(4.0, abs=0.05))


def test_sounds_that_were_read_before_are_read_again_once(
    collection: Collection, sounds: Path, model: str
) -> None:
    assert summary(build(collection, [sounds])) == {"added": 2}
    report = build(collection, [sounds], transcribe=model)
    assert summary(report) == {"updated": 1, "unchanged": 1}
    assert recognition_of(collection.folder).transcribe == f"whisper:{model}"
    assert summary(build(collection, [sounds])) == {"unchanged": 2}
    write_tone(sounds / "other.wav", 220.0, 3.0)
    assert summary(build(collection, [sounds])) == {"added": 1, "unchanged": 2}
    assert len(CollectionRetriever(collection).retrieve("herons", match="words")) == 2
    build(collection, [sounds], transcribe="", reread=True)
    assert CollectionRetriever(collection).retrieve("herons", match="words") == []


def test_a_model_that_is_not_here_leaves_the_collection_as_it_was(
    collection: Collection, sounds: Path
) -> None:
    with pytest.raises(MissingWeightsError, match="models pull whisper:openai/whisper-none"):
        build(collection, [sounds], transcribe="openai/whisper-none")
    assert recognition_of(collection.folder).transcribe is None
