"""A PNG whose pixels are sound is read whatever lies beside them."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zlib

import numpy as np
import PIL.Image
import pytest
from media_files import photo, saved

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.image import read_image
from anysense.embed.media.picture.png import sound_png
from anysense.embed.media.pieces import ReadOptions, read_pieces

PNG = saved(photo(), "PNG")
HEAD = 33  # bytes of the signature and of IHDR
BEFORE_END = len(PNG) - 12


def chunk(name: bytes, data: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(name + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


LARGE = {
    "text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"prompt " * 300_000)),
    "international text": chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(b"prompt " * 300_000)),
    "profile": chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(3_000_000))),
    "plain text": chunk(b"tEXt", b"Comment\0" + b"x" * 5_000_000),
    "many texts": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000))) * 100,
}
DAMAGED = {
    name.decode(): chunk(name, data, 7)
    for name, data in {
        b"tEXt": b"Comment\0words",
        b"zTXt": b"Comment\0\0" + zlib.compress(b"words"),
        b"iTXt": b"Comment\0\0\0\0\0words",
        b"iCCP": b"x\0\0" + zlib.compress(bytes(128)),
        b"pHYs": struct.pack(">IIB", 2835, 2835, 1),
        b"eXIf": b"II*\0\x08\0\0\0\0\0",
        b"tIME": bytes(7),
        b"gAMA": bytes(4),
        b"cHRM": bytes(32),
        b"sRGB": b"\0",
        b"acTL": bytes(8),
        b"fcTL": bytes(26),
        b"prVt": bytes(99),
    }.items()
}
SHORT = {
    name: chunk(name.encode(), b"") for name in ("gAMA", "cHRM", "sRGB", "pHYs", "acTL", "tRNS")
} | {"half a colour": chunk(b"tRNS", b"\0\0\0")}


@pytest.mark.parametrize(
    "beside", [*LARGE.values(), *DAMAGED.values(), *SHORT.values()],
    ids=[*LARGE, *DAMAGED, *(f"short {name}" for name in SHORT)],
)  # fmt: skip
@pytest.mark.parametrize("at", [HEAD, BEFORE_END])
def test_what_lies_beside_the_pixels_does_not_matter(beside: bytes, at: int) -> None:
    picture = read_image(PNG[:at] + beside + PNG[at:])
    assert np.array_equal(np.asarray(picture), np.asarray(photo()))


def test_sound_words_are_read_beside_damaged_ones() -> None:
    words = chunk(b"tEXt", b"Description\0Waves break on the beach")
    data = PNG[:HEAD] + DAMAGED["tEXt"] + LARGE["profile"] + words + PNG[HEAD:]
    _, pieces = read_pieces(data, ReadOptions())
    assert "Waves break on the beach" in [piece.content for piece in pieces]


def test_transparency_and_palette_are_kept() -> None:
    picture = PIL.Image.new("P", (8, 8), 0)
    picture.putpalette([10, 20, 30, 0, 0, 0])
    picture.paste(1, (0, 0, 4, 8))
    data = saved(picture, "PNG", transparency=1)
    shown = np.asarray(read_image(data[:HEAD] + DAMAGED["pHYs"] + data[HEAD:]))
    assert shown[0, 0].tolist() == [255] * 3
    assert shown[0, 7].tolist() == [10, 20, 30]


def test_a_damaged_animation_is_a_picture() -> None:
    frames = [PIL.Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    data = bytearray(saved(photo(), "PNG", save_all=True, append_images=frames))
    data[data.index(b"fcTL") + 10] ^= 255
    assert np.array_equal(np.asarray(read_image(bytes(data))), np.asarray(photo()))


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE"])
def test_damage_to_what_the_pixels_need_stays_damage(name: bytes) -> None:
    data = bytearray(saved(photo().quantize(8), "PNG"))
    data[data.index(name) + 6] ^= 1
    with pytest.raises(CorruptMediaError, match="damaged"):
        read_image(bytes(data))


def test_a_wrong_checksum_of_pixels_that_are_sound_is_none_of_ours() -> None:
    data = bytearray(PNG)
    data[BEFORE_END - 1] ^= 1
    assert np.array_equal(np.asarray(read_image(bytes(data))), np.asarray(photo()))


def test_a_hostile_text_takes_little_memory() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)) * 5
    tracemalloc.start()
    try:
        read_image(PNG[:HEAD] + bomb + PNG[HEAD:])
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_any_bytes_after_the_signature_are_taken() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        names = [b"IHDR", b"IDAT", b"tEXt", b"fcTL", b"zTXt", b"IEND", b"xx\0\0"]
        data = b"\x89PNG\r\n\x1a\n" + b"".join(
            chance.choice([chunk(chance.choice(names), chance.randbytes(20)), chance.randbytes(9)])
            for _ in range(8)
        )
        sound = sound_png(io.BytesIO(data))
        assert data.startswith(sound.file.read(8))
        assert len(sound.file.read()) <= len(data)
