"""The retriever, by itself and in pipelines that are written down and read again."""

from __future__ import annotations

import asyncio
import io
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from haystack import Pipeline, component
from haystack.components.builders import PromptBuilder
from haystack.components.routers import ConditionalRouter
from haystack.components.writers import DocumentWriter
from haystack.core.errors import DeserializationError, SerializationError
from haystack.dataclasses import ByteStream, Document
from haystack.errors import FilterError
from haystack.utils import Secret
from live_server import listening
from media_files import page, pdf
from PIL import Image
from tiny_files import write_media

from anysense import Client, Collection, NewItem
from anysense.adapters.haystack import AnysenseDocumentStore, AnysenseRetriever
from anysense.errors import AccessError, CollectionNotFoundError, UsageError
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Opened: TypeAlias = Callable[..., AnysenseRetriever]

ALLOWED = ["anysense.adapters.haystack"]
TEMPLATE = """{% for document in documents %}
{{ document.meta.anysense.source }}: {{ document.content }}{% endfor %}
{{ question }}"""


@component
class Echo:
    """A generator that answers with what it was asked."""

    @component.output_types(replies=list[str])
    def run(self, prompt: str) -> dict[str, list[str]]:
        return {"replies": [prompt]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A collection of three pictures, a sound, and three texts."""
    write_media(tmp_path / "files")
    with Collection.create(tmp_path / "my.anysense", ["tiny"]) as collection:
        collection.add(sorted((tmp_path / "files").iterdir()))
        for number, text in enumerate(("a red boat", "a green boat")):
            metadata = {"year": 2020 + number, "anysense": "mine"}
            collection.add([NewItem(text, id=text[2:], metadata=metadata)])
    return tmp_path / "my.anysense"


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Makes retrievers that are closed in the end."""
    with ExitStack() as stack:

        def open_one(*args: Any, **options: Any) -> AnysenseRetriever:
            retriever = AnysenseRetriever(*args, **options)
            stack.callback(retriever.close)
            return retriever

        yield open_one


@pytest.fixture
def retriever(path: Path, opened: Opened) -> AnysenseRetriever:
    return opened(path)


def ids(found: dict[str, Any]) -> list[str]:
    return [document.id for document in found["documents"]]


def test_hits_are_documents(retriever: AnysenseRetriever) -> None:
    found = retriever.run("red boat", top_k=2)
    [best, *_] = documents = found["documents"]
    assert len(documents) == 2
    assert found["no_match"] is False
    assert (best.id, best.content, best.meta["year"], best.blob) == (
        "red boat",
        "a red boat",
        2020,
        None,
    )
    assert best.score == max(document.score for document in documents)
    facts = best.meta["anysense"]
    assert (facts["kind"], facts["modality"], facts["unit"]) == ("text", "text", "characters")
    assert (facts["start"], facts["end"], facts["route"]) == (0, 10, "native")
    assert Document.from_dict(best.to_dict()) == best  # so it is as plain as JSON


def test_a_picture_and_a_sound_ask_as_words_do(
    retriever: AnysenseRetriever, tmp_path: Path
) -> None:
    red = ByteStream.from_file_path(tmp_path / "files" / "red.png")
    low = ByteStream.from_file_path(tmp_path / "files" / "low.wav")
    assert retriever.run(red, top_k=1)["documents"][0].meta["anysense"]["kind"] == "image"
    both = retriever.run([red, "low"])["documents"]
    assert {document.meta["anysense"]["modality"] for document in both[:3]} == {
        "text",
        "image",
        "audio",
    }
    assert retriever.run(low)["documents"][0].meta["anysense"]["kind"] == "audio"


def test_filters_hold_together_with_what_always_holds(path: Path, opened: Opened) -> None:
    retriever = opened(path, where={"year": {"$exists": True}}, modalities=["text"])
    assert sorted(ids(retriever.run("red"))) == ["green boat", "red boat"]
    later = {"field": "meta.year", "operator": ">", "value": 2020}
    assert ids(retriever.run("red", filters=later)) == ["green boat"]
    assert ids(opened(path).run("red", filters=later)) == ["green boat"]
    with pytest.raises(FilterError):
        retriever.run("red", filters={"field": "meta.year", "operator": "~", "value": 1})
    with pytest.raises(UsageError, match="as a mapping"):
        opened(path, where="year > 2020")  # type: ignore[arg-type]


def test_documents_below_a_score_are_left_out(path: Path, opened: Opened) -> None:
    assert opened(path, min_score=99).run("red") == {"documents": [], "no_match": False}


def test_documents_may_bring_what_can_be_seen_and_heard(
    path: Path, tmp_path: Path, opened: Opened
) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdf([page("a blue page")]))
    with Collection.open(path) as collection:
        collection.add([tmp_path / "paper.pdf"])
    retriever = opened(path, with_media=True, top_k=20)
    by_kind: dict[str, list[Document]] = {}
    for document in retriever.run("red low page")["documents"]:
        by_kind.setdefault(document.meta["anysense"]["kind"], []).append(document)
    picture, sound = by_kind["image"][0], by_kind["audio"][0]
    assert picture.blob is not None
    assert picture.blob.mime_type == "image/jpeg"
    assert Image.open(io.BytesIO(picture.blob.data)).size == (24, 24)
    assert sound.blob is not None
    assert (sound.blob.mime_type, sound.blob.data[:4]) == ("audio/wav", b"RIFF")
    assert sound.blob.meta["file_name"] == "low.wav"
    assert all(text.blob is None for text in by_kind["text"])
    found = opened(path, with_media=True, modalities=["image"]).run("dark page")
    [paper] = [d for d in found["documents"] if d.meta["anysense"]["kind"] == "document"]
    assert paper.blob is not None
    assert paper.blob.mime_type == "image/jpeg"


def test_media_that_are_left_out_are_told(path: Path, tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "files" / "low.wav").unlink()
    retriever = opened(path, with_media=True, max_bytes=10)
    left_out = {
        document.meta["anysense"]["kind"]: document.meta["anysense"].get("media_left_out", "")
        for document in retriever.run("red low")["documents"]
    }
    assert left_out["image"].startswith("has no picture of 10")
    assert "is gone" in left_out["audio"]
    assert left_out["text"] == ""


def test_documents_of_a_store_are_found_whole(tmp_path: Path, opened: Opened) -> None:
    store = AnysenseDocumentStore(tmp_path / "documents.anysense", encoders=["tiny"])
    text = "green " * 60 + "red"
    store.write_documents([Document(id="long", content=text, meta={"n": 1}, embedding=[0.5])])
    retriever = opened(store)
    [found] = retriever.run("red")["documents"]
    assert (found.content, found.meta["n"], found.embedding) == (text, 1, None)
    assert found.meta["anysense"]["text"].endswith("red")
    assert set(found.meta) == {"n", "anysense"}
    store.write_documents([Document(id="late", content="red")])
    assert sorted(ids(retriever.run("red"))) == ["late", "long"]
    store.close()


def test_an_empty_store_finds_nothing(tmp_path: Path, opened: Opened) -> None:
    store = AnysenseDocumentStore(tmp_path / "documents.anysense", encoders=["tiny"])
    assert opened(store).run("red")["documents"] == []
    store.close()


def test_a_retriever_of_nothing_says_so_when_it_is_used(tmp_path: Path) -> None:
    retriever = AnysenseRetriever(tmp_path / "no.anysense")
    with pytest.raises(CollectionNotFoundError):
        retriever.warm_up()


# In pipelines


def rag(retriever: AnysenseRetriever) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("retriever", retriever)
    pipeline.add_component("prompt", PromptBuilder(TEMPLATE, required_variables="*"))
    pipeline.add_component("generator", Echo())
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt", "generator")
    return pipeline


QUESTION = {"retriever": {"query": "red boat"}, "prompt": {"question": "Which boat is red?"}}


@pytest.mark.parametrize("of_a_store", [False, True])
def test_a_pipeline_is_written_down_and_answers_the_same(
    path: Path, of_a_store: bool, opened: Opened
) -> None:
    source: Any = AnysenseDocumentStore(path) if of_a_store else path
    retriever = opened(source, top_k=2, where={"year": {"$gt": 2000}})
    pipeline = rag(retriever)
    answer = pipeline.run(QUESTION)
    assert "text:red boat: a red boat\ntext:green boat" in answer["generator"]["replies"][0]
    text = pipeline.dumps()
    with pytest.raises(DeserializationError, match="allowlist"):
        Pipeline.loads(text)
    again = Pipeline.loads(text, allowed_modules=[*ALLOWED, __name__])
    assert again.to_dict()["components"] == pipeline.to_dict()["components"]
    assert again.run(QUESTION) == answer
    other: Any = again.get_component("retriever")
    other.close()
    if of_a_store:
        for store in (source, other.source):
            store.close()


def test_documents_are_written_by_a_pipeline(tmp_path: Path) -> None:
    store = AnysenseDocumentStore(tmp_path / "documents.anysense", encoders=["tiny"])
    pipeline = Pipeline()
    pipeline.add_component("writer", DocumentWriter(store))
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=ALLOWED)
    wrote = again.run({"writer": {"documents": [Document(content="red")]}})
    assert wrote == {"writer": {"documents_written": 1}}
    assert store.filter_documents() == [Document(content="red")]
    store.close()


def test_no_match_leads_a_pipeline_elsewhere(path: Path, opened: Opened) -> None:
    routes = [
        {
            "condition": f"{{{{ {'not ' * found}no_match }}}}",
            "output": "{{ documents }}",
            "output_name": name,
            "output_type": list[Document],
        }
        for name, found in (("found", True), ("none", False))
    ]
    pipeline = Pipeline()
    pipeline.add_component("retriever", opened(path))
    pipeline.add_component("router", ConditionalRouter(routes))  # type: ignore[arg-type]
    pipeline.connect("retriever.documents", "router.documents")
    pipeline.connect("retriever.no_match", "router.no_match")
    assert list(pipeline.run({"retriever": {"query": "red"}})["router"]) == ["found"]


def test_a_pipeline_may_wait_for_several_at_once(path: Path, opened: Opened) -> None:
    pipeline = Pipeline()
    for name in ("one", "two"):
        pipeline.add_component(name, opened(path, top_k=1))
    asked = {"one": {"query": "red boat"}, "two": {"query": "low"}}
    found = asyncio.run(pipeline.run_async(asked))
    assert found["one"]["documents"][0].id == "red boat"
    assert found["two"]["documents"][0].meta["anysense"]["kind"] == "audio"


def test_a_key_is_named_and_not_written_down(path: Path) -> None:
    key = Secret.from_env_var("ANYSENSE_KEY")
    retriever = AnysenseRetriever("http://localhost:1", api_key=key, collection="notes", timeout=5)
    data = retriever.to_dict()
    assert data["init_parameters"]["api_key"]["env_vars"] == ["ANYSENSE_KEY"]
    again = AnysenseRetriever.from_dict(data)
    assert again.to_dict() == retriever.to_dict()
    assert again.api_key == key
    with pytest.raises(ValueError, match="Cannot serialize token"):
        AnysenseRetriever(path, api_key=Secret.from_token("x")).to_dict()


def test_only_places_are_written_down(path: Path) -> None:
    with Collection.open(path) as collection:
        data = AnysenseRetriever(collection).to_dict()
        assert data["init_parameters"]["source"] == str(path)
    with Client("http://localhost:1") as client, pytest.raises(SerializationError, match="Client"):
        AnysenseRetriever(client).to_dict()  # type: ignore[arg-type]


def test_a_service_is_searched_as_a_collection_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    key = "a-key-of-at-least-sixteen"
    monkeypatch.setenv("ANYSENSE_KEY", key)
    there = {"where": {"anysense": "mine"}, "with_media": True}
    with (
        Collection.open(path) as collection,
        listening(collection, Settings(api_key=key)) as (url, _),
    ):
        here = rag(opened(collection, **there)).run(QUESTION)
        secret = Secret.from_env_var("ANYSENSE_KEY")
        remote = rag(opened(url, api_key=secret, **there))
        again = Pipeline.loads(remote.dumps(), allowed_modules=[*ALLOWED, __name__])
        assert again.run(QUESTION) == remote.run(QUESTION) == here
        again.get_component("retriever").close()  # type: ignore[attr-defined]
        found = opened(url, api_key=secret, with_media=True).run("red", top_k=20)
        blobs = [document.blob for document in found["documents"] if document.blob]
        assert {blob.mime_type for blob in blobs} == {"image/jpeg", "audio/wav"}
        with pytest.raises(AccessError):
            opened(url).run("red")
