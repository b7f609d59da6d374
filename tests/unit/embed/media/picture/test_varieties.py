"""A picture of a variety that is not read is not called damaged, and Pillow prints nothing."""

from __future__ import annotations

import pytest
from media_files import photo, saved
from scripts import check_script

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError
from anysense.embed.media.image import read_image


def test_a_variety_that_pillow_does_not_know_is_named_so() -> None:
    bmp = bytearray(saved(photo(), "BMP"))
    bmp[30] = 6  # a compression by masks that Pillow does not read
    with pytest.raises(UnsupportedMediaError, match="is a BMP image of a variety that anysense"):
        read_image(bytes(bmp))


def test_a_tiff_that_libtiff_refuses_may_be_sound() -> None:
    tiff = bytearray(saved(photo(), "TIFF", compression="tiff_lzw"))
    tiff[8:60] = bytes(52)  # of the first strip
    with pytest.raises(CorruptMediaError, match="or compressed in a way that anysense does not"):
        read_image(bytes(tiff))


def test_what_pillow_logs_is_not_printed() -> None:
    script = """
        import logging
        import anysense.embed.media.image
        logging.getLogger("PIL.TiffImagePlugin").error("More samples per pixel than can be decoded")
    """
    assert check_script(script) == ""
