"""Reads one RAW photo with LibRaw, as a process of its own that `developed.py` starts.

The photo comes as the standard input, which is mapped, not read. The answer goes to the standard
output: a line of JSON, and after it what that tells of.

    {"jpeg": true, "flip": 6}                  the picture that the camera has put in
    {"width": 3000, "height": 2000}            rows of RGB, upright
    {"is_large": true, "width": 65000, "height": 65000}
    {"refused": "Unsupported file format or not RAW file"}
"""

from __future__ import annotations

import io
import json
import mmap
import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from anysense.embed.media.own_process import limit_memory

if TYPE_CHECKING:
    from rawpy import RawPy

__all__ = ["main"]

_LARGE_ENOUGH = 1024
"""Pixels along the longer side of a JPEG that stands for its photo, or half of what that has."""


def main() -> None:
    """Read the photo on the standard input.

    The arguments of the process, as one JSON object: `pixels`, the most that the photo may have;
    `memory_bytes`, the most that the process may have beside the photo's.
    """
    options = json.loads(sys.argv.pop())
    import rawpy

    output = sys.stdout.buffer
    try:
        limit_memory(options["memory_bytes"] + 2 * os.fstat(0).st_size)
        photo = cast("BinaryIO", mmap.mmap(0, 0, access=mmap.ACCESS_READ))
        with rawpy.imread(photo) as raw:
            message, data = _picture(raw, options["pixels"])
        output.write(json.dumps(message).encode() + b"\n")
        output.write(data)
    except rawpy.LibRawError as error:
        reason = error.args[0] if error.args else error
        detail = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        output.write(json.dumps({"refused": detail}).encode() + b"\n")
    output.flush()


def _picture(raw: RawPy, most_pixels: int) -> tuple[dict[str, Any], Any]:
    width, height = raw.sizes.raw_width, raw.sizes.raw_height
    if width * height > most_pixels:
        return {"is_large": True, "width": width, "height": height}, b""
    preview = _preview(raw)
    if preview is not None:
        return {"jpeg": True, "flip": raw.sizes.flip}, preview
    rows = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8)
    return {"width": rows.shape[1], "height": rows.shape[0]}, rows.tobytes()


def _preview(raw: RawPy) -> bytes | None:
    """The JPEG in a RAW file, if it is sound and large enough to stand for the photo."""
    import rawpy
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        thumbnail = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if thumbnail.format != rawpy.ThumbFormat.JPEG or not isinstance(thumbnail.data, bytes):
        return None
    least = min(_LARGE_ENOUGH, max(raw.sizes.width, raw.sizes.height) // 2)
    try:
        with JpegImageFile(io.BytesIO(thumbnail.data)) as picture:
            is_large_enough = max(picture.size) >= least
    except Exception:  # Pillow raises anything where one is broken
        return None
    return thumbnail.data if is_large_enough else None
