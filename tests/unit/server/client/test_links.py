"""Links to the page, held to the same cases as the page's own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anysense.embed.errors import UsageError
from anysense.index.ranking.query import Term
from anysense.server.client.links import Upload, page_link

CASES = Path(__file__).parents[3] / "page" / "links.json"
NAMES = {"minScore": "min_score"}


def as_term(value: dict[str, Any]) -> Term | Upload:
    weight = value["weight"]
    if "upload" in value:
        return Upload(value["upload"], value["modality"], value["name"], weight)
    return Term(value.get("text"), like=value.get("like"), weight=weight)


@pytest.mark.parametrize("case", json.loads(CASES.read_text(encoding="utf-8")))
@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://media.example/anysense/"])
def test_links_are_as_the_page_writes_them(case: dict[str, Any], url: str) -> None:
    query = dict(case["query"])
    terms = [as_term(term) for term in query.pop("terms")]
    options = {NAMES.get(name, name): value for name, value in query.items()}
    assert page_link(url, query=terms, **options) == url.rstrip("/") + "/" + case["search"]


def test_a_text_is_a_query() -> None:
    assert page_link("http://a", "c", "the sea") == "http://a/?c=c&q=the+sea"


def test_half_a_character_makes_no_link_fail() -> None:
    assert page_link("http://a", None, "\udcff") == "http://a/?q=%3F"


def test_a_file_has_no_place_in_a_link(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="texts, items and uploads"):
        page_link("http://a", None, [Term(tmp_path)])
