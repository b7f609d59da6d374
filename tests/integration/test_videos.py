"""A film of photos and sounds: each photo finds its scene, in every codec."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from video_files import RATE, Scene, film

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.media.audio.recording import read_audio, resample
from anysense.embed.media.image import read_image
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.reading import MediaSource
from anysense.embed.pipeline.stream import encode_sources
from anysense.embed.types import EncodedSegment, Modality

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[2] / "server" / "sample"
PHOTOS = sorted((SAMPLE / "photos").glob("*.jpg"))[::3][:12]
SOUNDS = sorted(path for path in (SAMPLE / "sounds").iterdir() if path.is_file())[::3][:12]
SECONDS = 2.0


def scenes() -> list[Scene]:
    """Twelve photos of two seconds, each with the beginning of a sound."""
    made = []
    for photo, sound in zip(PHOTOS, SOUNDS, strict=True):
        picture = ImageOps.fit(read_image(photo), (320, 180), Image.Resampling.LANCZOS)
        samples = resample(read_audio(sound), RATE).samples[: round(SECONDS * RATE)]
        rest = round(SECONDS * RATE) - len(samples)
        made.append(Scene(picture, SECONDS, np.pad(samples, (0, rest))))
    return made


def best(segments: list[EncodedSegment], query: np.ndarray) -> EncodedSegment:
    return max(segments, key=lambda segment: float(segment.vector @ query))


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mp4", "libx265"),
        ("webm", "libvpx-vp9"),
        ("matroska", "libsvtav1"),
        ("avi", "mpeg4"),
        ("mov", "mjpeg"),
    ],
)
def test_each_photo_finds_its_scene_within_a_second(container: str, codec: str) -> None:
    encoder = load_encoder("starter")
    data = film(scenes(), container, codec)
    [encoded] = encode_sources([encoder], [MediaSource("film", data)])
    frames = [s for s in encoded.segments if s.modality is Modality.IMAGE]
    assert len(frames) < 18  # of 24 seconds, as neighbours that show the same are one
    found = 0
    for number, photo in enumerate(PHOTOS):
        hit = best(frames, encode_query(encoder, Modality.IMAGE, photo))
        assert hit.place.start is not None
        found += abs(hit.place.start - number * SECONDS) <= 1.0
    assert found >= 11
    sounds = [s for s in encoded.segments if s.modality is Modality.AUDIO]
    assert [round(s.place.start or 0) for s in sounds] == [0, 10, 14]
