"""The groups of addresses, and what operations are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

__all__ = ["SUMMARY", "TAGS", "operation_id"]

SUMMARY = """Search texts, pictures and sounds by texts, pictures and sounds.

Every address of a collection is there twice: as `/v1/...` for the first collection that is served,
and as `/v1/collections/{collection}/...` for any of them by its name. Every address that has `GET`
has `HEAD` too, and `OPTIONS` tells the methods of each. All errors have one shape, with a `code`
for programs, and every answer has an `X-Request-Id`, by which the log of the service knows it.
"""

TAGS = [
    {"name": "search", "description": "Find items by text, image, sound, or several of them."},
    {"name": "items", "description": "Add, list, show, change and remove items."},
    {"name": "media", "description": "The files of items, small pictures and curves of them."},
    {"name": "jobs", "description": "What is being added after its answer."},
    {"name": "embeddings", "description": "Vectors of texts, images and sounds; the encoders."},
    {"name": "collections", "description": "The collections that are served."},
    {"name": "service", "description": "How the service is: for probes, and for Prometheus."},
]

OF_A_NAME = "/v1/collections/{collection}/"


def operation_id(route: APIRoute) -> str:
    """What an operation is called, in clients that are generated too: `get_item_in_collection`."""
    return f"{route.name}_in_collection" if route.path.startswith(OF_A_NAME) else route.name
