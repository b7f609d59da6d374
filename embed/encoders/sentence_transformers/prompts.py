"""What a model is told beside a content: whether it is a query or a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DOCUMENT", "QUERY", "Task", "tasks"]

_DOCUMENT_PROMPTS = ("document", "passage", "corpus")


@dataclass(frozen=True)
class Task:
    """How a content is to be taken.

    Attributes:
        name: as sentence-transformers calls it: ``document`` or ``query``.
        prompt: what goes before a text, or to models that chat as the system's message.
    """

    name: str
    prompt: str


DOCUMENT = "document"
QUERY = "query"


def tasks(own: Mapping[str, str]) -> dict[str, Task]:
    """The two tasks with the prompts that `encode_document` and `encode_query` are to take.

    The library adds an empty prompt named ``document`` to every model and so never comes to those
    called ``passage`` or ``corpus``, which its documentation names next: here they are taken. None
    is taken by default for another, as in both of its methods.

    Args:
        own: the prompts that the model's own files name.
    """
    named = [own[name] for name in _DOCUMENT_PROMPTS if name in own]
    return {
        DOCUMENT: Task(DOCUMENT, named[0] if named else ""),
        QUERY: Task(QUERY, own.get("query", "")),
    }
