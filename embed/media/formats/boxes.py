"""The boxes of an MP4 (ISO/IEC 14496-12): whether the last fragment of a recording is there.

A recording in fragments states no length: each one says what it holds, so a file that lost others
looks like a shorter recording. But a transfer that was cut off ends within one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["lacks_fragment_end"]

_MOST_BOXES = 1_000_000
_FRAGMENT = b"moof"
_MISSING_SHARE = 0.02
"""Of the file: as many packets of other formats may be damaged."""


def lacks_fragment_end(file: BinaryIO) -> bool:
    """Whether a file of fragments ends within one, but for little; leaves it at its beginning."""
    size = file.seek(0, os.SEEK_END)
    end, has_fragments = 0, False
    for _ in range(_MOST_BOXES):
        file.seek(end)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:], "big")
        if len(head) < 8 or length < 8:  # 0: up to the end
            break
        has_fragments = has_fragments or head[4:8] == _FRAGMENT
        end += length
        if end >= size:
            break
    file.seek(0)
    return has_fragments and end - size > _MISSING_SHARE * end
