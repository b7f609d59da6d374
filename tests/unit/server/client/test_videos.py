"""A video asks, and is shown, by way of a service as it is by the collection itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tiny
from live_server import listening
from PIL import Image
from video_files import RATE, Scene, film, tones

from anysense import Client, Collection, NewItem, Retriever, Waveform

if TYPE_CHECKING:
    from pathlib import Path


def test_a_service_gives_what_its_collection_does(tmp_path: Path) -> None:
    tiny.register()
    high = tones((3000, 3.0))
    red = Image.new("RGB", (320, 180), (220, 20, 20))
    (tmp_path / "film.mp4").write_bytes(film([Scene(red, 3.0, high)]))
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        items = [NewItem(tmp_path / "film.mp4", id="film"), NewItem(red, id="red")]
        sounds = [NewItem(Waveform(high, RATE), id="high"), NewItem("a red note", id="note")]
        assert collection.add([*items, *sounds]).failed == []
        with listening(collection) as (url, _), Client(url) as client:
            sources = (collection, client)
            local, remote = (
                Retriever(source).retrieve(tmp_path / "film.mp4", k=9) for source in sources
            )
            assert local == remote
            assert {hit.modality for hit in local} == {"image", "audio", "text"}
            [one], [other] = ([hit for hit in hits if hit.id == "film"] for hits in (local, remote))
            assert one.moments == other.moments != ()
            assert one.thumbnail(64) == other.thumbnail(64)
            assert one.clip() == other.clip()
            assert client.thumbnail("film", 64, start=1.0).mime_type == "image/jpeg"
            assert local.as_messages() == remote.as_messages()
