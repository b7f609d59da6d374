"""Links to the page, held to the same cases as the page's own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anysense.server.client.links import page_link

CASES = Path(__file__).parents[3] / "page" / "links.json"


@pytest.mark.parametrize("case", json.loads(CASES.read_text(encoding="utf-8")))
@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://media.example/anysense/"])
def test_links_are_as_the_page_writes_them(case: dict[str, Any], url: str) -> None:
    query = case["query"]
    text = query["terms"][0]["text"] if query["terms"] else None
    assert page_link(url, query["collection"], text) == url.rstrip("/") + "/" + case["search"]


def test_half_a_character_makes_no_link_fail() -> None:
    assert page_link("http://a", None, "\udcff") == "http://a/?q=%3F"
