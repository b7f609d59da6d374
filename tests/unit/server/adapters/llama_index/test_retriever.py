from __future__ import annotations

import io
import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
import soundfile
from llama_index.core import Settings
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ImageBlock,
    LLMMetadata,
    TextBlock,
)
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import MetadataMode, Node, QueryBundle
from llama_index.core.tools import RetrieverTool
from PIL import Image

from anysense import Client, Collection, NewItem, Retriever
from anysense.adapters.llama_index import AnysenseRetriever, FoundNode
from anysense.errors import CollectionNotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llama_index.core.schema import NodeWithScore

    from anysense.adapters.llama_index.nodes import Media


@pytest.fixture
def retriever(collection: Collection) -> AnysenseRetriever:
    return AnysenseRetriever(collection, k=3)


def items(nodes: list[NodeWithScore]) -> list[Any]:
    return [node.node.ref_doc_id for node in nodes]


def only(found: list[NodeWithScore]) -> Node:
    [scored] = found
    assert isinstance(scored.node, Node)
    return scored.node


def test_a_text_is_a_node_with_its_facts(collection: Collection) -> None:
    retriever = AnysenseRetriever(collection, k=1, modalities=["text"])
    [found] = retriever.retrieve("a green note")
    node = only([found])
    assert (node.id_, node.ref_doc_id) == ("note#characters=0-12", "note")
    assert node.text_resource is not None
    assert node.text_resource.text == found.text == found.get_text() == "a green note"
    assert node.image_resource is node.audio_resource is None
    assert found.score == node.metadata["score"] > 1
    assert json.loads(json.dumps(node.metadata)) == node.metadata
    assert (node.metadata["year"], node.metadata["uri"]) == (2025, "anysense://item/note")


def test_a_model_reads_where_it_is_and_nothing_else(collection: Collection, media: Path) -> None:
    retriever = AnysenseRetriever(collection, k=1, modalities=["text"])
    node = only(retriever.retrieve("a green note"))
    assert sorted(node.get_content(MetadataMode.LLM).splitlines()) == [
        "",
        "a green note",
        "end: 12.0",
        "kind: text",
        f"source: {(media / 'note.txt').resolve()}",
        "start: 0.0",
        "unit: characters",
        "year: 2025",
    ]
    assert node.get_content(MetadataMode.EMBED) == "year: 2025\n\na green note"


def test_media_are_given_by_their_paths(collection: Collection, media: Path) -> None:
    node = only(AnysenseRetriever(collection, k=1, modalities=["image"]).retrieve("red"))
    assert node.image_resource is not None
    assert (node.image_resource.path, node.image_resource.data) == (
        (media / "red.png").resolve(),
        None,
    )
    assert (node.image_resource.mimetype, node.get_content()) == ("image/png", "red.png")
    text, picture = node.get_content_blocks()
    assert isinstance(text, TextBlock)
    assert isinstance(picture, ImageBlock)
    assert picture.resolve_image().read() == (media / "red.png").read_bytes()
    node = only(AnysenseRetriever(collection, k=1, modalities=["audio"]).retrieve("low"))
    assert node.audio_resource is not None
    assert node.audio_resource.path == (media / "low.wav").resolve()
    assert isinstance(node.get_content_blocks()[1], AudioBlock)


def test_media_are_given_as_data_that_models_take(collection: Collection) -> None:
    retriever = AnysenseRetriever(collection, k=1, modalities=["image"], media="data")
    resource = only(retriever.retrieve("red")).image_resource
    assert resource is not None
    assert (resource.path, resource.mimetype) == (None, "image/jpeg")
    assert Image.open(io.BytesIO(b64decode(resource.data or b""))).size == (24, 24)
    retriever = AnysenseRetriever(collection, k=1, modalities=["audio"], media="data")
    resource = only(retriever.retrieve("high")).audio_resource
    assert resource is not None
    sound = soundfile.info(io.BytesIO(b64decode(resource.data or b"")))
    assert sound.duration == pytest.approx(10.0, abs=0.01)  # those that matched, of 25
    retriever = AnysenseRetriever(collection, k=1, modalities=["audio"], media="none")
    assert only(retriever.retrieve("high")).audio_resource is None


def test_a_page_is_always_data(collection: Collection, document: str) -> None:
    where = {"id": document}
    node = only(AnysenseRetriever(collection, modalities=["image"], where=where).retrieve("red"))
    assert node.id_ == "lamp#pages=2-3"
    assert node.image_resource is not None
    assert (node.image_resource.path, node.image_resource.mimetype) == (None, "image/jpeg")
    node = only(AnysenseRetriever(collection, modalities=["text"], where=where).retrieve("dark"))
    assert (node.image_resource, node.get_content()) == (None, "a dark word")


def test_what_is_gone_is_left_out_and_said(collection: Collection, media: Path) -> None:
    (media / "red.png").unlink()
    node = only(AnysenseRetriever(collection, k=1, modalities=["image"]).retrieve("red"))
    assert node.image_resource is None
    assert node.metadata["left_out"] in node.get_content(MetadataMode.LLM)


def test_nodes_of_a_service_have_data_never_paths(address: str, collection: Collection) -> None:
    with Client(address) as client, Retriever(collection) as own:
        for source in (own, collection.path, str(collection.path), address, client):
            retriever = AnysenseRetriever(source, k=1, modalities=["image"])
            node = only(retriever.retrieve("red"))
            assert node.ref_doc_id == "red"
            assert node.image_resource is not None
            is_here = source not in (address, client)
            assert (node.image_resource.path is not None) is is_here
            assert (node.image_resource.data is None) is is_here
            retriever.close()
        assert len(own.retrieve("red")) == len(client.search("red")) == 6  # they stay open


def test_what_is_wrong_is_told_at_once(tmp_path: Path, collection: Collection) -> None:
    with pytest.raises(UsageError, match="media is one of path, data, none, not url"):
        AnysenseRetriever(collection, media="url")  # type: ignore[arg-type]
    with pytest.raises(CollectionNotFoundError):
        AnysenseRetriever(tmp_path / "none")


def test_queries_are_bundles(retriever: AnysenseRetriever, media: Path) -> None:
    collection = Collection.open(retriever_path(media))
    with_files = AnysenseRetriever(collection, k=1, modalities=["image"], files=media)
    assert items(with_files.retrieve(QueryBundle("", image_path="green.png"))) == ["green"]
    path = str(media / "green.png")
    assert items(with_files.retrieve(QueryBundle("a green", image_path=path))) == ["green"]
    with pytest.raises(UsageError, match="give files="):
        retriever.retrieve(QueryBundle("", image_path=path))
    with pytest.raises(UsageError, match="lies outside of"):
        with_files.retrieve(QueryBundle("", image_path="/etc/passwd"))
    with pytest.raises(UsageError, match="1 to 32 terms"):
        retriever.retrieve(QueryBundle(""))
    hypothetical = QueryBundle("what?", custom_embedding_strs=["red", "a red"])
    assert items(with_files.retrieve(hypothetical)) == ["red"]
    of_another_model = QueryBundle("red", embedding=[1.0, 2.0])
    assert items(with_files.retrieve(of_another_model)) == ["red"]
    collection.close()


def retriever_path(media: Path) -> Path:
    return media.parent / "c"


def test_options_are_those_of_anysense(collection: Collection) -> None:
    where = {"year": {"$gt": 2020}}
    found = AnysenseRetriever(collection, where=where).retrieve("red")
    assert "red" not in items(found)
    assert len(found) == 5
    each = AnysenseRetriever(collection, search_options={"per_modality_k": 1}).retrieve("red")
    assert len({node.metadata["modality"] for node in each}) == len(each) == 3
    assert AnysenseRetriever(collection, min_score=9.0).retrieve("red") == []
    assert AnysenseRetriever(collection, only_matches=True).retrieve("unheard") == []
    found = AnysenseRetriever(collection).retrieve("unheard")
    assert [node.metadata["no_match"] for node in found] == [True] * 6


def test_all_segments_become_nodes_with_ids_of_their_own(collection: Collection) -> None:
    collection.add([NewItem("red " * 60, id="long")])
    options: dict[str, Any] = {"where": "id = 'long'"}
    assert len(AnysenseRetriever(collection, **options).retrieve("red")) == 1
    found = AnysenseRetriever(collection, **options, all_segments=True).retrieve("red")
    assert {node.node_id for node in found} == {
        f"long#characters={80 * n}-{80 * n + 79}" for n in range(3)
    }
    assert items(found) == ["long"] * 3


@pytest.mark.asyncio
async def test_it_works_asynchronously(collection: Collection, address: str) -> None:
    for source in (collection, address):
        retriever = AnysenseRetriever(source, k=2)
        found, expected = await retriever.aretrieve("low"), retriever.retrieve("low")
        assert found == expected
        retriever.close()


@pytest.fixture
def _untouched() -> Any:
    """The global settings of LlamaIndex are nobody's business here."""
    before = (Settings._llm, Settings._embed_model, Settings._callback_manager)  # what was set
    yield
    assert (Settings._llm, Settings._embed_model) == before[:2]  # and not what is made when asked


@pytest.mark.usefixtures("_untouched")
@pytest.mark.parametrize(
    "mode", [ResponseMode.COMPACT, ResponseMode.REFINE, ResponseMode.TREE_SUMMARIZE]
)
def test_a_query_engine_answers_from_it(retriever: AnysenseRetriever, mode: ResponseMode) -> None:
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM(), response_mode=mode)
    response = engine.query("low")
    assert "low.wav" in str(response)
    assert items(response.source_nodes)[0] == "low"
    assert response.source_nodes[0].text == "low.wav"


class Eyes(MockLLM):
    """A model for chats that remembers the kinds of the blocks that it was shown."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True)

    def chat(self, messages: Sequence[ChatMessage], **options: Any) -> Any:
        SHOWN.extend(block.block_type for message in messages for block in message.blocks)
        return super().chat(messages, **options)


SHOWN: list[str] = []


@pytest.mark.parametrize("way", ["path", "data"])
def test_a_query_engine_shows_pictures_and_sounds(collection: Collection, way: Media) -> None:
    SHOWN.clear()
    retriever = AnysenseRetriever(collection, modalities=["image", "audio"], k=5, media=way)
    synthesizer = get_response_synthesizer(
        llm=Eyes(), multimodal=True, response_mode=ResponseMode.TREE_SUMMARIZE
    )
    RetrieverQueryEngine(retriever, synthesizer).query("red low")
    assert (SHOWN.count("image"), SHOWN.count("audio")) == (3, 2)


@pytest.mark.usefixtures("_untouched")
@pytest.mark.asyncio
async def test_a_query_engine_answers_asynchronously(retriever: AnysenseRetriever) -> None:
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM())
    assert "low.wav" in str(await engine.aquery("low"))


def test_other_parts_of_llama_index_take_its_nodes(collection: Collection) -> None:
    retriever = AnysenseRetriever(collection, k=6)
    found = retriever.retrieve("low")
    kept = SimilarityPostprocessor(similarity_cutoff=found[0].score).postprocess_nodes(found)
    assert [node.node_id for node in kept] == [found[0].node_id]
    fusion = QueryFusionRetriever(
        [retriever, AnysenseRetriever(collection, k=2)], llm=MockLLM(), num_queries=1
    )
    fused = fusion.retrieve("low")
    assert len({node.node_id for node in fused}) == len(fused)
    answer = RetrieverTool.from_defaults(retriever).call("low")
    assert "low.wav" in answer.content
    engine = CitationQueryEngine.from_args(None, llm=MockLLM(), retriever=retriever)  # type: ignore[arg-type]
    assert "low.wav" in str(engine.query("low"))


def test_nodes_outlive_json(retriever: AnysenseRetriever) -> None:
    [first, *_] = retriever.retrieve("low")
    assert isinstance(first, FoundNode)
    again = Node.from_json(first.node.to_json())
    assert again == first.node
    assert again.hash == first.node.hash
