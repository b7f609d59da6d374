"""The client of a service: everything that it can be asked, in threads and in an event loop."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from http_client import png, wav
from live_server import listening
from PIL import Image
from tiny_files import write_media

from anysense import AsyncClient, Client, Collection, NewItem, Retriever, Term, errors
from anysense.embed.types import Kind
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "a-key-for-tests"


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    write_media(tmp_path / "media")
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        made.add(sorted((tmp_path / "media").iterdir()))
        yield made


@pytest.fixture
def address(collection: Collection) -> Iterator[str]:
    with listening(collection) as (url, _):
        yield url


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as made:
        yield made


def test_items_are_added_shown_changed_and_removed(client: Client, tmp_path: Path) -> None:
    note = client.add("a red note", id="note/1", metadata={"year": 2021})
    assert (note.id, note.kind, note.metadata) == ("note/1", "text", {"year": 2021})
    assert note.segments[0].text == "a red note"
    sound = client.add(tmp_path / "media" / "low.wav", id="low")
    assert (sound.kind, sound.metadata) == ("audio", {"filename": "low.wav"})
    picture = client.add(png("red"))
    assert picture.kind == "image"
    assert client.add(png("red")).id == picture.id  # it is there already
    drawn = client.add(Image.new("RGB", (9, 9), "blue"), metadata={"year": 2020})
    assert drawn.kind == "image"
    assert client.item("note/1") == note
    assert [item.id for item in client.items("year >= 2020")] == ["note/1", drawn.id]
    assert client.describe("note/1", {"year": None, "author": "Ada"}).metadata == {"author": "Ada"}
    assert client.remove(["note/1", "low", "nobody"]) == 2
    assert client.remove("low") == 0
    with pytest.raises(errors.ItemNotFoundError, match=r"note/1"):
        client.item("note/1")


def test_lists_go_on_page_by_page(client: Client) -> None:
    client.add_texts(f"text number {number}" for number in range(150))
    ids = [item.id for item in client.items()]
    assert len(ids) == len(set(ids)) == 155
    assert [item.id for item in client.items(order="-added")] == ids[::-1]
    images = [item.id for item in client.items(kinds=[Kind.IMAGE])]
    assert 0 < len(images) < len(ids)
    assert {client.item(name).kind for name in images} == {Kind.IMAGE}
    page = client.page(limit=3)
    assert [item.id for item in page.items] == ids[:3]
    assert client.page(limit=3, cursor=page.next_cursor).items[0].id == ids[3]


def test_many_texts_go_in_several_requests_and_wrong_ones_stop_no_other(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.server.client.client.BATCH_ITEMS", 2)
    texts = ["one", NewItem("two", id="2"), NewItem("three", id="../3"), "four", "five"]
    added = client.add_texts(texts)
    assert [one.error is None for one in added] == [True, True, False, True, True]
    assert added[1].id == "2"
    assert isinstance(added[2].error, errors.UsageError)
    assert client.remove([one.id or "" for one in added if one.error is None]) == 4


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (NewItem("a text", captions=["words"]), "no captions"),
        (NewItem(png("red"), captions=["words"]), "no captions"),
        (NewItem("a text", source="notes.txt"), "leave out the source"),
        (NewItem(3), "neither a file nor a picture"),  # type: ignore[arg-type]
    ],
)
def test_what_would_not_be_sent_is_refused(client: Client, item: NewItem, message: str) -> None:
    with pytest.raises(errors.UsageError, match=message):
        client.add(item)


def test_texts_are_texts(client: Client) -> None:
    for add in (client.add_texts, client.add_later):
        with pytest.raises(errors.UsageError, match="added as a str, not as bytes"):
            add([NewItem(b"a text")])


def test_texts_are_added_later(client: Client) -> None:
    [job] = client.add_later([NewItem(f"text {number}", id=f"t{number}") for number in range(5)])
    while not job.is_over:
        job = client.job(job.id)
    assert (job.status, job.total, job.done, job.failed, job.error) == ("done", 5, 5, 0, None)
    assert client.item("t4").kind == "text"


def test_a_search_gives_what_the_collection_gives(client: Client, collection: Collection) -> None:
    hits = client.search("red", k=3, modalities=["image"])
    assert hits == collection.search("red", k=3, modalities=["image"])
    assert hits.state == collection.search("red").state
    with pytest.raises(errors.FilterError, match="year >="):
        client.search("red", where="year >=")
    with pytest.raises(errors.ItemNotFoundError):
        client.search(Term(like="nobody"))
    with pytest.raises(errors.CorruptMediaError):
        client.search(png("red")[:40])
    with pytest.raises(TypeError, match="retrieve_k"):
        client.search("red", retrieve_k=3)


def test_files_of_items_are_read(client: Client, collection: Collection, tmp_path: Path) -> None:
    by_name = {os.path.basename(item.source): item.id for item in client.items()}  # noqa: PTH119
    media = client.media(by_name["red.png"])
    assert media.data == (tmp_path / "media" / "red.png").read_bytes()
    assert (media.mime_type, media.name) == ("image/png", "red.png")
    small = client.thumbnail(by_name["red.png"], 16)
    assert (small.mime_type, small.name) == ("image/jpeg", "red.jpg")
    client.download(by_name["low.wav"], tmp_path / "copy.wav")
    assert (tmp_path / "copy.wav").read_bytes() == (tmp_path / "media/low.wav").read_bytes()
    clip = client.clip(by_name["low.wav"], 0.25, 0.75)
    assert (clip.mime_type, clip.name) == ("audio/wav", "low.wav")
    assert len(clip.data) == 44 + 2 * 4000
    text = client.add("without a file")
    with pytest.raises(errors.NoMediaError, match="not made from a file"):
        client.media(text.id)
    with pytest.raises(errors.UnsupportedMediaError):
        client.clip(by_name["red.png"], 0, 1)
    (tmp_path / "media" / "red.png").unlink()
    with pytest.raises(errors.MediaGoneError):
        client.download(by_name["red.png"], tmp_path / "red.png")
    assert not (tmp_path / "red.png").exists()


def test_hits_have_their_media_wherever_they_come_from(
    client: Client, collection: Collection
) -> None:
    for query in ("red", "low", "green"):
        local, remote = (Retriever(source).retrieve(query, k=5) for source in (collection, client))
        assert local == remote
        assert [hit.media() for hit in local] == [hit.media() for hit in remote]
        for one, other in zip(local, remote, strict=True):
            if one.kind == "image":
                assert one.thumbnail(64) == other.thumbnail(64)
            if one.modality == "audio":
                assert one.clip() == other.clip()
        assert local.as_context() == remote.as_context()
        assert local._repr_html_() == remote._repr_html_()  # as notebooks call it
        for provider in ("openai", "anthropic"):
            assert local.as_messages(provider) == remote.as_messages(provider)


def test_vectors_are_those_of_the_encoder(client: Client, collection: Collection) -> None:
    from anysense.embed.pipeline.query import encode_query
    from anysense.embed.types import Modality

    [encoder] = collection.encoders()
    vectors = client.embed(["red", png("blue"), wav(500)])
    assert (vectors.shape, vectors.dtype) == ((3, 32), np.float32)
    asked = [(Modality.TEXT, "red"), (Modality.IMAGE, png("blue")), (Modality.AUDIO, wav(500))]
    for vector, (modality, content) in zip(vectors, asked, strict=True):
        assert np.allclose(vector, encode_query(encoder, modality, content), atol=1e-6)
    assert client.embed("red").shape == (1, 32)
    with pytest.raises(errors.UsageError):
        client.embed("red", model="no such model")


def test_the_service_tells_of_itself(client: Client) -> None:
    assert client.health().status == "ok"
    client.embed("red")  # is asked again until the encoders are loaded
    assert client.ready().is_ready
    [model] = client.models()
    assert (model.id, model.dimension, model.collections) == ("tiny", 32, ["current"])
    [served] = client.collections()
    assert (served.items, served.encoders) == (5, ["tiny"])
    assert client.info()["items"] == 5
    assert repr(client).startswith("Client('http://127.0.0.1")


def test_a_collection_is_named(collection: Collection, tmp_path: Path) -> None:
    from live_server import serving

    from anysense.server.http.app import create_app

    with Collection.create(tmp_path / "d", ["tiny"]) as other:
        other.add([NewItem("a blue note", id="b")])
        with serving(create_app({"first": collection, "second, too": other})) as url:
            with Client(url, collection="second, too") as client:
                assert [hit.id for hit in client.search("blue")] == ["b"]
                assert client.info()["items"] == 1
            with Retriever(url, collection="second, too") as retriever:
                assert [hit.id for hit in retriever.retrieve("blue")] == ["b"]
            with (
                Client(url, collection="third") as client,
                pytest.raises(errors.CollectionNotFoundError, match="third"),
            ):
                client.search("blue")


def test_keys_are_sent_and_never_shown(collection: Collection) -> None:
    with listening(collection, Settings(api_key=KEY)) as (url, _):
        with Client(url, api_key=KEY) as client:
            assert client.search("red")
            assert KEY not in repr(client) + repr(vars(client))
        with Client(url) as client:
            assert client.health().status == "ok"
            with pytest.raises(errors.AccessError, match="key"):
                client.search("red")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": "ftp://a"}, "begins with http"),
        ({"url": "http://[::1"}, "no address"),
        ({"url": "http://127.0.0.1:abc"}, "no address"),
        ({"url": "http://"}, "names a machine"),
        ({"url": "http://ada:secret@127.0.0.1"}, "takes no password"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"retries": -1}, "retries"),
        ({"api_key": "naïve"}, "ASCII"),
        ({"api_key": ""}, "ASCII"),
        ({"collection": ".."}, "The name of a collection is not '..'"),
        ({"collection": ""}, "The name of a collection is not ''"),
        ({"collection": "\ud800"}, "whole characters"),
    ],
)
def test_wrong_settings_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.UsageError, match=message) as refused:
        Client(**{"url": "http://127.0.0.1:1", **arguments})
    assert "secret" not in str(refused.value)


def test_no_name_leads_to_another_address(client: Client, address: str) -> None:
    with pytest.raises(errors.UsageError, match="no slash"):
        Client(address, collection="../items")
    for wrong in ("", ".", "..", "\udcff"):
        for ask in (client.item, client.media, client.job):
            with pytest.raises(errors.UsageError, match="An id is"):
                ask(wrong)
    with pytest.raises(errors.ItemNotFoundError, match=r"\.\./models"):
        client.item("../models")


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "\ud800", b"bytes"])
def test_what_json_cannot_hold_is_refused(client: Client, value: Any) -> None:
    for add in (
        lambda: client.add("a text", metadata={"value": value}),
        lambda: client.add(png("red"), metadata={"value": value}),
        lambda: client.search("red", where={"value": value}),
    ):
        with pytest.raises(errors.UsageError, match="cannot be sent as JSON"):
            add()


def test_a_download_is_whole_or_not_there(client: Client, tmp_path: Path) -> None:
    by_name = {os.path.basename(item.source): item.id for item in client.items()}  # noqa: PTH119
    path = tmp_path / "there.wav"
    path.write_bytes(b"as it was")
    with pytest.raises(errors.StorageError, match="cannot be written"):
        client.download(by_name["low.wav"], tmp_path / "missing" / "a.wav")
    (tmp_path / "media" / "low.wav").unlink()
    with pytest.raises(errors.MediaGoneError):
        client.download(by_name["low.wav"], path)
    assert path.read_bytes() == b"as it was"
    assert {each.name for each in tmp_path.iterdir()} == {"media", "c", "there.wav"}


def test_a_key_goes_with_an_address(collection: Collection, client: Client) -> None:
    for source in (collection, client, collection.path):
        with pytest.raises(errors.UsageError, match="address of a service"):
            Retriever(source, api_key=KEY)
    with pytest.raises(errors.CollectionNotFoundError):
        Retriever("no/such.anysense")
    with Retriever(collection.path) as retriever:
        assert retriever.retrieve("red")


def test_everything_can_be_awaited(address: str, client: Client, tmp_path: Path) -> None:
    async def use() -> None:
        async with AsyncClient(address) as other:
            note = await other.add("a red note", id="n", metadata={"year": 2021})
            assert note == await other.item("n")
            hits = await other.search("red", k=3)
            assert hits == client.search("red", k=3)
            assert await asyncio.to_thread(hits.as_context)
            several = await asyncio.gather(*(other.search(word) for word in ("red", "low") * 8))
            assert several[0] == several[2]
            sound = await other.add(tmp_path / "media" / "low.wav", id="low")
            assert sound.kind == "audio"
            assert len((await other.clip("low", 0.0, 0.5)).data) == 44 + 8000
            picture = await other.add(png("green"), id="g")
            assert (await other.thumbnail("g", 8)).mime_type == "image/jpeg"
            assert (await other.media(picture.id)).data == png("green")
            await other.download("g", tmp_path / "g.png")
            assert (tmp_path / "g.png").read_bytes() == png("green")
            assert len(await other.add_texts(["one", "two"])) == 2
            [job] = await other.add_later([NewItem("three", id="3")])
            while not job.is_over:
                job = await other.job(job.id)
            assert {item.id async for item in other.items()} >= {"n", "low", "g", "3"}
            assert (await other.page(limit=2)).next_cursor
            assert (await other.describe("n", {"year": 2022})).metadata == {"year": 2022}
            assert await other.remove(["n", "low", "g", "3"]) == 4
            assert np.allclose(await other.embed(["red"]), client.embed("red"))
            assert (await other.ready()).is_ready
            assert (await other.health()).status == "ok"
            assert (await other.models())[0].id == "tiny"
            assert (await other.collections())[0].items == (await other.info())["items"]
            with pytest.raises(errors.ItemNotFoundError):
                await other.item("n")

    asyncio.run(use())


def test_a_retriever_can_be_awaited(address: str, collection: Collection) -> None:
    async def use(source: Any) -> Any:
        async with Retriever(source) as retriever:
            return await retriever.aretrieve("red", k=4, where=None)

    assert asyncio.run(use(address)) == asyncio.run(use(collection))


def test_every_method_of_one_client_is_one_of_the_other() -> None:
    def methods(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(AsyncClient) == methods(Client) - {"close"} | {"aclose"}


def test_neither_torch_nor_faiss_is_loaded(address: str, tmp_path: Path) -> None:
    """In a process of its own, as this one has them."""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    (tmp_path / "low.wav").write_bytes(wav(200))
    code = f"""
import sys
from pathlib import Path
from anysense import Client, Retriever, Term
with Retriever({address!r}) as retriever:
    for query in ("red", Path({str(tmp_path / "red.png")!r}), Path({str(tmp_path / "low.wav")!r})):
        hits = retriever.retrieve(query, k=5)
        assert hits
        hits.as_context(max_tokens=500)
        assert len(hits.as_messages("openai")) > 1
with Client({address!r}) as client:
    assert client.add("a text").kind == "text"
    assert client.embed("a text").shape == (1, 32)
heavy = {{"torch", "faiss", "fastapi", "transformers", "open_clip", "starlette"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_samples_and_pictures_are_sent_without_loss(client: Client, collection: Collection) -> None:
    """What is asked over HTTP has the vector that it has here, to the bit."""
    from anysense import Waveform

    noise = np.random.default_rng(5).uniform(-3, 3, 4000).astype(np.float32)
    picture = Image.fromarray(
        np.random.default_rng(5).integers(0, 255, (40, 30, 4), dtype=np.uint8), "RGBA"
    )
    out = io.BytesIO()
    picture.save(out, "WEBP", lossless=True)
    for query in (Waveform(noise, 8000), picture, out.getvalue(), [picture, Term("red", -0.5)]):
        here, there = collection.search(query), client.search(query)
        assert [(h.id, h.score, h.raw_score) for h in here] == [
            (h.id, h.score, h.raw_score) for h in there
        ]


def test_media_to_search_by_are_kept(
    client: Client, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    sound = client.keep(tmp_path / "media" / "low.wav")
    assert (sound.modality, sound.name, sound.weight) == ("audio", "low.wav", 1.0)
    picture = client.keep(png("red"))
    assert picture.modality == "image"
    assert client.keep(Image.new("RGB", (9, 9), "blue")).id != picture.id
    with pytest.raises(errors.UsageError, match="neither a file nor a picture"):
        client.keep("a text")  # type: ignore[arg-type]

    async def keep() -> object:
        async with AsyncClient(address) as other:
            return await other.keep(png("red"))

    assert asyncio.run(keep()) == picture
