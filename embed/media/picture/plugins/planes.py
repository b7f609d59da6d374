"""TIFFs that keep each channel in a plane of its own, of 16 bits, where Pillow takes them for 8."""

from __future__ import annotations

from PIL.TiffImagePlugin import TiffImageFile

__all__ = ["PlanarTiffImageFile"]

_BITS, _PLANAR = 0x0102, 0x011C  # TIFF 6.0, section 8
_APART = 2
_ORDERS = {b"II": "L", b"MM": "B"}


class PlanarTiffImageFile(TiffImageFile):
    """As Pillow opens a TIFF; planes of 16 bits that are not compressed are read as such.

    Pillow passes on the name of each plane's channel without its depth, and so takes the bytes of
    half of the picture for the pixels of all of it. It knows of no such planes of CMYK, which are
    refused. What is compressed goes through libtiff, which knows better.
    """

    def load_prepare(self) -> None:
        """Say how the planes are to be read, before they are."""
        bits = self.tag_v2.get(_BITS, ())
        if self.tag_v2.get(_PLANAR) == _APART and set(bits) == {16}:
            order = _ORDERS[self.tag_v2.prefix]
            self.tile = [
                tile._replace(args=(self._raw_mode(tile.args[0], order), *tile.args[1:]))
                if tile.codec_name == "raw" and isinstance(tile.args, tuple)
                else tile
                for tile in self.tile
            ]
        super().load_prepare()

    def _raw_mode(self, channel: str, order: str) -> str:
        if len(channel) > 1:  # it says its depth
            return channel
        return self.mode if self.mode.startswith("I;16") else f"{channel};16{order}"
