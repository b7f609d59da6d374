from __future__ import annotations

import json

import pytest

from anysense import Hit, Modality
from anysense.adapters.facts import (
    each_segment,
    facts_of,
    item_in,
    item_uri,
    name_of,
    segment_id,
    words_of,
)
from anysense.embed.types import Kind, Origin, Unit
from anysense.index.hits.hit import HitSegment


def hit(**fields: object) -> Hit:
    given: dict[str, object] = {
        "id": "a/b c",
        "kind": Kind.IMAGE,
        "modality": Modality.IMAGE,
        "score": 2.0,
        "raw_score": 0.3,
        "route": "native",
        "source": "/home/ada/photos/hens.jpg",
        "space": "starter",
        "origin": Origin.CONTENT,
    }
    return Hit(**{**given, **fields})  # type: ignore[arg-type]


def segment(**fields: object) -> HitSegment:
    given: dict[str, object] = {
        "modality": Modality.TEXT,
        "score": 1.5,
        "raw_score": 0.2,
        "route": "native",
        "space": "starter",
    }
    return HitSegment(**{**given, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("item_id", ["note-1", "a/b c", "ü#?%", "https://x.org/a.jpg"])
def test_an_address_names_one_item(item_id: str) -> None:
    assert item_in(item_uri(item_id)) == item_id
    assert item_uri(item_id).startswith("anysense://item/")
    assert "/" not in item_uri(item_id).removeprefix("anysense://item/")


@pytest.mark.parametrize("address", ["photo.jpg", "https://x.org/a", "anysense://item/"])
def test_other_addresses_name_none(address: str) -> None:
    assert item_in(address) is None


def test_the_words_of_a_hit_are_its_passage() -> None:
    assert words_of(hit(text="Hens in the grass.")) == "Hens in the grass."


def test_the_words_of_a_picture_are_its_caption_or_its_name() -> None:
    caption = segment(text="Brown hens.", origin=Origin.CAPTION)
    assert words_of(hit(segments=(caption,))) == "Brown hens."
    assert words_of(hit(metadata={"caption": "Hens, brown."})) == "Hens, brown."
    assert words_of(hit(metadata={"caption": " "})) == "hens.jpg"
    assert words_of(hit()) == "hens.jpg"


def test_the_words_of_a_page_are_those_on_it() -> None:
    passages = tuple(
        segment(text=f"On page {page}.", page=page, origin=Origin.CONTENT) for page in (2, 3)
    )
    page = hit(kind=Kind.DOCUMENT, start=3, end=4, unit=Unit.PAGES, page=3, segments=passages)
    assert words_of(page) == "On page 3."


def test_the_name_of_an_upload_is_that_of_its_client() -> None:
    assert name_of(hit(source="/c/media/0a1b.jpg", metadata={"filename": "me.jpg"})) == "me.jpg"
    assert name_of(hit(source="text:note-1")) == "text:note-1"


def test_facts_are_plain_values_that_json_can_hold() -> None:
    facts = facts_of(hit(box=(0.0, 0.0, 0.5, 1.0), metadata={"year": 2021}), no_match=True)
    assert json.loads(json.dumps(facts)) == facts
    assert facts == {
        "year": 2021,
        "item": "a/b c",
        "uri": "anysense://item/a%2Fb%20c",
        "kind": "image",
        "modality": "image",
        "score": 2.0,
        "raw_score": 0.3,
        "route": "native",
        "source": "/home/ada/photos/hens.jpg",
        "space": "starter",
        "origin": "content",
        "box": [0.0, 0.0, 0.5, 1.0],
        "mime_type": "image/jpeg",
        "no_match": True,
    }
    assert all(type(value) in (str, float, int, bool, list) for value in facts.values())


def test_metadata_of_the_name_of_a_fact_is_kept() -> None:
    facts = facts_of(hit(metadata={"source": "a camera", "score": 9, "year": 2021}))
    assert facts["source"] == "/home/ada/photos/hens.jpg"
    assert facts["score"] == 2.0
    assert facts["metadata"] == {"source": "a camera", "score": 9}
    assert facts["year"] == 2021


def test_each_segment_has_an_id_of_its_own() -> None:
    segments = (
        segment(text="Brown hens.", origin=Origin.CAPTION),
        segment(text="A farm.", origin=Origin.CAPTION),
        segment(text="MILK", origin=Origin.OCR, box=(0.0, 0.5, 0.5, 1.0)),
        segment(start=10.0, end=20.5, unit=Unit.SECONDS),
        segment(start=1234567, end=1234568, unit=Unit.CHARACTERS),
        segment(start=1234567, end=1234569, unit=Unit.CHARACTERS),
        segment(start=3, end=4, unit=Unit.PAGES, page=3),
        segment(page=3),
    )
    found = list(each_segment(hit(segments=segments)))
    ids = [segment_id(each) for each in found]
    assert ids[0] == "a/b c"
    assert ids[4:] == [
        "a/b c#seconds=10-20.5",
        "a/b c#characters=1234567-1234568",
        "a/b c#characters=1234567-1234569",
        "a/b c#pages=3-4",
        "a/b c#page=3",
    ]
    assert len(set(ids)) == len(ids) == 9
    assert [each.text for each in found[:3]] == [None, "Brown hens.", "A farm."]
    assert {each.source for each in found} == {"/home/ada/photos/hens.jpg"}
