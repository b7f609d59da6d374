"""`near` in filters: within a distance of a place, wherever on the Earth that is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from anysense.embed.errors import FilterError
from anysense.index.collection import Collection
from anysense.index.filters.distance import box_around, distance_km
from anysense.index.filters.filter import parse_filter
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACES: dict[str, dict[str, Any]] = {
    "munich": {"latitude": 48.137, "longitude": 11.575},
    "garching": {"latitude": 48.249, "longitude": 11.651},
    "suva": {"latitude": -18.141, "longitude": 178.442},
    "apia": {"latitude": -13.833, "longitude": -171.767},
    "pole": {"latitude": 89.99, "longitude": 90},
    "nowhere": {"place": "Munich"},
    "text": {"latitude": "48.137", "longitude": "11.575"},
    "half": {"latitude": 48.137},
    "list": {"latitude": [48.137], "longitude": [11.575]},
}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    path: Path = tmp_path_factory.mktemp("near") / "c"
    with Collection.create(path, ["tiny"]) as made:
        made.add([NewItem(name, id=name, metadata=about) for name, about in PLACES.items()])
        yield made


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("near(48.14, 11.58, 5 km)", {"munich"}),
        ("near(48.14, 11.58, 20 km)", {"munich", "garching"}),
        ("near(48.14, 11.58, 500 m)", {"munich"}),
        ("NEAR(48.137, 11.575, 0)", {"munich"}),
        ("near(-16, -179.9, 1200 km)", {"suva", "apia"}),
        ("near(-18, 179.9, 200)", {"suva"}),
        ("near(89.99, -90, 3 km)", {"pole"}),
        ("near(0, 0, 20100 km)", {"munich", "garching", "suva", "apia", "pole"}),
        ("not near(0, 0, 20100 km)", {"nowhere", "text", "half", "list"}),
        ("near(48.14, 11.58, 20 km) and not near(48.14, 11.58, 5 km)", {"garching"}),
        ({"$near": {"latitude": 48.14, "longitude": 11.58, "km": 5}}, {"munich"}),
        (
            {"$not": {"$near": {"latitude": 0, "longitude": 0, "km": 20100}}, "place": "Munich"},
            {"nowhere"},
        ),
    ],
)
def test_items_within_a_distance_are_found(
    collection: Collection, where: Any, ids: set[str]
) -> None:
    hits = collection.search("munich", k=20, where=where)
    assert {hit.id for hit in hits} == ids


def test_a_field_may_be_called_so() -> None:
    assert parse_filter("near = 3") is not None
    assert parse_filter({"near": 3}) == parse_filter("near = 3")


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("near(91, 0, 5)", "latitude of near is a number from -90 to 90, not 91"),
        ("near(0, 181, 5)", "longitude of near is a number from -180 to 180"),
        ("near(0, 0, -1 km)", "distance in km of near is a number from 0 to 20100"),
        ("near('0', 0, 1)", "latitude of near is a number"),
        ("near(true, 0, 1)", "latitude of near is a number"),
        ("near(0, 0)", "expected ','"),
        ("near(0, 0, 5 miles)", "expected ')'"),
        ({"$near": [0, 0, 5]}, "takes a latitude, a longitude and km"),
        ({"$near": {"latitude": 0, "longitude": 0}}, "takes a latitude, a longitude and km"),
        ({"$near": {"latitude": math.nan, "longitude": 0, "km": 1}}, "latitude of near"),
    ],
)
def test_what_is_no_place_is_refused(where: Any, reason: str) -> None:
    with pytest.raises(FilterError) as error:
        parse_filter(where)
    assert reason in str(error.value)


def test_distances_are_those_of_the_sphere() -> None:
    assert distance_km(0, 0, 0, 180) == pytest.approx(math.pi * 6371.0088)
    assert distance_km(48.137, 11.575, 48.249, 11.651) == pytest.approx(13.7, abs=0.1)


@pytest.mark.parametrize("latitude", [-89.9, -60.0, 0.0, 48.1, 89.0])
@pytest.mark.parametrize("longitude", [-179.9, 0.0, 11.6, 179.9])
@pytest.mark.parametrize("km", [0.0, 0.5, 50.0, 4000.0])
def test_no_place_within_the_distance_is_outside_of_the_box(
    latitude: float, longitude: float, km: float
) -> None:
    box = box_around(latitude, longitude, km)
    for turn in range(0, 360, 5):  # the place that lies so far in each direction
        up, angle, away = math.radians(latitude), math.radians(turn), km / 6371.0088
        sine = math.sin(up) * math.cos(away) + math.cos(up) * math.sin(away) * math.cos(angle)
        north = math.degrees(math.asin(sine))
        east = longitude + math.degrees(
            math.atan2(
                math.sin(angle) * math.sin(away) * math.cos(up),
                math.cos(away) - math.sin(up) * sine,
            )
        )
        east = (east + 180) % 360 - 180
        assert box.south <= north <= box.north
        inside = [east >= box.west, east <= box.east]
        assert (any if box.west > box.east else all)(inside)
