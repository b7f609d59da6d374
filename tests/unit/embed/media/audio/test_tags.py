"""The words in recordings' tags come out, the marks of programs do not, and nothing raises."""

from __future__ import annotations

import io
import random
import struct

import pytest
from media_files import ffmpeg, photo, saved, tone

from anysense.embed.media.audio.tags import (
    LYRICS_CHARACTERS,
    MOST_COMMENTS,
    recording_descriptions,
)

SONG = {"title": "Blue Rain", "artist": "The Band", "album": "Weather"}
HEADLINE = "Blue Rain - The Band - Weather"


def tagged(file_format: str, codec: str, tags: dict[str, str], rate: int = 48000) -> bytes:
    """A short recording with these tags."""
    return ffmpeg(tone(0.1, rate), rate, file_format, codec, tags=tags)


MP3 = ffmpeg(tone(0.1), file_format="mp3", codec="libmp3lame", options={"id3v2_version": "0"})


def frame(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">I", len(body)) + b"\0\0" + body


def id3(*frames: bytes) -> bytes:
    """An MP3 that begins with an ID3v2.3 tag of these frames."""
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + body + MP3


def latin(text: str) -> bytes:
    return b"\0" + text.encode("latin-1")


def lyrics(text: str, language: bytes = b"eng", description: str = "") -> bytes:
    marked = [part.encode("utf-16") for part in (description, text)]
    return frame(b"USLT", b"\x01" + language + marked[0] + b"\0\0" + marked[1] + b"\0\0")


def described(data: bytes, container: str = "mp3") -> list[str]:
    return recording_descriptions(io.BytesIO(data), container)


@pytest.mark.parametrize(
    ("file_format", "codec", "container"),
    [
        ("mp3", "libmp3lame", "mp3"),
        ("ipod", "aac", "mov"),
        ("mov", "aac", "mov"),
        ("ogg", "libopus", "ogg"),
        ("flac", "flac", "flac"),
        ("wav", "pcm_s16le", "wav"),
        ("matroska", "aac", "matroska"),
        ("webm", "libopus", "matroska"),
        ("caf", "pcm_s16be", "caf"),
    ],
)
def test_tags_of_every_container(file_format: str, codec: str, container: str) -> None:
    words = "A song about the weather"
    data = tagged(file_format, codec, SONG | {"comment": words})
    assert described(data, container) == [HEADLINE, words]


def test_the_position_of_the_file_stays() -> None:
    file = io.BytesIO(tagged("flac", "flac", SONG))
    file.seek(7)
    assert recording_descriptions(file, "flac") == [HEADLINE]
    assert file.tell() == 7


@pytest.mark.parametrize(
    ("file_format", "codec", "container", "key"),
    [
        ("ipod", "aac", "mov", "lyrics"),
        ("ogg", "libopus", "ogg", "LYRICS"),
        ("flac", "flac", "flac", "UNSYNCEDLYRICS"),
        ("matroska", "aac", "matroska", "lyrics"),
    ],
)
def test_lyrics_of_other_containers(file_format: str, codec: str, container: str, key: str) -> None:
    words = "Rain on the roof\nrain in my shoes"
    assert described(tagged(file_format, codec, {**SONG, key: words}), container) == [
        HEADLINE,
        words,
    ]


def test_id3() -> None:
    data = id3(
        frame(b"TIT2", latin("Blue Rain")),
        frame(b"TPE1", b"\x01" + "Žluťoučký".encode("utf-16")),
        frame(b"COMM", b"\0engiTunNORM\0 00000A2B 00000B3C 00001234 00005678"),
        frame(b"COMM", b"\0eng\0Recorded in a shed by the sea"),
        lyrics("Rain on the roof"),
        lyrics("Regen auf dem Dach", b"deu"),
        lyrics("Pluie sur le toit", b"fra", "translated"),
        frame(b"TXXX", latin("Software\0A program")),
    )
    assert described(data) == [
        "Blue Rain - Žluťoučký",
        "Rain on the roof",
        "Regen auf dem Dach",
        "Pluie sur le toit",
        "Recorded in a shed by the sea",
    ]


def test_lyrics_lose_their_times() -> None:
    timed = (
        "[ti:Blue Rain]\n[00:01.00]Rain on <00:02.50>the roof\n\n[Chorus]\n[00:12.34] in my shoes"
    )
    assert described(id3(lyrics(timed))) == ["Rain on the roof\n\n\nin my shoes"]
    marked = "[Verse 1]\nRain on the roof\n[Outro]"
    assert described(id3(lyrics(marked))) == ["Rain on the roof"]


def test_old_tags_in_latin_1() -> None:
    data = tagged("wav", "pcm_s16le", {"title": "Größxxx"})
    data = data.replace("Größxxx".encode(), "Größe und".encode("latin-1"))
    assert described(data, "wav") == ["Größe und"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"title": "Blue Rain"}, ["Blue Rain"]),
        ({"artist": "The Band", "album": "Weather"}, ["The Band - Weather"]),
        ({"title": "1999", "artist": "Prince"}, ["1999 - Prince"]),
        ({"title": "Blue Rain", "album_artist": "The Band"}, ["Blue Rain - The Band"]),
        ({"title": "Track 01", "artist": "Unknown Artist", "album": "Unknown Album"}, []),
        ({"title": "AudioTrack 03", "artist": "Various Artists"}, []),
        ({"title": "recording.wav"}, []),
        ({"title": "20190405_123456"}, []),
        ({"title": " \n "}, []),
        ({"title": "x y " * 200}, []),
        ({"genre": "Rock", "composer": "Somebody"}, []),
    ],
)
def test_headlines(tags: dict[str, str], expected: list[str]) -> None:
    assert described(tagged("flac", "flac", tags), "flac") == expected


@pytest.mark.parametrize(
    "comment",
    [
        "Visit https://theband.bandcamp.com",
        "http://www.example.org",
        "Lavf58.76.100",
        "Encoded by somebody",
        "ExactAudioCopy v0.99pb4",
        "EAC (Secure Mode)",
        "LAME 3.99r",
        "0",
        "00000A2B 00000B3C 00001234 00005678",
        "Ripped by me",
        "Purchased from a shop",
        "w " * 4001,
    ],
)
def test_comments_of_programs_and_shops(comment: str) -> None:
    assert described(tagged("flac", "flac", {"comment": comment}), "flac") == []


def test_comments_in_words() -> None:
    words = "A talk on birds, with slides at https://example.org/birds"
    tags = {"description": words, "synopsis": words, "comment": "Recorded live"}
    assert described(tagged("matroska", "aac", tags), "matroska") == [words, "Recorded live"]


def test_a_comment_that_says_what_the_headline_says_is_passed_over() -> None:
    tags = {**SONG, "comment": "BLUE RAIN -  The Band - Weather"}
    assert described(tagged("mp3", "libmp3lame", tags)) == [HEADLINE]


def test_long_lyrics_are_passed_over() -> None:
    for length, count in ((LYRICS_CHARACTERS - 9, 1), (LYRICS_CHARACTERS + 9, 0)):
        text = ("la " * length)[: length - 1] + "a"
        assert len(described(id3(lyrics(text)))) == count


# What is hostile


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"", "mp3"),
        (b"no sound", "wav"),
        (saved(photo(), "PNG"), "mov"),
        (MP3, "flac"),
        (MP3, "no container at all"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "hls"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "concat"),
        (b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + b"TIT2\xff\xff\xff\xff\0\0" * 1000 + MP3, "mp3"),
        (id3(frame(b"TIT2", b"")), "mp3"),
        (id3(frame(b"TIT2", b"\x09odd encoding")), "mp3"),
        (id3(frame(b"TIT2", b"\x01\xff")), "mp3"),
        (id3(frame(b"USLT", b"\x01en")), "mp3"),
        (id3(frame(b"COMM", b"\x01eng\xff\xfe")), "mp3"),
        (id3(frame(b"TIT2", latin("A\0B\x07\x1b[0m"))), "mp3"),
    ],
)
def test_hostile_tags_never_raise(data: bytes, container: str) -> None:
    assert len(described(data, container)) <= 1


def test_damaged_files_never_raise() -> None:
    chance = random.Random(5)
    song = {**SONG, "lyrics": "Rain on the roof", "comment": "A song about the weather"}
    wholes = [
        (id3(frame(b"TIT2", latin("Blue Rain")), lyrics("Rain on the roof")), "mp3"),
        (tagged("ipod", "aac", song), "mov"),
        (tagged("ogg", "libopus", song), "ogg"),
        (tagged("flac", "flac", song), "flac"),
        (tagged("wav", "pcm_s16le", song), "wav"),
        (tagged("matroska", "aac", song), "matroska"),
    ]
    for whole, container in wholes:
        for _ in range(40):
            data = bytearray(whole)
            for _ in range(10):
                data[chance.randrange(len(data))] = chance.randrange(256)
            assert isinstance(described(bytes(data), container), list)
            assert isinstance(
                described(bytes(data[: chance.randrange(len(data))]), container), list
            )


def test_thousands_of_tags() -> None:
    frames = [frame(b"TXXX", latin(f"key {at}\0value")) for at in range(3000)]
    assert described(id3(*frames, frame(b"TIT2", latin("Blue Rain")))) == ["Blue Rain"]


def test_a_flac_of_very_many_comments_has_none() -> None:
    """FFmpeg would take minutes to read them."""

    def flac(count: int) -> bytes:
        comments = [b"TITLE=Blue Rain", *(b"K%d=a" % number for number in range(count - 1))]
        parts = [struct.pack("<I", 3) + b"who", struct.pack("<I", count)]
        parts += [struct.pack("<I", len(comment)) + comment for comment in comments]
        body, plain = b"".join(parts), tagged("flac", "flac", {})
        end = 4 + 4 + 34  # of the mark and the first block
        return plain[:end] + b"\x04" + len(body).to_bytes(3, "big") + body + plain[end:]

    assert described(flac(MOST_COMMENTS), "flac") == ["Blue Rain"]
    assert described(flac(MOST_COMMENTS + 1), "flac") == []
    assert described(b"ID3\x03" + bytes(6) + flac(MOST_COMMENTS + 1), "flac") == []
    assert described(flac(10)[:60], "flac") == []  # cut off
