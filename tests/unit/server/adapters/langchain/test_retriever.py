from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tracers import BaseTracer
from live_server import listening
from pydantic import SecretStr, ValidationError

from anysense import Client, Collection, NewItem, Retriever
from anysense.adapters.langchain import AnysenseRetriever
from anysense.embed.errors import CollectionNotFoundError, FilterError, MediaError, UsageError
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def retriever(collection: Collection) -> AnysenseRetriever:
    return AnysenseRetriever(source=collection, k=3)


def items(documents: list[Document]) -> list[str]:
    return [document.metadata["item"] for document in documents]


def block(path: Path, kind: str) -> dict[str, Any]:
    data = b64encode(path.read_bytes()).decode()
    return {"type": kind, "base64": data, "mime_type": f"{kind}/x"}


def test_documents_say_what_was_found_and_where(retriever: AnysenseRetriever) -> None:
    [low] = retriever.invoke("low", modalities=["audio"], k=1)
    assert low.id == "low#seconds=0-1"
    assert low.page_content == "low.wav"
    facts = low.metadata
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["kind"], facts["modality"], facts["route"]) == ("audio", "audio", "words")
    assert (facts["start"], facts["end"], facts["unit"]) == (0.0, 1.0, "seconds")
    assert (facts["uri"], facts["year"], facts["mime_type"]) == (
        "anysense://item/low",
        2023,
        "audio/x-wav",
    )
    assert facts["source"].endswith("low.wav")
    assert facts["score"] > 1
    assert facts["no_match"] is False
    [note] = retriever.invoke("a green note", modalities=["text"], k=1)
    assert (note.id, note.page_content) == ("note#characters=0-12", "a green note")
    assert Document.model_validate_json(note.model_dump_json()) == note


def test_arguments_of_a_call_come_before_those_of_the_retriever(
    collection: Collection,
) -> None:
    retriever = AnysenseRetriever(
        source=collection, k=1, modalities=["image"], where={"year": {"$gt": 2020}}
    )
    assert items(retriever.invoke("green")) == ["green"]
    assert items(retriever.invoke("low", modalities=["audio"])) == ["low"]
    assert items(retriever.invoke("green", where="id = 'blue'")) == ["blue"]
    assert len(retriever.invoke("green", k=2)) == 2
    assert retriever.invoke("green", min_score=9.0) == []
    assert "red" not in items(retriever.invoke("red", k=10))
    each = AnysenseRetriever(source=collection, search_options={"per_modality_k": 1})
    found = each.invoke("red")
    assert len({document.metadata["modality"] for document in found}) == len(found) == 3


def test_a_query_is_a_picture_a_sound_or_several(retriever: AnysenseRetriever, media: Path) -> None:
    picture, sound = block(media / "green.png", "image"), block(media / "low.wav", "audio")
    assert items(retriever.invoke([picture], modalities=["image"], k=1)) == ["green"]
    assert items(retriever.invoke(HumanMessage([sound]), modalities=["audio"], k=1)) == ["low"]
    both = items(retriever.invoke([picture, sound], modalities=["image", "audio"], k=2))
    assert sorted(both) == ["green", "low"]
    like = [{"type": "image", "url": "anysense://item/red"}]
    assert "red" not in items(retriever.invoke(like, k=10))


def test_files_are_read_below_a_folder_alone(
    retriever: AnysenseRetriever, collection: Collection, media: Path
) -> None:
    asked = [{"type": "image", "url": (media / "blue.png").as_uri()}]
    with pytest.raises(UsageError, match="give files="):
        retriever.invoke(asked)
    retriever = AnysenseRetriever(source=collection, k=1, modalities=["image"], files=media)
    assert items(retriever.invoke(asked)) == ["blue"]
    with pytest.raises(MediaError, match=r"low\.wav"):
        retriever.invoke([{"type": "image", "file_id": "low.wav"}])


def test_what_is_wrong_is_told_in_anysense_words(retriever: AnysenseRetriever) -> None:
    with pytest.raises(FilterError, match="cannot be read"):
        retriever.invoke("red", where="year >")
    with pytest.raises(UsageError, match="k is a whole number"):
        retriever.invoke("red", k=0)
    with pytest.raises(TypeError, match="unknown"):
        retriever.invoke("red", unknown=1)
    with pytest.raises(ValidationError, match="modalities"):
        AnysenseRetriever(source=retriever.source, modalities=["video"])  # type: ignore[list-item]
    with pytest.raises(ValidationError, match="top_k"):
        AnysenseRetriever(source=retriever.source, top_k=3)  # type: ignore[call-arg]


def test_nothing_comes_of_chance_where_only_matches_are_wanted(collection: Collection) -> None:
    asked = "unheard"
    documents = AnysenseRetriever(source=collection).invoke(asked)
    assert [document.metadata["no_match"] for document in documents] == [True] * 6
    assert AnysenseRetriever(source=collection, only_matches=True).invoke(asked) == []
    picky = AnysenseRetriever(source=collection, only_matches=True, modalities=["audio"])
    assert items(picky.invoke("low")) == ["low", "high"]


def test_all_segments_become_documents(collection: Collection) -> None:
    collection.add([NewItem("red " * 60, id="long", metadata={"page_content": "red"})])
    options: dict[str, Any] = {"source": collection, "where": "id = 'long'"}
    [best] = AnysenseRetriever(**options).invoke("red")
    every = AnysenseRetriever(**options, all_segments=True).invoke("red")
    assert every[0] == best
    assert {document.id for document in every} == {
        f"long#characters={80 * n}-{80 * n + 79}" for n in range(3)
    }
    assert items(every) == ["long"] * 3
    assert "page_content" not in best.metadata


def test_sources_are_paths_services_clients_and_retrievers_too(
    collection: Collection, address: str, media: Path
) -> None:
    with Client(address) as client, Retriever(collection) as own:
        for source in (own, collection.path, str(collection.path), address, client):
            retriever = AnysenseRetriever(source=source, k=1, files=media, modalities=["image"])
            assert items(retriever.invoke("red")) == ["red"], source
            asked = ["a blue", {"type": "image", "file_id": "blue.png"}]
            assert items(retriever.invoke(asked)) == ["blue"], source
            [picture] = retriever.content_blocks(retriever.invoke("red"))[1:]
            assert picture["type"] == "image"
            retriever.close()
        assert len(own.retrieve("red")) == len(client.search("red")) == 6  # they stay open


def test_what_cannot_be_opened_is_told_at_once(tmp_path: Path, collection: Collection) -> None:
    with pytest.raises(CollectionNotFoundError):
        AnysenseRetriever(source=tmp_path / "none")
    for source in (tmp_path / "none", Retriever(collection)):
        with pytest.raises(UsageError, match="go with the address of a service"):
            AnysenseRetriever(source=source, collection="photos")


@pytest.mark.asyncio
async def test_services_are_searched_asynchronously(address: str) -> None:
    retriever = AnysenseRetriever(source=address, k=1, modalities=["audio"])
    found = await retriever.ainvoke("low")
    assert items(found) == ["low"]
    assert await retriever.acontent_blocks(found) != []
    retriever.close()


def test_a_key_is_sent_and_not_shown(collection: Collection) -> None:
    with listening(collection, Settings(api_key=SecretStr("a-key-for-tests"))) as (url, _):
        retriever = AnysenseRetriever(source=url, api_key=SecretStr("a-key-for-tests"))
        assert len(retriever.invoke("red")) == 6
        assert "a-key-for-tests" not in repr(retriever)
        assert "a-key-for-tests" not in retriever.model_dump_json()
        retriever.close()


class Notes(BaseTracer):
    """Keeps the runs that it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Any, Any]] = []

    def _persist_run(self, run: Any) -> None:
        self.found.append((run.inputs, run.outputs))


@pytest.mark.asyncio
async def test_it_is_part_of_chains_and_tells_who_listens(
    retriever: AnysenseRetriever, media: Path
) -> None:
    prompt = ChatPromptTemplate.from_template("{context}: {question}")
    chain = {"context": retriever, "question": RunnablePassthrough()} | prompt
    assert "low.wav" in chain.invoke("low").to_string()
    assert "low.wav" in (await chain.ainvoke("low")).to_string()
    assert [items(found)[0] for found in retriever.batch(["red", "low"])] == ["red", "low"]
    notes = Notes()
    asked = [block(media / "red.png", "image")]
    found = await retriever.ainvoke(asked, {"callbacks": [notes]}, k=1)
    assert found == retriever.invoke(asked, {"callbacks": [notes]}, k=1)
    assert [told["query"] for told, _ in notes.found] == [asked, asked]
    assert [len(documents["documents"]) for _, documents in notes.found] == [1, 1]
