"""Places, as people read them."""

from __future__ import annotations

import pytest

from anysense.embed.types import WHOLE, Origin, Place
from anysense.index.hits.places import show_place, show_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (show_time(0), "0:00"),
        (show_time(83.7), "1:23"),
        (show_time(3723), "1:02:03"),
        (show_place(Place.of_seconds(10.0, 20.0)), "0:10-0:20"),
        (show_place(Place.of_seconds(0.0, 0.4)), "0:00-0:01"),
        (show_place(Place.of_characters(0, 12345)), "0-12,345"),
        (show_place(Place.of_characters(0, 12345, page=1234)), "page 1,234, 0-12,345"),
        (show_place(Place.of_page(7)), "page 7"),
        (show_place(WHOLE), ""),
        (show_place(WHOLE, Origin.CONTENT), ""),
        (show_place(Place.of_characters(0, 9), Origin.CONTENT), "0-9"),
        (show_place(Place.of_characters(0, 9), Origin.CAPTION), "caption"),
        (show_place(WHOLE, Origin.OCR), "ocr"),
        (show_place(Place.of_page(7), Origin.OCR), "page 7, ocr"),
        (show_place(Place.of_seconds(10.0, 12.0), Origin.TRANSCRIPT), "0:10-0:12, transcript"),
    ],
)
def test_places_are_said_for_people(text: str, expected: str) -> None:
    assert text == expected
