"""Files of other programs in one collection: read in silence, found by what they were made from.

As ffmpeg, ImageMagick and exiftool of Debian write them; see `odd_files`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from odd_files import (
    DECOYS,
    MISSING,
    PHOTOS,
    SCENE_SECONDS,
    SCENES,
    SOUNDS,
    TAGGED,
    VIDEOS,
    OddFile,
    OddVideo,
    facts_by_exiftool,
    write_odd_files,
)

from anysense.embed.types import Modality
from anysense.index.collection import Collection
from anysense.server.cli.commands.demo import sample_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from anysense.index.catalog.records import Segment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: apt-get install {' '.join(MISSING)}"),
]

PROGRESS = re.compile(r"Encoding with starter, |[\d,]+ of [\d,]+ files, ")
ALL: tuple[OddFile | OddVideo, ...] = (*PHOTOS, *DECOYS, *TAGGED, *VIDEOS, *SOUNDS)


@dataclass(frozen=True)
class Corpus:
    """A collection of the odd files and of what they were made from.

    Attributes:
        folder: of the odd files.
        collection: what was built.
        outcome: what the build said: `status`, `stdout`, `stderr`; what is `unmade` and why;
            and the `facts` that exiftool read.
        items: ids of items by the names of their files.
    """

    folder: Path
    collection: Collection
    outcome: Mapping[str, Any]
    items: Mapping[str, str]

    def pieces(self, name: str, modality: Modality) -> list[tuple[Segment, NDArray[np.float32]]]:
        """The segments of a file, each with its vector."""
        if name in self.outcome["unmade"]:
            pytest.skip(self.outcome["unmade"][name])
        catalog = self.collection.folder.catalog
        segments = [
            segment
            for segment in catalog.item(self.items[name]).segments
            if segment.modality is modality
        ]
        parts = catalog.item_vectors(self.items[name])
        vectors = [vector for part in parts if part.modality is modality for vector in parts[part]]
        return list(zip(segments, vectors, strict=True))

    def originals(self, kind: str) -> dict[str, NDArray[np.float32]]:
        """The vectors of the beginnings of the sample's photos or sounds."""
        modality = Modality.IMAGE if kind == "photos" else Modality.AUDIO
        paths = sorted((sample_folder() / kind).iterdir())
        return {path.stem: self.pieces(path.name, modality)[0][1] for path in paths}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # one corpus for all workers
        base = base.parent
    folder, built, said = base / "odd", base / "odd.anysense", base / "odd.json"
    with FileLock(base / "odd.lock"):
        if not said.exists():
            folder.mkdir()
            unmade = write_odd_files(folder, tmp_path_factory.mktemp("scratch"))
            outcome = build(folder, built) | {"unmade": unmade, "facts": facts_by_exiftool(folder)}
            said.write_text(json.dumps(outcome))
    with Collection.open(built) as collection:
        items = {Path(path).name: file.item_id for path, file in collection.files().items()}
        yield Corpus(folder, collection, json.loads(said.read_text()), items)


def build(folder: Path, built: Path) -> dict[str, Any]:
    """Build the collection as a user does."""
    sample = [sample_folder() / kind for kind in ("photos", "sounds")]
    command = [sys.executable, "-m", "anysense", "build", folder, *sample, "-o", built, "--json"]
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=300, check=False
    )
    return {"stdout": done.stdout, "stderr": done.stderr, "status": done.returncode}


def nearest(vector: NDArray[np.float32], others: Mapping[str, NDArray[np.float32]]) -> str:
    return max(others, key=lambda name: float(vector @ others[name]))


def names_of(files: Iterable[OddFile | OddVideo]) -> list[str]:
    return [file.name for file in files]


def test_all_files_are_read_in_silence(corpus: Corpus) -> None:
    outcome = corpus.outcome
    assert outcome["status"] == 0, outcome["stderr"]
    assert [line for line in outcome["stderr"].splitlines() if not PROGRESS.match(line)] == []
    assert corpus.collection.folder.quarantined() == []
    made = set(names_of(ALL)) - set(outcome["unmade"])
    assert made - set(corpus.items) == set()


@pytest.mark.parametrize("photo", PHOTOS, ids=names_of(PHOTOS))
def test_a_photo_is_nearest_to_its_original(corpus: Corpus, photo: OddFile) -> None:
    [(_, vector)] = corpus.pieces(photo.name, Modality.IMAGE)
    others = corpus.originals("photos")
    others |= {decoy.name: corpus.pieces(decoy.name, Modality.IMAGE)[0][1] for decoy in DECOYS}
    assert nearest(vector, others) == photo.of
    assert vector @ others[photo.of] >= photo.least


@pytest.mark.parametrize("photo", TAGGED, ids=names_of(TAGGED))
def test_metadata_are_as_exiftool_says(corpus: Corpus, photo: OddFile) -> None:
    corpus.pieces(photo.name, Modality.IMAGE)
    metadata = corpus.collection.folder.catalog.item(corpus.items[photo.name]).metadata
    expected = corpus.outcome["facts"][photo.name]
    assert expected
    assert metadata == expected


@pytest.mark.parametrize("video", VIDEOS, ids=names_of(VIDEOS))
def test_each_frame_of_a_video_finds_the_photo_that_is_seen_then(
    corpus: Corpus, video: OddVideo
) -> None:
    photos = corpus.originals("photos")
    seen = set()
    for segment, vector in corpus.pieces(video.name, Modality.IMAGE):
        start, end = segment.place.start, segment.place.end
        assert start is not None
        assert end is not None
        middle = min((start + end) / 2, start + 0.5)
        scene = SCENES[int((middle + video.begins) / SCENE_SECONDS)]
        assert nearest(vector, photos) == scene, (start, end)
        assert vector @ photos[scene] >= 0.9
        seen.add(scene)
    assert seen == set(SCENES[max(0, int(video.begins / SCENE_SECONDS)) :])


@pytest.mark.parametrize("video", VIDEOS, ids=names_of(VIDEOS))
def test_the_sound_of_a_video_is_heard_from_its_second_on(corpus: Corpus, video: OddVideo) -> None:
    [(segment, vector)] = corpus.pieces(video.name, Modality.AUDIO)
    assert segment.place.start == pytest.approx(video.heard_at, abs=0.15)
    assert nearest(vector, corpus.originals("sounds")) == video.sound


@pytest.mark.parametrize("sound", SOUNDS, ids=names_of(SOUNDS))
def test_a_sound_is_nearest_to_its_original(corpus: Corpus, sound: OddFile) -> None:
    [(_, vector)] = corpus.pieces(sound.name, Modality.AUDIO)
    others = corpus.originals("sounds")
    assert nearest(vector, others) == sound.of
    assert vector @ others[sound.of] >= sound.least
