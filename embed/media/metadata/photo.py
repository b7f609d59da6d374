"""What the file of a photo says of it, as metadata: when and where it was taken, and with what."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anysense.embed.media.metadata.dates import local_time
from anysense.embed.media.metadata.iptc import iptc_facts
from anysense.embed.media.metadata.stored import exif_data, iptc_records, xmp_packet
from anysense.embed.media.metadata.xmp import xmp_facts
from anysense.embed.media.quiet import quiet_decoders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Exif, Image

__all__ = ["photo_facts"]

_MAKE, _MODEL, _EXIF_IFD, _GPS_IFD = 0x010F, 0x0110, 0x8769, 0x8825
_ORIGINAL, _DIGITISED, _WINDOWS_RATING = 0x9003, 0x9004, 0x4746
_SOUTH_WEST = ("S", "W")
_MOST_CHARACTERS = 300
_MOST_KEYWORDS = 200
_RATINGS = range(1, 6)


def photo_facts(image: Image) -> dict[str, Any]:
    """What a photo's EXIF, XMP and IPTC say of it; most often of a picture nothing.

    ``taken``: as `local_time` writes it; ``latitude`` and ``longitude``: degrees, north and east
    positive; ``camera``: ``make`` and ``model``; ``title``; ``keywords``, a list; ``rating``: 1 to
    5. What cannot be true is left out, and broken metadata are passed over: this never raises an
    error.

    Args:
        image: as Pillow opened it.
    """
    facts: dict[str, Any] = {}
    with quiet_decoders():
        for source in (_exif, _xmp, _iptc):  # what several say is as the first says it
            with suppress(Exception):  # Pillow reads on demand, and broken data raises anything
                facts = {**source(image), **facts}
    return _checked(facts)


def _exif(image: Image) -> dict[str, Any]:
    exif = exif_data(image)
    facts: dict[str, Any] = {}
    facts["camera"] = _said({"make": _to_nul(exif.get(_MAKE)), "model": _to_nul(exif.get(_MODEL))})
    facts["rating"] = exif.get(_WINDOWS_RATING) or None  # 0: nobody has rated it
    with suppress(Exception):
        taken = exif.get_ifd(_EXIF_IFD)
        facts["taken"] = local_time(taken.get(_ORIGINAL)) or local_time(taken.get(_DIGITISED))
    with suppress(Exception):
        facts |= _place(exif)
    return _said(facts)


def _place(exif: Exif) -> dict[str, float]:
    gps = exif.get_ifd(_GPS_IFD)
    latitude, longitude = _degrees(gps, 1, 2), _degrees(gps, 3, 4)
    return {} if None in (latitude, longitude) else _position(latitude, longitude)


def _degrees(gps: Mapping[int, Any], direction: int, value: int) -> float | None:
    """Degrees out of degrees, minutes and seconds (EXIF 2.32, 4.6.6)."""
    parts = [float(part) for part in gps.get(value, ())]
    if not parts or len(parts) > 3:
        return None
    degrees = math.fsum(part / 60.0**number for number, part in enumerate(parts))
    is_negative = str(gps.get(direction, "")).strip("\0 ").upper() in _SOUTH_WEST
    return -degrees if is_negative else degrees


def _position(latitude: Any, longitude: Any) -> dict[str, float]:
    """A position on the Earth; empty where it is none, or where devices without one say they are.

    At 0, 0 there is water.
    """
    is_number = all(isinstance(n, float) and math.isfinite(n) for n in (latitude, longitude))
    if not is_number or abs(latitude) > 90 or abs(longitude) > 180:
        return {}
    if latitude == longitude == 0:
        return {}
    return {"latitude": round(latitude, 6), "longitude": round(longitude, 6)}


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Those facts that say something, so that others do not count less than empty ones."""
    return {key: value for key, value in facts.items() if value not in (None, "", [], {})}


def _xmp(image: Image) -> dict[str, Any]:
    packet = xmp_packet(image)
    facts = xmp_facts(packet) if packet is not None else {}
    camera = {key: _words(value) for key, value in facts.get("camera", {}).items()}
    facts["camera"] = _said(camera)
    latitude, longitude = facts.pop("latitude", None), facts.pop("longitude", None)
    return {**_said(facts), **_position(latitude, longitude)}


def _iptc(image: Image) -> dict[str, Any]:
    records = iptc_records(image)
    return _said(iptc_facts(records)) if records is not None else {}


def _to_nul(value: Any) -> str:
    """An EXIF text, which ends at its first NUL, whatever a camera has left behind that."""
    return _words(value.partition("\0")[0]) if isinstance(value, str) else ""


def _words(value: Any) -> str:
    """A short text on one line, if it is one."""
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS:
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Those facts that can be true, in the form in which all photos have them."""
    out = {key: facts[key] for key in ("taken", "latitude", "longitude", "camera") if key in facts}
    title = _words(facts.get("title"))
    if title:
        out["title"] = title
    keywords = list(dict.fromkeys(filter(None, map(_words, facts.get("keywords", ())))))
    if keywords:
        out["keywords"] = keywords[:_MOST_KEYWORDS]
    with suppress(TypeError, ValueError):
        rating = int(float(facts.get("rating", 0)))
        if rating in _RATINGS:
            out["rating"] = rating
    return out
