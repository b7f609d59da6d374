"""Bodies that may be sent as they are, for each kind of body; a test sends them all."""

from __future__ import annotations

from typing import Any

__all__ = ["EXAMPLES"]

RED_DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///ywAAAAAAQABAAACAkQBADs="
"""The smallest picture: one red pixel."""


SOUND = (
    "RIFF\x64\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0"
    "data\x40\0\0\0" + "Zk@4" * 16
)
"""A sound of 64 samples, of bytes that are letters too."""


def example(summary: str, value: Any) -> dict[str, Any]:
    return {"summary": summary, "value": value}


SEARCHES = {
    "text": example("By a text", {"text": "waves on a beach", "k": 5}),
    "image": example(
        "By a picture, among sounds", {"image": RED_DOT, "modalities": ["audio"], "k": 5}
    ),
    "filter": example(
        "With a filter over metadata", {"text": "a lighthouse", "where": "year >= 2020"}
    ),
    "terms": example(
        "Several terms, one subtracted",
        {"terms": [{"text": "the sea"}, {"text": "people", "weight": -0.5}], "fusion": "rrf"},
    ),
    "few_fields": example(
        "Few fields of each hit",
        {"text": "thunder", "not": "music", "fields": ["id", "score", "metadata.year"]},
    ),
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "SearchRequest": SEARCHES,
    "SearchForm": {
        "text": example(
            "By a text", {"text": "waves on a beach", "modalities": ["image", "audio"], "k": 5}
        ),
        "terms": example(
            "Several terms", {"terms": [{"text": "the sea"}, {"text": "fog"}], "where": "year > 1"}
        ),
    },
    "SearchBatch": {
        "two": example(
            "Two searches",
            {"searches": [{"text": "waves", "k": 3}, {"text": "red", "modalities": ["image"]}]},
        )
    },
    "ExplainRequest": {
        "text": example("Of a search by a text", {"text": "waves on a beach", "id": "note-1"})
    },
    "EmbeddingRequest": {
        "texts": example("Texts", {"input": ["waves on a beach", "a lighthouse in fog"]}),
        "image": example("A picture, in base64", {"input": RED_DOT, "encoding_format": "base64"}),
        "parts": example(
            "A text and a picture as one vector",
            {
                "inputs": [
                    {
                        "content": [
                            {"type": "text", "text": "at dusk"},
                            {"type": "image_url", "image_url": {"url": RED_DOT}},
                        ]
                    }
                ]
            },
        ),
        "messages": example("As vLLM", {"messages": [{"role": "user", "content": "waves"}]}),
    },
    "NewText": {
        "text": example(
            "A text", {"text": "A lighthouse in fog.", "id": "note-1", "metadata": {"year": 2021}}
        ),
        "picture": example("A picture as a data URI", {"url": RED_DOT, "id": "dot"}),
    },
    "UploadForm": {
        "file": example(
            "A file", {"file": "A lighthouse in fog.", "id": "note-2", "metadata": {"year": 2021}}
        )
    },
    "QueryForm": {"sound": example("A sound of 8 ms", {"file": SOUND})},
    "NewMetadata": {
        "merge": example(
            "One value is set, another one removed", {"metadata": {"year": 2022, "draft": None}}
        )
    },
    "BatchRequest": {
        "two": example(
            "A text and a picture",
            {"items": [{"text": "One.", "id": "1"}, {"image": RED_DOT, "metadata": {"n": 2}}]},
        )
    },
    "BatchForm": {"file": example("A file", {"file": ["A lighthouse in fog."]})},
    "lines": {"two": example("Two texts", '{"text": "One.", "id": "1"}\n{"text": "Two."}\n')},
    "BatchRemoval": {"two": example("Two items", {"ids": ["note-3", "note-4"]})},
}
"""Examples by the name of the body's schema, as OpenAPI has them."""
