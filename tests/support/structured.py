"""A text with headings, code and long sentences, for encoders to cut."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from anysense.embed.media.structure.markdown import markdown_structure

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = (
    "# Sailing in the northern seas\n\n## Harbours\n\n"
    + "A boat lies in the harbour, and the rain falls on its deck. " * 40
    + "\n\n### Of the east\n\n```\nfor boat in harbour:\n    print(boat)\n```\n\n"
    + "## "
    + "A heading that is far too long for any path, " * 4
    + "\n\nwords\n"
)


def check_passages(encoder: Any, count: Callable[[str], int], limit: int) -> None:
    """Assert that an encoder cuts by structure, and that what it encodes fits.

    Args:
        encoder: takes texts.
        count: how many tokens its tokenizer makes of a text.
        limit: how many of them fit.
    """
    structure = markdown_structure(TEXT, "a.md")
    assert structure is not None
    for overlap in (0, 20):
        passages = encoder.structured_passages(TEXT, structure, overlap)
        assert max(count(p.encoded) for p in passages) <= limit
        assert all(TEXT[p.start : p.end] == p.text for p in passages)
        harbours = [p for p in passages if p.heading[1:] == ("Harbours",)]
        assert len(harbours) > 2
        assert all("Harbours\n\nA boat" in p.encoded for p in harbours[:1])
        [code] = [p for p in passages if "print" in p.text]
        assert code.text == "```\nfor boat in harbour:\n    print(boat)\n```"
        repeats = [a.end > b.start for a, b in itertools.pairwise(harbours)]
        assert all(repeats) if overlap else not any(repeats)
