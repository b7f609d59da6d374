from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import create_retriever_tool

from anysense.adapters.langchain import AnysenseRetriever, AnysenseTool

if TYPE_CHECKING:
    from anysense import Collection


@pytest.fixture
def tool(collection: Collection) -> AnysenseTool:
    return AnysenseTool(retriever=AnysenseRetriever(source=collection))


def called(tool: AnysenseTool, **arguments: Any) -> ToolMessage:
    message = tool.invoke({"name": tool.name, "args": arguments, "id": "1", "type": "tool_call"})
    assert isinstance(message, ToolMessage)
    return message


def test_the_answer_says_what_was_found_and_where(
    tool: AnysenseTool, collection: Collection
) -> None:
    message = called(tool, query="low", k=2, modalities=["audio"])
    folder = collection.path.parent.resolve() / "media"
    assert isinstance(message.content, str)
    low, high = message.content.split("\n\n")
    score = message.artifact[0].metadata["score"]
    assert low == f"[1] {folder}/low.wav, 0:00-0:01 (audio, score {score:.2f})\nlow.wav"
    assert high.startswith(f"[2] {folder}/high.wav, 0:")
    assert [document.metadata["item"] for document in message.artifact] == ["low", "high"]


def test_a_model_may_filter(tool: AnysenseTool) -> None:
    message = called(tool, query="red", where="kind = 'image' and year >= 2021")
    found = {document.metadata["item"] for document in message.artifact}
    assert found == {"green", "blue"}
    assert called(tool, query="red", where="year = 1").content == "Nothing was found."


def test_a_model_is_told_of_chance(tool: AnysenseTool) -> None:
    content = called(tool, query="unheard").content
    assert isinstance(content, str)
    assert content.startswith("None of these stands out from what chance alone would find.\n\n[1] ")


def test_a_model_may_see(tool: AnysenseTool) -> None:
    tool = AnysenseTool(retriever=tool.retriever, picture_bytes=1_000_000)
    content = called(tool, query="unheard", k=1, modalities=["image"]).content
    assert [kind_of(block) for block in content] == ["text", "text", "image"]
    content = called(tool, query="low", k=1, modalities=["audio"]).content
    assert [kind_of(block) for block in content] == ["text"]
    assert "(Its sound is left out: sounds cannot be given here.)" in str(content[0])
    assert called(tool, query="red", where="year = 1").content == "Nothing was found."


def kind_of(block: Any) -> str:
    return str(block["type"])


def test_a_model_is_told_what_it_asked_wrongly(tool: AnysenseTool) -> None:
    message = called(tool, query="red", where="year >")
    assert message.status == "error"
    assert str(message.content).startswith("The filter 'year >' cannot be read at character 7")


@pytest.mark.asyncio
async def test_it_works_asynchronously(tool: AnysenseTool) -> None:
    asked = {"query": "low", "k": 1}
    assert await tool.ainvoke(asked) == tool.invoke(asked)
    told = await tool.ainvoke({"query": "red", "where": "year >"})
    assert told.startswith("The filter 'year >' cannot be read")


def test_the_schema_tells_a_model_what_it_may_ask(tool: AnysenseTool) -> None:
    fields = tool.args
    assert set(fields) == {"query", "k", "modalities", "where"}
    assert all(field["description"] for field in fields.values())


def test_the_retriever_serves_the_tool_of_langchain_too(tool: AnysenseTool) -> None:
    other = create_retriever_tool(tool.retriever, "search", "Searches.")
    assert "a green note" in other.invoke({"query": "a green note"})
