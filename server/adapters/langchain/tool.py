"""A tool for agents of LangChain: a search, whose answer says where everything is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.tools import BaseTool, ToolException
from pydantic import BaseModel, Field

from anysense.adapters.langchain.blocks import blocks_of, told
from anysense.adapters.langchain.retriever import AnysenseRetriever, ModalityName
from anysense.embed.errors import AnysenseError

if TYPE_CHECKING:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForToolRun,
        CallbackManagerForToolRun,
    )
    from langchain_core.documents import Document

__all__ = ["AnysenseTool"]

CHANCE = "None of these stands out from what chance alone would find."


class SearchArguments(BaseModel):
    """What a model may ask."""

    query: str = Field(description="what to look for, in words")
    k: int | None = Field(default=None, ge=1, le=50, description="how many results at most")
    modalities: list[ModalityName] | None = Field(
        default=None, description="only what is found as text, as image or as audio"
    )
    where: str | None = Field(
        default=None,
        description="a filter over metadata, such as: year >= 2020 and kind = 'image'",
    )


def in_a_sentence(error: Any) -> str:
    """What is wrong with the arguments of a call, of which a model is told."""
    problems = (
        f"{'.'.join(map(str, problem['loc'])) or 'the arguments'}: {problem['msg'].rstrip('.')}"
        for problem in error.errors()
    )
    return f"{'; '.join(problems)}."


class AnysenseTool(BaseTool):
    """Lets an agent search; its answer is a numbered list, and its artifact the documents.

    >>> tool = AnysenseTool(retriever=AnysenseRetriever(source="my.anysense"))
    >>> tool.invoke({"query": "waves on a beach", "modalities": ["image"]})

    What a model asks wrongly, such as a filter that cannot be read or a number of hits that is too
    large, it is told in one sentence (`handle_tool_error`, `handle_validation_error`).

    Attributes:
        retriever: what is asked.
        picture_bytes: the most bytes of pictures that the answer also has, as content blocks, for
            models that see what tools answer; none if 0. LangChain takes no sounds there.
    """

    name: str = "search_media"
    description: str = (
        "Finds texts, pictures and sounds by what they say, show or sound like, the best first."
    )
    args_schema: type[BaseModel] = SearchArguments
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    handle_validation_error: Any = in_a_sentence
    retriever: AnysenseRetriever
    picture_bytes: int = Field(default=0, ge=0)

    def _run(
        self,
        query: str,
        k: int | None = None,
        modalities: list[ModalityName] | None = None,
        where: str | None = None,
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> tuple[str | list[Any], list[Document]]:
        config: Any = {"callbacks": run_manager.get_child() if run_manager else None}
        options: dict[str, Any] = {"k": k, "modalities": modalities, "where": where}
        try:
            documents = self.retriever.invoke(query, config, **options)
        except AnysenseError as error:
            raise ToolException(str(error)) from error
        return self._told(documents), documents

    async def _arun(
        self,
        query: str,
        k: int | None = None,
        modalities: list[ModalityName] | None = None,
        where: str | None = None,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
    ) -> tuple[str | list[Any], list[Document]]:
        config: Any = {"callbacks": run_manager.get_child() if run_manager else None}
        options: dict[str, Any] = {"k": k, "modalities": modalities, "where": where}
        try:
            documents = await self.retriever.ainvoke(query, config, **options)
        except AnysenseError as error:
            raise ToolException(str(error)) from error
        return await asyncio.to_thread(self._told, documents), documents  # it may read files

    def _told(self, documents: list[Document]) -> str | list[Any]:
        """Documents, each with its number and where it is, and a remark where all may be chance."""
        if not documents:
            return "Nothing was found."
        remarks = [CHANCE] if documents[0].metadata["no_match"] else []
        if not self.picture_bytes:
            texts = [told(number, document) for number, document in enumerate(documents, 1)]
            return "\n\n".join([*remarks, *texts])
        reader = self.retriever.reader
        blocks = blocks_of(documents, reader, self.picture_bytes, hears=False)
        return [*({"type": "text", "text": remark} for remark in remarks), *blocks]
