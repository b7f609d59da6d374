"""Queries whose vector depends on what they look for, from the question to the ranked list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import formed
import numpy as np
import pytest
from media_files import tone
from PIL import Image

from anysense import Collection, Modality, NewItem, Term, Waveform
from anysense.embed.types import Clip
from anysense.index.background import bank
from anysense.index.calibration.routes import Calibrations
from anysense.index.snapshots.manifest import Manifest
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLOURS = {"red": (200, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 200)}
TONES = {"low": 150, "middle": 700, "high": 3000}
TEXTS = {"both": "red and low", "meadow": "a green meadow"}


def picture(name: str) -> Image.Image:
    return Image.new("RGB", (16, 16), COLOURS[name])


def sound(name: str) -> Waveform:
    return Waveform(tone(1.0, 8000, hz=TONES[name]), 8000)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    formed.register()
    items = [NewItem(picture(name), id=name) for name in COLOURS]
    items += [NewItem(sound(name), id=name) for name in TONES]
    items += [NewItem(text, id=name) for name, text in TEXTS.items()]
    with Collection.create(tmp_path / "c", ["formed"]) as made:
        made.add(items)
        made.publish()
        yield made


def test_one_query_finds_each_modality_by_the_form_that_looks_for_it(
    collection: Collection,
) -> None:
    hits = collection.search("red low", match="vector")
    found = {hit.id: hit.score for hit in hits}
    best = sorted(found, key=lambda each: -found[each])[:3]
    assert set(best) == {"red", "low", "both"}
    # A query in another form, or as an item is, has nothing in common with them.
    assert min(found[each] for each in best) > 0.9 > max(found[each] for each in ("blue", "high"))


def test_terms_are_encoded_once_for_each_form(collection: Collection) -> None:
    (encoder,) = collection.encoders()
    assert isinstance(encoder, formed.FormedEncoder)
    before = encoder.encoded
    collection.search(["red", Term(picture("red"))], match="vector")
    assert encoder.encoded - before == 4  # the text in three ways, the picture in one


def test_the_background_asks_in_each_form(collection: Collection) -> None:
    snapshot = collection.snapshot()
    calibrations = Calibrations(snapshot)  # of what is published alone
    (space,) = collection.spaces
    texts = Partition(space.id, Modality.TEXT)
    as_items, to_image, to_audio = (
        calibrations.background(texts, form) for form in ("", "to-image", "to-audio")
    )
    assert len(as_items) == len(to_image) == len(to_audio) > 50
    images = Partition(space.id, Modality.IMAGE)
    np.testing.assert_array_equal(calibrations.queries(Modality.TEXT, images), to_image)
    # Where they have no form of their own, the collection's own vectors ask as well.
    assert len(calibrations.queries(Modality.IMAGE, texts)) > len(calibrations.background(images))
    assert set(bank.keys_of(space)) == {
        "text",
        "image",
        "audio",
        "text-to-image",
        "text-to-audio",
    }


def test_forms_are_kept_with_the_collection(collection: Collection) -> None:
    manifest = Manifest.read(collection.path)
    assert [entry.space for entry in manifest.encoders] == [formed.FormedEncoder().space]
    assert Manifest.from_text(manifest.to_text(), collection.path).encoders == manifest.encoders


def test_a_clip_is_a_query(collection: Collection) -> None:
    clip = Clip((picture("red"), picture("red")), (0.0, 0.5), 1.0)
    hit = collection.search(clip, k=1, modalities={Modality.IMAGE})[0]
    assert (hit.id, hit.route) == ("red", "native")
