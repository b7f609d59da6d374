"""Narrowing down: by modality, by what the items' metadata say, by how rare a score is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from browser import needs_chromium
from page_view import View, is_search
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = [pytest.mark.integration, needs_chromium]
NOTES = {
    "harbour-north": {"place": "north", "year": 2019},
    "harbour-south": {"place": "south", "year": 2021},
}


@pytest.fixture
def notes(service: str) -> Iterator[None]:
    """Two notes with metadata, which no other item has."""
    with httpx.Client(base_url=service, timeout=60) as client:
        for name, metadata in NOTES.items():
            item = {"id": name, "text": f"Boats lie in the {name}.", "metadata": metadata}
            assert client.post("/v1/items", json=item).status_code == 201
        yield
        for name in NOTES:
            assert client.delete(f"/v1/items/{name}").is_success


@pytest.fixture
def view(page: Page) -> View:
    return View(page).open("q=farm+animals")


def kinds(view: View) -> set[str]:
    return {label.split(",")[0] for label in view.labels}


def test_by_modality(view: View) -> None:
    with view.page.expect_response(is_search):
        view.page.get_by_role("button", name="Sounds").click()
    view.answered()
    assert kinds(view) == {"Sound"}
    with view.page.expect_response(is_search):
        view.page.get_by_role("button", name="Pictures").click()
    view.answered()
    assert kinds(view) == {"Sound", "Picture"}
    view.page.go_back()
    expect(view.page.get_by_role("button", name="Pictures")).to_have_attribute(
        "aria-pressed", "false"
    )
    view.answered()
    assert kinds(view) == {"Sound"}


def test_by_a_field_of_the_metadata(notes: None, page: Page) -> None:
    view = View(page).open("q=boats+in+the+harbour")
    page.get_by_role("button", name="Filters").click()
    place = page.get_by_role("group", name="place")
    expect(place.get_by_role("checkbox", name="south")).to_be_visible()
    with page.expect_response(is_search):
        place.get_by_role("checkbox", name="north").check()
    view.answered()
    expect(view.hits).to_have_count(1)
    assert json.loads(parse_qs(urlsplit(page.url).query)["where"][0]) == {
        "place": {"$in": ["north"]}
    }
    with page.expect_response(is_search):
        page.get_by_role("button", name="Remove the filter place").click()
    expect(view.answered().hits.nth(2)).to_be_visible()


def test_by_the_range_of_a_number(notes: None, page: Page) -> None:
    view = View(page).open("q=boats+in+the+harbour")
    page.get_by_role("button", name="Filters").click()
    with page.expect_response(is_search):
        page.get_by_label("year, at least").fill("2020")
        page.get_by_label("year, at least").press("Enter")
    view.answered()
    expect(view.hits).to_have_count(1)


def test_by_how_rare_a_score_is(view: View) -> None:
    view.page.get_by_role("button", name="Filters").click()
    slider = view.page.get_by_role("slider", name="How well it must fit")
    with view.page.expect_response(is_search):
        slider.fill("2")
    view.answered()
    expect(slider).to_have_attribute("aria-valuetext", "one in 100 unrelated items scores so high")
    assert 0 < len(view.labels) < 6
    with view.page.expect_response(is_search):
        slider.fill("6")
    expect(view.count).to_have_text("Nothing fits.")
