"""Greys of more than 8 bits as 8 bits, where Pillow would cut all above 255.

Only unsigned integers of 16 bits and floats from 0 to 1 have an agreed range. Cameras store 12 bits
in 16, scanners and models floats of any range, instruments single values that are no measurement: a
hot pixel, -9999 where there is no data. So the range is that of nearly all values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.media.picture.stripes import stripes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["deep_to_grey"]

_SAMPLE = 1 << 20
_OUTLIERS = 0.5
"""Percent of the values at each end that do not decide the range."""
_FAR = 2.0
"""A value this many ranges of all others away from them is no measurement, however frequent."""
_NO_DATA_TAG = 42113  # of GDAL, in a TIFF: a number as text
_NO_MEASUREMENT = 1e30  # many programs write the largest float
_OVERSHOOT = 0.1
"""How far sharpening and resampling lead beyond 0 and 1."""
_DIMMEST = 128.0
"""Values that do not reach this one are not of 0 to 255, but for floats that are whole numbers."""
_FOURTEEN_BITS = 16383
"""Integers up to this one are of fewer bits than they are stored in: they would be nearly black."""


def deep_to_grey(image: Image) -> Image:
    """A grey picture of more than 8 bits (Pillow's modes I, F and I;16) in mode L.

    Whole numbers of 0 to 255 are kept; integers of 16 bits are scaled from their full range, so
    65535 is white; floats of 0 to 1, a little beyond too, are scaled from that. What uses little of
    such a scale, or has none, is stretched: from 0 if it begins near it, or else from its least, to
    its greatest, of nearly all values. What is no number or no data becomes black.
    """
    import numpy as np
    import PIL.Image

    no_data = _no_data_value(image)
    sample = _sample(image)
    low, high = _limits(sample[_is_data(sample, no_data)], is_float=image.mode == "F")
    grey = PIL.Image.new("L", image.size)
    for box in stripes(image):
        rows = _as_doubles(np.asarray(image.crop(box)))
        scaled = (np.clip(rows, low, high) - low) * (255 / (high - low))
        values = np.where(_is_data(rows, no_data), np.rint(scaled), 0).astype(np.uint8)
        grey.paste(PIL.Image.fromarray(values), box)
    return grey


def _sample(image: Image) -> NDArray[np.float64]:
    """Values of a picture that lie evenly over it, at most `_SAMPLE`."""
    import numpy as np

    distance = -(-image.width * image.height // _SAMPLE)
    parts = []
    for box in stripes(image):
        values = np.asarray(image.crop(box)).ravel()
        first = -box[1] * image.width % distance
        parts.append(_as_doubles(values[first::distance]))
    return np.concatenate(parts)


def _as_doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    import numpy as np

    with np.errstate(invalid="ignore"):  # of the kinds of NaN, one is an error
        return values.astype(np.float64)


def _no_data_value(image: Image) -> float | None:
    """The value that a TIFF names for pixels without data, as its pixels hold it."""
    import numpy as np

    named = getattr(image, "tag_v2", {}).get(_NO_DATA_TAG)
    try:
        value = float(str(named).strip("\0 "))
    except ValueError:
        return None
    with np.errstate(over="ignore"):
        return float(np.float32(value)) if image.mode == "F" else value


def _is_data(values: NDArray[np.float64], no_data: float | None) -> NDArray[np.bool_]:
    import numpy as np

    is_data: NDArray[np.bool_] = np.abs(values) < _NO_MEASUREMENT  # false for what is no number
    return is_data if no_data is None else is_data & (values != no_data)


def _limits(values: NDArray[np.float64], *, is_float: bool) -> tuple[float, float]:
    """What becomes black and what white, of a sample of the values that are data."""
    if not len(values):
        return 0.0, 1.0
    low, high = _range(values)
    white = _agreed_white(low, high, is_float=is_float, is_whole=bool((values % 1 == 0).all()))
    if white is not None:
        return 0.0, white
    if 0 <= low < (high - low) / 10:
        low = 0.0
    return low, high if high > low else low + 1


def _agreed_white(low: float, high: float, *, is_float: bool, is_whole: bool) -> float | None:
    """The white of the scale, from 0, that values of this range have by custom; None if of none."""
    if is_float and not (is_whole and high > 1):
        if low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT:
            return 1.0
        return 255.0 if low >= 0 and _DIMMEST <= high <= 255 else None
    if low < 0 or high > 65535:
        return None
    is_plain = low == high
    if high <= 255:
        return 255.0 if is_float or is_plain or high >= _DIMMEST else None
    return 65535.0 if is_plain or high > _FOURTEEN_BITS else None


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """The range of nearly all values, without one that lies far below or above them."""
    import numpy as np

    percentiles = (_OUTLIERS, 100 - _OUTLIERS)
    for extreme in (values.min(), values.max()):
        others = values[values != extreme]
        if len(others):
            low, high = np.percentile(others, percentiles)
            if max(low - extreme, extreme - high) > _FAR * (high - low) > 0:
                values = others
    low, high = np.percentile(values, percentiles)
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)
