"""The words that describe a recording, out of the tags of its file.

FFmpeg (through PyAV) reads the tags of every container and gives the usual ones the same names: ID3
(`TIT2`, `TPE1`, `TALB`, `COMM`; `USLT` as ``lyrics-eng``), MP4's atoms, Vorbis comments (of an Ogg
they are the stream's), RIFF's INFO, Matroska's tags (in capitals).
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from anysense.embed.media.formats.front_tags import after_tags
from anysense.embed.media.metadata.dates import year_of
from anysense.embed.media.phrases import DESCRIPTION_CHARACTERS, decode_tag, descriptions, each_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "LYRICS_CHARACTERS",
    "MOST_COMMENTS",
    "RecordingTags",
    "read_tags",
    "recording_descriptions",
]

LYRICS_CHARACTERS = 20_000
"""The longest lyrics; those of a long song have 5,000. Longer ones are passed over, not cut."""

MOST_COMMENTS = 5_000
"""FFmpeg takes a time that grows with the square of the number of tags: 3 s for 25,000."""

_COMMENT_BLOCK = 4  # of a FLAC
_NAME_CHARACTERS = 300
_LYRICS = ("lyrics", "unsyncedlyrics", "unsynced lyrics", "unsynchronised lyrics")
_YEARS = ("date", "year", "originaldate", "tdor", "tyer")
_COMMENTS = ("description", "synopsis", "comment")
_UNNAMED = re.compile(
    r"(?:no|unknown|various)(?: (?:artists?|album|title))?|<unknown>|untitled|v\.?a\.?|n/a|none"
    r"|(?:audio ?)?(?:track|title|piste|titel|pista|spur) ?\d*",
    re.I,
)
_TIMES = re.compile(r"\[[^\]\n]{0,80}\]|<\d+:\d\d(?:[.:]\d+)?>")
"""What stands in brackets in lyrics: the times of LRC, its header, and names such as "Verse 2"."""
_PROGRAM_COMMENTS = re.compile(
    r"(?:cddb|eac|exact ?audio ?copy|ripped|converted|downloaded|purchased|track \d)\b.*"
    r"|itun\w+.*|.*\b(?:lame|xiph|libvorbis|flac) [\d.]+.*|cover \(front\)",
    re.I | re.S,
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.I)
_LEAST_WORDS_BESIDE_AN_ADDRESS = 4


class RecordingTags(NamedTuple):
    """What the tags of a recording say of it.

    Attributes:
        texts: the words that describe it.
        facts: ``title``, ``artist``, ``album`` and ``year``, as metadata.
    """

    texts: list[str]
    facts: dict[str, Any]


def read_tags(file: BinaryIO, container: str) -> RecordingTags:
    """What the tags of a recording say about it, each text once.

    First "Title - Artist - Album", of what there is; then the lyrics, without their times; then
    descriptions and comments in words, not those that programs and shops write. What cannot be
    opened has none, nor has a FLAC of over `MOST_COMMENTS`; broken tags are passed over: this never
    raises an error. The position of the file stays.

    Args:
        file: the recording.
        container: FFmpeg's name of its demuxer; nothing is guessed, and no other file is opened.
    """
    position = file.tell()
    try:
        if container == "flac" and _comments_of_flac(after_tags(file)) > MOST_COMMENTS:
            return RecordingTags([], {})
        tags = _tags(file, container)
    except Exception:  # FFmpeg refuses it: whoever reads the sound says why
        return RecordingTags([], {})
    finally:
        file.seek(position)
    names = dict(_names(tags))
    year = next(filter(None, (year_of(tags.get(key)) for key in _YEARS)), None)
    headline = descriptions([" - ".join(names.values())])
    lyrics = descriptions(_lyrics(tags), most=LYRICS_CHARACTERS)
    comments = [tags[key] for key in _COMMENTS if key in tags and not _is_noise(tags[key])]
    texts = each_once([*headline, *lyrics, *descriptions(comments)])
    return RecordingTags(texts, names if year is None else {**names, "year": year})


def recording_descriptions(file: BinaryIO, container: str) -> list[str]:
    """The texts of `read_tags` alone."""
    return read_tags(file, container).texts


def _comments_of_flac(file: BinaryIO) -> int:
    """How many comments a FLAC says that it has (RFC 9639, 8.6); 0 if it does not begin as one.

    Other files are opened by FFmpeg to be heard; a FLAC is not.
    """
    file.seek(0)
    is_last = file.read(4) != b"fLaC"
    while not is_last:
        head = file.read(4)
        if len(head) < 4:
            break
        is_last, block, size = head[0] > 127, head[0] & 127, int.from_bytes(head[1:], "big")
        if block == _COMMENT_BLOCK:
            file.seek(int.from_bytes(file.read(4), "little"), 1)  # over the vendor's name
            return int.from_bytes(file.read(4), "little")
        file.seek(size, 1)
    return 0


def _tags(file: BinaryIO, container: str) -> dict[str, str]:
    """The tags of a file by their names in lower case; those of the file before the stream's."""
    import av

    from anysense.embed.media.audio.calm import CalmFile
    from anysense.embed.media.quiet import quiet_decoders

    file.seek(0)
    # From PyAV 19 on that goes without saying: bytes that are not UTF-8 come as surrogates.
    escaping: dict[str, Any] = (
        {"metadata_errors": "surrogateescape"} if int(av.__version__.split(".")[0]) < 19 else {}
    )
    with (
        quiet_decoders(),
        closing(
            av.open(
                CalmFile(file),
                mode="r",
                format=container,
                options={"protocol_whitelist": "none"},
                **escaping,
            )
        ) as reader,
    ):
        tags: dict[str, str] = {}
        # Elsewhere a stream's tags are about the stream: "Surround 5.1", "SoundHandler".
        sources = [reader, *reader.streams.audio[:1]] if container == "ogg" else [reader]
        for source in sources:
            for key, value in source.metadata.items():
                if len(value) <= 2 * LYRICS_CHARACTERS:
                    tags.setdefault(key.lower(), _redecode(value))
        return tags


def _redecode(value: str) -> str:
    """A tag in the encoding that it seems to have: old ones are not in UTF-8."""
    if value.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in value):
        return value
    return decode_tag(value.encode("utf-8", "surrogateescape"))


def _names(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key in ("title", "artist", "album"):
        name = " ".join(tags.get(key, "").split())
        if not name and key == "artist":
            name = " ".join(tags.get("album_artist", "").split())
        has_name = any(letter.isalnum() for letter in name) and not _UNNAMED.fullmatch(name)
        if has_name and len(name) <= _NAME_CHARACTERS:
            yield key, name


def _lyrics(tags: Mapping[str, str]) -> Iterator[str]:
    for key, value in tags.items():
        if key in _LYRICS or key.startswith("lyrics-"):
            lines = (line.strip() for line in _TIMES.sub("", value).splitlines())
            yield "\n".join(lines).strip()


def _is_noise(comment: str) -> bool:
    """Whether a comment was written by a program or a shop: "Visit https://...", "EAC v1.0"."""
    if len(comment) > DESCRIPTION_CHARACTERS:
        return True
    rest, addresses = _ADDRESS.subn("", comment)
    if addresses and len(rest.split()) < _LEAST_WORDS_BESIDE_AN_ADDRESS:
        return True
    return _PROGRAM_COMMENTS.fullmatch(" ".join(comment.split())) is not None
