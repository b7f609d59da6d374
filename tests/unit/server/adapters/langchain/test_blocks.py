from __future__ import annotations

import io
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
import soundfile
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage, convert_to_openai_messages
from PIL import Image

from anysense import Collection, NewItem
from anysense.adapters.langchain import AnysenseRetriever, AnysenseVectorStore
from anysense.errors import MediaGoneError, NoMediaError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def retriever(collection: Collection) -> AnysenseRetriever:
    return AnysenseRetriever(source=collection, k=1)


def picture_in(block: Any) -> Image.Image:
    assert (block["type"], block["mime_type"]) == ("image", "image/jpeg")
    return Image.open(io.BytesIO(b64decode(block["base64"])))


def seconds_in(block: Any) -> float:
    assert (block["type"], block["mime_type"]) == ("audio", "audio/wav")
    return float(soundfile.info(io.BytesIO(b64decode(block["base64"]))).duration)


def test_a_text_is_numbered_and_cited(retriever: AnysenseRetriever, media: Path) -> None:
    found = retriever.invoke("a green note", modalities=["text"])
    [block] = retriever.content_blocks(found)
    assert block["type"] == "text"
    about = f"text, score {found[0].metadata['score']:.2f}"
    where = f"{(media / 'note.txt').resolve()}, 0-12"
    assert block["text"] == f"[1] {where} ({about})\na green note"


def test_a_picture_is_shown(retriever: AnysenseRetriever) -> None:
    text, picture = retriever.content_blocks(retriever.invoke("red", modalities=["image"]))
    assert text["type"] == "text"
    assert picture_in(picture).size == (24, 24)
    red, green, blue = picture_in(picture).convert("RGB").getpixel((12, 12))  # type: ignore[misc]
    assert red > 200 > 60 > max(green, blue)


def test_the_seconds_that_matched_are_heard(retriever: AnysenseRetriever) -> None:
    [found] = retriever.invoke("high", modalities=["audio"])
    assert found.metadata["end"] - found.metadata["start"] == 10.0  # of 25
    _, sound = retriever.content_blocks(found)
    assert seconds_in(sound) == pytest.approx(10.0, abs=0.01)


def test_a_picture_found_by_its_caption_is_shown(
    retriever: AnysenseRetriever, collection: Collection, media: Path
) -> None:
    door = NewItem(media / "blue.png", id="door", captions=["a dark door"])
    sound = NewItem(media / "low.wav", id="hum", captions=["a middle hum"])
    collection.add([door, sound])
    [found] = retriever.invoke("a dark door", modalities=["text"])
    assert (found.metadata["origin"], found.page_content) == ("caption", "a dark door")
    assert [block["type"] for block in retriever.content_blocks(found)] == ["text", "image"]
    [found] = retriever.invoke("a middle hum", modalities=["text"])
    _, heard = retriever.content_blocks(found)
    assert seconds_in(heard) == pytest.approx(1.0, abs=0.01)


def test_a_picture_is_shown_once(collection: Collection, media: Path) -> None:
    collection.add([NewItem(media / "red.png", id="door", captions=["a red door"])])
    retriever = AnysenseRetriever(source=collection, all_segments=True, where="id = 'door'")
    found = retriever.invoke("a red door")
    assert len(found) == len({document.id for document in found}) == 2
    first, picture, second = retriever.content_blocks(found)
    assert picture_in(picture).size == (24, 24)
    assert "left out" not in str(first)
    assert "(Its picture is left out: it is that of [1].)" in str(second)


def test_pages_of_documents_are_shown(retriever: AnysenseRetriever, document: str) -> None:
    [found] = retriever.invoke("red", modalities=["image"], where={"id": document})
    assert (found.id, found.metadata["page"]) == ("lamp#pages=2-3", 2)
    text, picture = retriever.content_blocks(found)
    assert "lamp.pdf, page 2 (document, score " in str(text)
    red, green, _ = picture_in(picture).convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 200 > 60 > green
    [found] = retriever.invoke("a dark word", modalities=["text"], where={"id": document})
    assert found.id == "lamp#characters=0-11"
    assert [block["type"] for block in retriever.content_blocks(found)] == ["text"]


def test_documents_may_have_been_stored_meanwhile(
    retriever: AnysenseRetriever, collection: Collection
) -> None:
    found = retriever.invoke("red", modalities=["image"])
    stored = [Document.model_validate_json(document.model_dump_json()) for document in found]
    fresh = AnysenseRetriever(source=collection.path)
    [_, picture] = fresh.content_blocks(stored)
    assert picture_in(picture).size == (24, 24)
    fresh.close()


def test_what_has_no_room_is_left_out_and_said(retriever: AnysenseRetriever) -> None:
    found = retriever.invoke("red low", modalities=["image", "audio"], k=5)
    every = retriever.content_blocks(found)
    assert [block["type"] for block in every].count("text") == 5
    sizes = [len(b64decode(str(block["base64"]))) for block in every if "base64" in block]
    assert len(sizes) == 5
    some = retriever.content_blocks(found, max_bytes=sizes[0])
    assert sum("base64" in block for block in some) == 1
    said = [str(block["text"]) for block in some if block["type"] == "text"]
    left_out = ["is left out: those before it took all the room.)" in text for text in said]
    assert left_out == [False, True, True, True, True]
    none = retriever.content_blocks(found[0], max_bytes=10)
    assert [block["type"] for block in none] == ["text"]
    assert "is left out: has no " in str(none[0])


def test_what_is_gone_is_left_out_and_said(retriever: AnysenseRetriever, media: Path) -> None:
    found = retriever.invoke("red", modalities=["image"])
    (media / "red.png").unlink()
    [block] = retriever.content_blocks(found)
    assert "(Its picture is left out: " in str(block)
    with pytest.raises(MediaGoneError):
        retriever.blob(found[0])


def test_a_blob_is_the_whole_file(
    retriever: AnysenseRetriever, collection: Collection, media: Path
) -> None:
    [found] = retriever.invoke("high", modalities=["audio"])
    blob = retriever.blob(found)
    assert blob.as_bytes() == (media / "high.wav").read_bytes()
    assert (blob.mimetype, blob.source) == ("audio/wav", "high.wav")
    collection.add([NewItem("a middle text", id="text")])
    [found] = retriever.invoke("a middle text", modalities=["text"])
    with pytest.raises(NoMediaError):
        retriever.blob(found)
    with pytest.raises(UsageError, match="has no uri"):
        retriever.blob(Document("made up"))


def test_documents_of_the_store_have_blocks_too(
    retriever: AnysenseRetriever, collection: Collection
) -> None:
    store = AnysenseVectorStore(collection)
    found = store.similarity_search("red", k=1, modalities=["image"])
    assert [block["type"] for block in retriever.content_blocks(found)] == ["text", "image"]
    store.add_texts(["a middle text"], ids=["text"])
    found = store.similarity_search("a middle text", k=1, modalities=["text"])
    assert [block["text"] for block in retriever.content_blocks(found)] == ["[1]\na middle text"]  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "song"),
        ("score", "high"),
        ("unit", "miles"),
        ("start", "soon"),
        ("page", "last"),
        ("box", [0.0, 1.0]),
        ("item", None),
    ],
)
def test_documents_that_were_tampered_with_are_refused(
    retriever: AnysenseRetriever, name: str, value: Any
) -> None:
    [found] = retriever.invoke("red", modalities=["image"])
    facts = {**found.metadata, name: value}
    if value is None:
        del facts[name]
    with pytest.raises(UsageError, match="is not one of anysense"):
        retriever.content_blocks(found.model_copy(update={"metadata": facts}))


def test_facts_that_a_store_has_made_texts_are_read(retriever: AnysenseRetriever) -> None:
    [found] = retriever.invoke("low", modalities=["audio"])
    facts = {name: str(value) for name, value in found.metadata.items()}
    texts = found.model_copy(update={"metadata": {**facts, "box": ["0", "0", "1", "1"]}})
    kept, heard = retriever.content_blocks(texts)
    assert "low.wav, 0:00-0:01 (audio, score " in str(kept)
    assert seconds_in(heard) == pytest.approx(1.0, abs=0.01)


def test_the_blocks_are_those_of_messages(retriever: AnysenseRetriever) -> None:
    found = retriever.invoke("red low", modalities=["image", "audio"], k=2)
    blocks: list[Any] = ["What is this?", *retriever.content_blocks(found)]
    message = HumanMessage(blocks)
    assert [block["type"] for block in message.content_blocks] == [
        "text",
        *[block["type"] for block in blocks[1:]],
    ]
    sent = convert_to_openai_messages([message])[0]["content"]
    assert {part["type"] for part in sent} == {"text", "image_url", "input_audio"}
