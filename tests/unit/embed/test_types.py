"""Words of anysense that are written out: in JSON, in catalogs and in messages."""

from __future__ import annotations

import json

import numpy as np
import pytest

from anysense.embed.types import WHOLE, EncodedSegment, Kind, Modality, Origin, Place, Unit


@pytest.mark.parametrize("word", [*Kind, *Modality, *Unit, *Origin])
def test_words_are_their_values(word: Kind | Modality | Unit | Origin) -> None:
    assert str(word) == f"{word}" == word.value == word
    assert json.dumps(word) == f'"{word}"'
    assert type(word)(str(word)) is word


def test_every_modality_is_a_kind_too() -> None:
    assert {str(m) for m in Modality} < {str(kind) for kind in Kind}


def test_the_modality_that_a_kind_goes_by() -> None:
    assert {kind.value: kind.modality.value for kind in Kind} == {
        "text": "text",
        "image": "image",
        "audio": "audio",
        "video": "image",
        "document": "text",
    }


def test_places() -> None:
    assert Place() == WHOLE
    assert Place.of_seconds(1.5, 10) == Place(1.5, 10, Unit.SECONDS, None, None)
    assert Place.of_characters(3, 9) == Place(3, 9, Unit.CHARACTERS, None, None)
    assert Place.of_characters(3, 9, 2) == Place(3, 9, Unit.CHARACTERS, 2, None)
    assert Place.of_page(2) == Place(2, 3, Unit.PAGES, 2, None)


def test_a_segment_is_by_default_the_whole_content() -> None:
    segment = EncodedSegment("tiny", Modality.IMAGE, np.zeros(3, np.float32))
    assert (segment.place, segment.text, segment.origin) == (WHOLE, None, Origin.CONTENT)
