"""Deep greys are scaled by nearly all of their values, not by the few that are no measurement."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest
from media_files import saved
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from anysense.embed.media.image import read_image

RAMP = np.tile(np.linspace(0, 1, 200, dtype=np.float64), (100, 1))


def shown(values: np.ndarray[Any, Any], no_data: str | None = None) -> np.ndarray[Any, Any]:
    """The greys that a TIFF of these values is read as."""
    tags = ImageFileDirectory_v2()
    if no_data is not None:
        tags[42113] = no_data
        tags.tagtype[42113] = 2
    picture = PIL.Image.fromarray(values)
    return np.asarray(read_image(saved(picture, "TIFF", tiffinfo=tags)))[..., 0].astype(int)


def assert_ramp(grey: np.ndarray[Any, Any], within: int = 6) -> None:
    """Most of it rises from black to white; a few pixels may be anything."""
    off = np.abs(grey - np.rint(RAMP * 255))
    assert np.quantile(off, 0.98) <= within


def with_values(values: np.ndarray[Any, Any], *places: float) -> np.ndarray[Any, Any]:
    values = values.copy()
    values[50, 100 : 100 + len(places)] = places
    return values


def test_floats_of_0_to_1_are_scaled_from_that() -> None:
    assert np.array_equal(shown(RAMP.astype(np.float32)), np.rint(RAMP * 255))
    dark = (RAMP * 0.1).astype(np.float32)
    assert shown(dark).max() == 26  # it is dark, not stretched


@pytest.mark.parametrize(("scale", "offset"), [(1.02, 0), (1.06, -0.03), (1, 0.05)])
def test_a_little_beyond_is_cut(scale: float, offset: float) -> None:
    values = (RAMP * scale + offset).astype(np.float32)
    expected = np.rint(np.clip(values, 0, 1) * 255)
    assert np.abs(shown(values) - expected).max() <= 1


@pytest.mark.parametrize("odd", [1e9, -1e9, -9999, -3.4e38, 3.4e38, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("scale", [1.0, 4.0, 40.0, 3000.0])
def test_values_that_are_no_measurement_decide_nothing(odd: float, scale: float) -> None:
    values = with_values((RAMP * scale).astype(np.float32), odd, odd, odd)
    grey = shown(values)
    assert_ramp(grey)
    if not odd > 0:
        assert grey[50, 100] == 0


@pytest.mark.parametrize("no_data", [-9999.0, -32768.0, -3.4028235e38, np.nan])
def test_where_there_is_no_data_it_is_black_however_large(no_data: float) -> None:
    values = (RAMP * 800 + 300).astype(np.float32)
    values[:60] = no_data
    grey = shown(values)
    assert (grey[:60] == 0).all()
    assert np.abs(grey[60:] - np.rint(RAMP[60:] * 255)).mean() < 6


def test_the_value_that_a_file_names_is_no_data() -> None:
    values = (RAMP * 3).astype(np.float32)
    values[:60] = 7
    assert (shown(values, "7")[:60] == 0).all()
    assert np.abs(shown(values, "7")[60:] - np.rint(RAMP[60:] * 255)).mean() < 6
    assert_ramp(shown(RAMP.astype(np.float32), "no number"))


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_integers_of_fewer_bits_than_they_are_stored_in(bits: int) -> None:
    values = np.rint(RAMP * (2**bits - 1)).astype(np.uint16)
    assert_ramp(shown(values))
    assert_ramp(shown(with_values(values, 65535, 65535)))
    assert_ramp(shown(with_values(values.astype(np.int32), 2**31 - 1, -32768)))


def test_integers_of_8_bits_are_kept() -> None:
    levels = np.rint(RAMP * 200)
    for values in (levels.astype(np.uint16), levels.astype(np.int32), levels.astype(np.float32)):
        assert np.array_equal(shown(values), levels)
        assert np.array_equal(shown(values[:1, 7:8]), levels[:1, 7:8])


def test_pictures_of_one_or_two_values() -> None:
    for kind in (np.uint16, np.int32, np.float32):
        for value, grey in ((0, {0}), (200, {200}), (65535, {255})):
            two = np.zeros((20, 20), kind)
            two[0, 0] = value
            assert set(shown(two).ravel()) == {0} | grey
    assert set(shown(np.full((8, 8), np.nan, np.float32)).ravel()) == {0}
    assert set(shown(np.full((8, 8), 0.5, np.float32)).ravel()) == {128}


def test_dim_integers_are_stretched() -> None:
    for kind in (np.uint16, np.int32):
        assert_ramp(shown(np.rint(RAMP * 30).astype(kind)), within=10)
        assert_ramp(shown(np.rint(RAMP * 100).astype(kind) + 291))
        assert set(shown(np.full((8, 8), 100, kind)).ravel()) == {100}


def test_every_kind_of_nan_is_black() -> None:
    values = RAMP.astype(np.float32)
    values.view(np.uint32)[:40] = 0x7F800001  # one that signals
    grey = shown(values)
    assert (grey[:40] == 0).all()
    assert grey[40:].max() == 255
