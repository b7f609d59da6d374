"""Hits as content of messages: what the providers' own packages take, and within what was said."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from http_client import png
from media_files import page, pdf
from PIL import Image
from pydantic import TypeAdapter
from tiny_files import write_media

from anysense import Collection, NewItem, Waveform
from anysense.embed.errors import MediaGoneError, NoMediaError, UnsupportedMediaError, UsageError
from anysense.index.hits.hits import Hits
from anysense.index.hits.media import MediaFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROVIDERS = ("openai", "openai-responses", "anthropic", "google")


@pytest.fixture
def media(tmp_path: Path) -> Path:
    write_media(tmp_path / "media")
    return tmp_path / "media"


@pytest.fixture
def collection(media: Path, tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        items = [NewItem(path, id=path.name) for path in sorted(media.iterdir())]
        assert made.add(items).failed == []
        yield made


def texts_of(parts: list[dict[str, Any]]) -> str:
    return "\n".join(part["text"] for part in parts if "text" in part)


def media_of(parts: list[dict[str, Any]]) -> list[bytes]:
    """The bytes of every picture and sound, wherever a provider has them."""
    found = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "data" and isinstance(inner, str):
                    found.append(base64.b64decode(inner))
                look(inner)
        elif isinstance(value, str) and value.startswith("data:"):
            found.append(base64.b64decode(value.partition(",")[2]))

    for part in parts:
        look(part)
    return found


def adapter_of(provider: str) -> TypeAdapter[Any]:
    """What the provider's own package says that a message's content is."""
    if provider == "openai":
        from openai.types.chat import ChatCompletionContentPartParam

        return TypeAdapter(list[ChatCompletionContentPartParam])
    if provider == "openai-responses":
        from openai.types.responses import (
            ResponseInputAudioParam,
            ResponseInputImageParam,
            ResponseInputTextParam,
        )

        return TypeAdapter(
            list[ResponseInputTextParam | ResponseInputImageParam | ResponseInputAudioParam]
        )
    if provider == "anthropic":
        from anthropic.types import ImageBlockParam, TextBlockParam

        return TypeAdapter(list[TextBlockParam | ImageBlockParam])
    from google.genai.types import Part

    return TypeAdapter(list[Part])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the providers' packages
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_takes_what_is_made_for_it(collection: Collection, provider: str) -> None:
    parts = collection.search("red low green").as_messages(provider)
    adapter_of(provider).validate_python(parts, strict=provider != "google")
    assert json.loads(json.dumps(parts)) == parts
    kinds = {data[:4] for data in media_of(parts)}
    pictures, sounds = b"\xff\xd8\xff\xe0", b"RIFF"
    assert kinds == ({pictures} if provider == "anthropic" else {pictures, sounds})
    assert len(media_of(parts)) == (3 if provider == "anthropic" else 4)
    told = texts_of(parts)
    assert all(f"[{number}] " in told for number in range(1, 6))
    assert "a green note" in told
    assert ("0:00-0:01, is left out: these models hear no sounds" in told) == (
        provider == "anthropic"
    )


def test_pictures_are_scaled_and_tell_nothing_of_the_camera(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Secret Camera"
    exif[0x0112] = 6
    large = Image.linear_gradient("L").resize((3000, 2000)).convert("RGB")
    large.save(tmp_path / "large.jpg", exif=exif)
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([tmp_path / "large.jpg"])
        hits = collection.search("dark")
        for provider, side in (("openai", 2048), ("anthropic", 1568)):
            [data] = media_of(hits.as_messages(provider))
            with Image.open(io.BytesIO(data)) as image:
                assert max(image.size) == image.height == side
                assert not image.getexif()
            assert b"Secret" not in data


def test_media_are_made_smaller_and_then_left_out(tmp_path: Path) -> None:
    noise = np.random.default_rng(3)
    picture = Image.fromarray(noise.integers(0, 255, (900, 900, 3), dtype=np.uint8))
    picture.save(tmp_path / "a.png")
    samples = noise.uniform(-0.5, 0.5, 48_000 * 9).astype(np.float32)
    soundfile.write(tmp_path / "b.wav", samples, 48_000)
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        assert collection.add([tmp_path / "a.png", tmp_path / "b.wav"]).failed == []
        hits = collection.search("red")
        whole, small = (
            {data[:2]: len(data) for data in media_of(hits.as_messages(attachment_bytes=most))}
            for most in (None, 300_000)
        )
        assert whole[b"RI"] == 44 + 2 * len(samples)
        assert small[b"RI"] == 44 + 2 * 16_000 * 9
        assert whole[b"\xff\xd8"] > 300_000 >= small[b"\xff\xd8"]
        parts = hits.as_messages(max_bytes=310_000, attachment_bytes=300_000)
        assert sum(map(len, media_of(parts))) <= 310_000
        assert "is left out" in texts_of(parts) or len(media_of(parts)) == 2
        none = hits.as_messages(max_bytes=0)
        assert media_of(none) == []
        assert texts_of(none).count("the media before it are as many as were asked for") == 2
        tiny = hits.as_messages(attachment_bytes=100)
        assert media_of(tiny) == []
        assert "has no picture of 100 bytes" in texts_of(tiny)
        assert "its sound, 0:00-0:09, is left out" in texts_of(tiny)


def test_only_the_seconds_that_matched_are_given(tmp_path: Path) -> None:
    time = np.arange(8000 * 10) / 8000
    low, high = (0.5 * np.sin(2 * np.pi * hertz * time) for hertz in (100, 3000))
    samples = np.concatenate([low, high, low, high]).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", samples, 8000)
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([tmp_path / "long.wav"])
        [hit] = hits = collection.search("high", k=1)
        clips = media_of(Hits([hit]).as_messages())
        for clip in clips:
            heard, rate = soundfile.read(io.BytesIO(clip), dtype="float32")
            assert (rate, len(heard)) == (8000, 80_000)
        start = round((hit.start or 0) * 8000)
        own, _ = soundfile.read(io.BytesIO(hit.clip().data), dtype="float32")
        assert np.abs(own - samples[start : start + 80_000]).max() < 1e-4
        assert hits.as_context().startswith("[1] ")


def test_the_page_that_matched_is_shown(tmp_path: Path) -> None:
    (tmp_path / "two.pdf").write_bytes(
        pdf([page("first page of words"), page("second page of words")])
    )
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        assert collection.add([tmp_path / "two.pdf"]).failed == []
        [hit] = collection.search("dark", modalities=["image"])
        first, second = (hit.read_by.thumbnail(hit.id, 160, number) for number in (1, 2))
        assert first != second
        assert hit.thumbnail(160) == (first if hit.page == 1 else second)
        assert len(media_of(Hits([hit]).as_messages())) == 1 + len(hit.segments)
        with pytest.raises(UnsupportedMediaError, match="without a page 3"):
            hit.read_by.thumbnail(hit.id, 160, 3)


def test_what_is_gone_is_said(collection: Collection, media: Path) -> None:
    (media / "red.png").write_bytes(png("blue", 24))
    (media / "low.wav").unlink()
    hits = collection.search("red low")
    told = texts_of(hits.as_messages())
    assert "its picture is left out: The file of the item red.png is gone, or is not" in told
    assert "its sound, 0:00-0:01, is left out: The file of the item low.wav" in told
    [red] = [hit for hit in hits if hit.id == "red.png"]
    with pytest.raises(MediaGoneError):
        red.media()


def test_items_without_files_have_no_media(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        tone = np.sin(np.arange(8000) * 0.3).astype(np.float32)
        collection.add([NewItem("red", id="text"), NewItem(Waveform(tone, 8000), id="sound")])
        hits = {hit.id: hit for hit in collection.search("red")}
        for hit in hits.values():
            with pytest.raises(NoMediaError, match="not made from a file"):
                hit.media()
        with pytest.raises(NoMediaError):
            hits["sound"].clip()
        with pytest.raises(UnsupportedMediaError, match="did not match by some seconds"):
            hits["text"].clip()


class Damaged:
    """Gives what no service should: other formats, broken ones, and texts."""

    def __init__(self, data: bytes) -> None:
        self.file = MediaFile(data, "image/jpeg", "a.jpg")

    def media(self, item_id: str) -> MediaFile:
        return self.file

    def thumbnail(
        self, item_id: str, width: int, page: int | None = None, start: float | None = None
    ) -> MediaFile:
        return self.file

    def clip(self, item_id: str, start: float, end: float) -> MediaFile:
        return self.file


@pytest.mark.parametrize(
    ("data", "is_given"),
    [
        (png("red", 9), True),
        (png("red")[:40], False),
        (b"\xff\xd8\xff\xe0 no", False),
        (b"", False),
    ],
)
def test_what_a_reader_gives_is_looked_at(
    collection: Collection, data: bytes, is_given: bool
) -> None:
    from dataclasses import replace

    hits = Hits([replace(hit, reader=Damaged(data)) for hit in collection.search("red low")])
    parts = hits.as_messages()
    assert [each[:2] for each in media_of(parts)] == [b"\xff\xd8"] * (3 * is_given)
    assert texts_of(parts).count("is left out") == (1 if is_given else 4)


def test_a_hit_of_nowhere_says_so(collection: Collection) -> None:
    from dataclasses import replace

    lonely = replace(collection.search("red")[0], reader=None)
    with pytest.raises(UsageError, match="made without a collection"):
        lonely.media()
    with pytest.raises(UsageError, match="provider is one of openai"):
        Hits([lonely]).as_messages("mistral")
    with pytest.raises(UsageError, match="max_bytes is at least 0"):
        Hits([lonely]).as_messages(max_bytes=-1)
