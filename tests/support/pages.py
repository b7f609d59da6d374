"""The pages of docs/: the blocks of code in them, run as a reader would run them."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from anysense.embed import errors

__all__ = ["CHECK", "blocks", "run_example"]

CHECK = re.compile(r"  # (->|raises) (.*)")
"""What a line of an example says that it gives, or raises."""


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def run_example(source: str, names: dict[str, Any]) -> int:
    """Run an example; returns how many of its lines say what they give, and give it."""
    lines, checked = source.splitlines(), 0
    for node in ast.parse(source).body:
        said = CHECK.search(lines[(node.end_lineno or 0) - 1])
        piece = ast.get_source_segment(source, node) or ""
        if said is None:
            exec(piece, names)
            continue
        checked += 1
        if said[1] == "raises":
            with pytest.raises(getattr(errors, said[2])):
                exec(piece, names)
        else:
            assert repr(eval(piece, names)) == said[2], piece
    return checked
