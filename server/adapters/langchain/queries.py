"""What LangChain asks with: a text, a message, or content blocks, which combine into one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.messages import BaseMessage, HumanMessage

from anysense import Modality, Term
from anysense.adapters.payloads import addressed, decoded
from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LangChainQuery", "terms_of"]

LangChainQuery: TypeAlias = str | BaseMessage | Sequence[str | Mapping[str, Any]]

MEDIA = {"image": Modality.IMAGE, "audio": Modality.AUDIO}
WAYS = ("base64", "url", "file_id")


def terms_of(query: LangChainQuery, files: Path | None = None) -> list[Term]:
    """The terms of a query.

    Args:
        query: a text; or a message, or a list of content blocks, of texts, pictures and sounds.
        files: the folder that files of it may lie in; none is read if it is None.

    Raises:
        UsageError: a block is something else, or names what is not read.
        MediaTooLargeError: a picture or a sound is too large for a query.
    """
    if isinstance(query, str):
        return [_words(query)]
    if not isinstance(query, BaseMessage):
        query = HumanMessage([part if isinstance(part, str) else dict(part) for part in query])
    # The message turns the blocks of other forms, as of OpenAI and Anthropic, into the standard's.
    return [_term(dict(block), files) for block in query.content_blocks]


def _words(text: str) -> Term:
    """Words are never a path, whatever there is on the disk."""
    return Term(text, modality=Modality.TEXT)


def _term(block: Mapping[str, Any], files: Path | None) -> Term:
    kind = block.get("type")
    if kind == "text":
        return _words(block.get("text") or "")
    if kind not in MEDIA:
        kind = block["value"].get("type", "no") if kind == "non_standard" else kind
        raise UsageError(f"A query is made of text, image and audio blocks, not of {kind} blocks.")
    given = [way for way in WAYS if block.get(way)]
    if len(given) != 1 or not isinstance(block[given[0]], str):
        raise UsageError(f"A block of {kind} has exactly one of {', '.join(WAYS)}, as a text.")
    value = block[given[0]]
    if given[0] == "base64":
        return Term(decoded(value, f"a block of {kind}"), modality=MEDIA[kind])
    return addressed(value, MEDIA[kind], files)
