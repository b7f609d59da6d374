"""Distances on the Earth, for filters: a function of SQL, and boxes that spare most calls."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

__all__ = ["DISTANCE", "Box", "add_distance", "box_around", "distance_km"]

DISTANCE = "distance_km"
"""The function's name in SQL: of two places, each a latitude and a longitude in degrees."""

_EARTH_KM = 6371.0088
"""The mean radius (IUGG): off by at most half a percent, as the Earth is no sphere."""
_MARGIN_DEGREES = 1e-6  # for what rounding does


class Box(NamedTuple):
    """Degrees between which a place must be; west of `west` if that is greater than `east`."""

    south: float
    north: float
    west: float
    east: float


def distance_km(
    latitude: float, longitude: float, to_latitude: float, to_longitude: float
) -> float:
    """The way along the surface between two places, by the haversine formula (Sinnott, 1984)."""
    up, to_up = math.radians(latitude), math.radians(to_latitude)
    across = math.radians(to_longitude - longitude)
    part = math.sin((to_up - up) / 2) ** 2
    part += math.cos(up) * math.cos(to_up) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, part)))


def box_around(latitude: float, longitude: float, km: float) -> Box:
    """A box that holds every place within a distance."""
    angle = km / _EARTH_KM
    margin = math.degrees(angle) + _MARGIN_DEGREES
    south, north = latitude - margin, latitude + margin
    if south <= -90 or north >= 90:  # a pole is within, and so every longitude
        return Box(max(south, -90.0), min(north, 90.0), -180.0, 180.0)
    across = math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude))))
    margin = math.degrees(across) + _MARGIN_DEGREES
    west, east = longitude - margin, longitude + margin
    if east - west >= 360:
        return Box(south, north, -180.0, 180.0)
    return Box(south, north, west + 360 * (west < -180), east - 360 * (east > 180))


def add_distance(connection: sqlite3.Connection) -> None:
    """Let a connection know `DISTANCE`."""
    connection.create_function(DISTANCE, 4, distance_km, deterministic=True)
