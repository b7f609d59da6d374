"""Asking by words, by media that are dropped, by several things at once, and by what was found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import needs_chromium, watched
from page_view import View, is_search
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, needs_chromium]
SAMPLES = Path(__file__).parents[2] / "server" / "sample"
HENS, DUCKS = SAMPLES / "photos" / "hens-on-grass.jpg", SAMPLES / "sounds" / "ducks-quacking.ogg"


@pytest.fixture
def view(page: Page) -> View:
    return View(page).open()


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_words_find_texts_sounds_and_pictures(view: View) -> None:
    view.ask("farm animals")
    labels = view.labels
    assert "a-day-on-the-farm" in labels[0]
    assert {label.split(",")[0] for label in labels[:8]} == {"Text", "Sound", "Picture"}
    assert asked(view.page) == {"q": ["farm animals"]}


def test_hits_come_while_one_types_and_earlier_requests_are_dropped(view: View) -> None:
    view.box.press_sequentially("a hot drink", delay=20)
    expect(view.hits.first).to_have_attribute("aria-label", re.compile("espresso|coffee"))
    view.answered()
    assert asked(view.page) == {"q": ["a hot drink"]}


def test_back_forward_and_reload_show_what_was_asked(view: View) -> None:
    everything = view.labels
    found = view.ask("farm animals").labels
    view.page.go_back()
    expect(view.box).to_have_value("")
    assert view.answered().labels == everything
    view.page.go_forward()
    expect(view.box).to_have_value("farm animals")
    assert view.answered().labels == found
    view.page.reload()
    expect(view.box).to_have_value("farm animals")
    assert view.answered().labels == found


def test_a_link_shows_another_browser_the_same(view: View, chromium: Browser, service: str) -> None:
    found = view.ask("someone hammering").labels
    with watched(chromium, service) as (other, _):
        other.goto(view.page.url)
        assert View(other).answered().labels == found


def test_nothing_alike_is_said_plainly(view: View) -> None:
    view.ask("quarterly tax return forms")
    expect(view.page.locator(".no-match")).to_be_visible()


def test_a_dropped_picture_finds_sounds_and_texts(view: View) -> None:
    with view.page.expect_response(is_search):
        view.drop(HENS)
    view.answered()
    expect(view.page.get_by_text("hens-on-grass.jpg").first).to_be_visible()
    assert any("rooster-and-hens" in label for label in view.labels[:6])
    assert re.match(r"q-[0-9a-f]+,image,hens-on-grass", asked(view.page)["up"][0])


def test_a_dropped_sound_finds_pictures(view: View) -> None:
    with view.page.expect_response(is_search):
        view.drop(DUCKS)
    labels = view.answered().labels
    assert any(re.search("hens-on-grass|white-duck", label) for label in labels[:6])


def test_a_link_to_an_uploaded_picture_works_after_a_reload(view: View) -> None:
    with view.page.expect_response(is_search):
        view.drop(HENS)
    found = view.answered().labels
    view.page.reload()
    assert view.answered().labels == found


def test_a_picked_picture_with_words_beside_it_each_with_a_weight(view: View) -> None:
    """The photo of hens, the words "on a pond", and less of farms."""
    page = view.page
    with page.expect_response(is_search):
        page.get_by_label("Search by a picture or sound").set_input_files(HENS)
    by_picture = view.answered().labels
    both = view.ask("a pond").labels
    assert both != by_picture
    page.get_by_role("button", name="Keep these words").click()
    with page.expect_response(is_search):
        view.box.fill("farm")
    page.get_by_role("button", name="Keep these words").click()
    with page.expect_response(is_search):
        page.get_by_role("button", name="Less like farm").click()
    without_farms = view.answered().labels
    assert "a-day-on-the-farm" not in "".join(without_farms[:5])
    slider = page.get_by_role("slider", name="Weight of a pond")
    slider.focus()
    with page.expect_response(is_search):
        slider.press("End")
    expect(slider).to_have_attribute("aria-valuenow", "2")
    view.answered()
    query = asked(page)
    assert query["q"][:2] == ["a pond", "farm"]
    assert query["w"][0].startswith("1,2,-1")
    with page.expect_response(is_search):
        page.get_by_role("button", name="Leave out hens-on-grass.jpg").click()
    view.answered()
    assert "up" not in asked(page)


def test_more_like_a_hit(view: View) -> None:
    view.ask("farm animals")
    with view.page.expect_response(is_search):
        view.hit("pig-on-grass").get_by_role("button", name="More like").click()
    view.answered()
    assert "like" in asked(view.page)
    assert not any("pig-on-grass" in label for label in view.labels)
