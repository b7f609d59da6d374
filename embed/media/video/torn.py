"""Whether a video ends in the midst of something, where its container states no length.

Streams that are made to be joined and cut, MPEG-TS and MPEG-PS, do not say how long they are, and
their counters run on from wherever they begin: one that ends between two packets is as good as
whole, and nobody can tell that more was there. But a transfer that breaks off does so anywhere, and
packets have a length.
"""

from __future__ import annotations

from typing import BinaryIO

from anysense.embed.media.audio.chunks import file_size
from anysense.embed.media.audio.ogg import last_page_overruns
from anysense.embed.media.signatures import TRANSPORT_PACKETS

__all__ = ["is_torn"]

_SYNC = b"G"
_PACKETS = (*TRANSPORT_PACKETS, (0, 204))  # the last with parity
_HEAD_BYTES = 204 * 4
_TAIL_BYTES = 192 * 1024  # in which a pack begins: a packet has 64 KiB at most
_START = b"\0\0\1"
_PACK, _END = 0xBA, 0xB9
_PACK_HEADER, _PACKET_HEADER = 14, 6  # bytes
_LEAST_STREAM = 0xBB  # from here on what follows a code has a length; before it are pictures


def is_torn(file: BinaryIO, container: str) -> bool:
    """Whether a video ends within a packet or a page. Its position, where FFmpeg goes on, stays.

    Args:
        file: the video.
        container: FFmpeg's name of its demuxer.
    """
    check = {
        "mpegts": _ends_in_packet,
        "mpeg": _ends_in_pack,
        "ogg": last_page_overruns,
    }.get(container)
    if check is None:
        return False
    position = file.tell()
    try:
        return check(file)
    finally:
        file.seek(position)


def _ends_in_packet(file: BinaryIO) -> bool:
    """Of a transport stream, in which all packets have one length."""
    size = file_size(file)
    head = file.read(_HEAD_BYTES)
    for mark, length in _PACKETS:
        if all(head[at : at + 1] in (_SYNC, b"") for at in range(mark, len(head), length)):
            rest = size % length
            file.seek(size - rest + mark)
            # What else may lie behind the last packet does not begin as one does.
            return bool(rest) and file.read(1) in (_SYNC, b"")
    return False


def _ends_in_pack(file: BinaryIO) -> bool:
    """Of a program stream: from its last pack on, each of whose packets says how long it is."""
    file.seek(max(0, file_size(file) - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    at = tail.rfind(_START + bytes([_PACK]))
    if at < 0:
        return False
    while at < len(tail):
        header = tail[at : at + _PACK_HEADER]
        if not header.startswith(_START) or len(header) < 4 or header[3] == _END:
            return False  # as what lies behind the last packet, if it is not the end
        length = _length(header)
        if length is None:
            return len(header) < (_PACK_HEADER if header[3] == _PACK else _PACKET_HEADER)
        at += length
    return at > len(tail)


def _length(header: bytes) -> int | None:
    """The bytes of what begins with this header of a program stream; None if it does not tell."""
    code = header[3]
    if code != _PACK:
        is_packet = code >= _LEAST_STREAM and len(header) >= _PACKET_HEADER
        return _PACKET_HEADER + int.from_bytes(header[4:6], "big") if is_packet else None
    if len(header) >= 5 and header[4] >> 4 == 2:  # of MPEG-1
        return 12
    is_whole = len(header) == _PACK_HEADER and header[4] >> 6 == 1
    return _PACK_HEADER + (header[13] & 7) if is_whole else None
