"""Films of several scenes and documents of several pages as queries, with the starter encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import page, pdf
from PIL import Image, ImageOps
from video_files import RATE, Scene, film

from anysense import Collection, NewItem, Term
from anysense.embed.media.audio.recording import read_audio, resample
from anysense.embed.media.image import read_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[2] / "server" / "sample"
PHOTOS = sorted((SAMPLE / "photos").glob("*.jpg"))[::2]
SOUNDS = sorted(path for path in (SAMPLE / "sounds").iterdir() if path.is_file())[::4]
NOTES = sorted((SAMPLE / "notes").glob("*.txt"))[::2]
SHOWN, HEARD, READ = PHOTOS[2:24:8], SOUNDS[1:11:4], NOTES[1:16:5]
SECONDS = 10.0
"""Of a scene: a window of sound."""


def scene(photo: Path, sound: Path) -> Scene:
    """A photo for ten seconds, with a sound as often as it fits."""
    picture = ImageOps.fit(read_image(photo), (320, 180), Image.Resampling.LANCZOS)
    samples = resample(read_audio(sound), RATE).samples
    return Scene(picture, SECONDS, np.resize(samples, round(SECONDS * RATE)))


@pytest.fixture(scope="module")
def video() -> bytes:
    scenes = [scene(*both) for both in zip(SHOWN, HEARD, strict=True)]
    return film(scenes, rate=4)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory, video: bytes) -> Iterator[Collection]:
    with Collection.create(tmp_path_factory.mktemp("several") / "c", ["starter"]) as made:
        items = [NewItem(path, id=path.stem) for path in (*PHOTOS, *SOUNDS, *NOTES)]
        assert made.add([*items, NewItem(video, id="film")]).failed == []
        made.publish()
        yield made


def names(collection: Collection, query: object, modality: str, k: int) -> list[str]:
    hits = collection.search(query, modalities=[modality], k=k)  # type: ignore[arg-type]
    return [hit.id for hit in hits]


def test_a_film_is_first_and_then_what_is_seen_and_heard_in_each_scene(
    collection: Collection, video: bytes
) -> None:
    assert collection.search(video, k=1)[0].id == "film"
    for modality, parts in (("image", SHOWN), ("audio", HEARD)):
        found = names(collection, video, modality, 8)
        assert found[0] == "film"
        assert {part.stem for part in parts} <= set(found)
    found = names(collection, Term(like="film"), "image", 7)
    assert {part.stem for part in SHOWN} <= set(found)


def test_what_is_in_no_scene_scores_no_higher_than_by_one(
    collection: Collection, video: bytes
) -> None:
    def reached(query: object, modality: str) -> float:
        hits = collection.search(query, modalities=[modality], k=100)  # type: ignore[arg-type]
        known = {"film", *(path.stem for path in (*SHOWN, *HEARD))}
        return float(np.mean([hit.score >= 1.0 for hit in hits if hit.id not in known]))

    for modality in ("image", "text"):
        by_one = np.mean([reached(photo, modality) for photo in SHOWN])
        assert reached(video, modality) <= by_one + 0.1
        assert reached(video, modality) < 0.25


def test_each_page_of_a_document_finds_its_own(collection: Collection) -> None:
    pages = []
    for note in READ:
        text = note.read_text(encoding="utf-8").replace("(", "").replace(")", "")
        plain = text.encode("cp1252", "ignore").decode("cp1252")
        words = plain.split()[:120]
        pages.append(page(*(" ".join(words[at : at + 10]) for at in range(0, len(words), 10))))
    found = names(collection, pdf(pages), "text", 6)
    assert {note.stem for note in READ} <= set(found)
