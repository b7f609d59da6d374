"""The standard suites of LangChain, for the retriever, the embeddings, the store and the tool."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    ToolsIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests, ToolsUnitTests
from standard_suites import with_async_tests

from anysense import Client
from anysense.adapters.langchain import (
    AnysenseEmbeddings,
    AnysenseRetriever,
    AnysenseTool,
    AnysenseVectorStore,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from langchain_core.vectorstores import VectorStore

    from anysense import Collection


class OfCollection:
    """What the suites of something that searches have in common."""

    @pytest.fixture(autouse=True)
    def _hold(self, collection: Collection) -> None:
        self.collection = collection


class TestRetriever(OfCollection, with_async_tests(RetrieversIntegrationTests)):  # type: ignore[misc]
    @property
    def retriever_constructor(self) -> type[AnysenseRetriever]:
        return AnysenseRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"source": self.collection}

    @property
    def retriever_query_example(self) -> str:
        return "something red"


class TestRetrieverOfService(with_async_tests(RetrieversIntegrationTests)):  # type: ignore[misc]
    @pytest.fixture(autouse=True)
    def _hold(self, address: str) -> Iterator[None]:
        with Client(address) as self.client:
            yield

    @property
    def retriever_constructor(self) -> type[AnysenseRetriever]:
        return AnysenseRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"source": self.client}

    @property
    def retriever_query_example(self) -> str:
        return "something red"


class TestVectorStore(with_async_tests(VectorStoreIntegrationTests)):  # type: ignore[misc]
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:
        store = AnysenseVectorStore(tmp_path / "store", AnysenseEmbeddings("tiny"))
        yield store
        store.close()


class TestEmbeddings(with_async_tests(EmbeddingsIntegrationTests)):  # type: ignore[misc]
    @property
    def embeddings_class(self) -> type[AnysenseEmbeddings]:
        return AnysenseEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "tiny"}


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[AnysenseEmbeddings]:
        return AnysenseEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "tiny"}


class OfTool(OfCollection):
    @property
    def tool_constructor(self) -> type[AnysenseTool]:
        return AnysenseTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"retriever": AnysenseRetriever(source=self.collection)}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": "something red", "k": 2, "modalities": ["image"]}


class TestTool(OfTool, with_async_tests(ToolsIntegrationTests)):  # type: ignore[misc]
    pass


class TestToolUnit(OfTool, ToolsUnitTests):
    pass


ASYNCHRONOUS = [
    (TestRetriever, 1),
    (TestRetrieverOfService, 1),
    (TestVectorStore, 12),
    (TestEmbeddings, 2),
    (TestTool, 2),
]


@pytest.mark.parametrize(("suite", "number"), ASYNCHRONOUS)
def test_the_asynchronous_tests_of_a_suite_run(suite: type, number: int) -> None:
    tests = [test for _, test in inspect.getmembers(suite, inspect.iscoroutinefunction)]
    marked = [test for test in tests if "asyncio" in {mark.name for mark in test.pytestmark}]
    assert len(marked) == len(tests) >= number
