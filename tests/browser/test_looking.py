"""Looking at what was found: page after page, one item by itself, why it was found, the map."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browser import needs_chromium
from page_view import View, is_search
from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser import Watch
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.integration, needs_chromium]
ITEMS = 159  # the sample media


@pytest.fixture
def view(page: Page) -> View:
    return View(page).open("q=farm+animals")


def opened(view: View, name: str) -> Locator:
    view.hit(name).get_by_role("link", name=name).press("Enter")
    dialog = view.page.get_by_role("dialog", name=name)
    expect(dialog).to_be_visible()
    return dialog


def test_pages_come_as_one_scrolls_and_few_tiles_are_there(view: View) -> None:
    page, seen, steps = view.page, set(view.labels), 0
    while len(seen) < ITEMS:
        assert (steps := steps + 1) < 200
        page.mouse.wheel(0, 700)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))")
        labels = view.labels
        assert len(labels) < 100
        seen.update(labels)
    expect(view.count).to_have_text(f"{ITEMS} hits")


def test_pictures_are_thumbnails_and_never_the_files(view: View, watch: Watch) -> None:
    expect(view.page.locator("#hits img.there").first).to_be_visible()
    media = [url for url in watch.requests if "/media?" in url or url.endswith("/media")]
    assert media
    assert [url for url in media if not re.search(r"[?&]w=\d+", url)] == []


def test_a_sound_plays_from_its_tile(view: View) -> None:
    view.page.get_by_role("button", name="Play cow-moo").click()
    expect(view.page.get_by_role("button", name="Pause cow-moo")).to_be_visible()
    view.page.get_by_role("button", name="Pause cow-moo").click()
    expect(view.page.get_by_role("button", name="Play cow-moo")).to_be_visible()


def test_one_item_by_itself_and_those_beside_it(view: View) -> None:
    dialog = opened(view, "a-day-on-the-farm")
    expect(dialog).to_contain_text("The hens lie in the dust")
    expect(dialog.get_by_role("heading", name="Pictures like this")).to_be_visible()
    view.page.keyboard.press("ArrowRight")
    expect(view.page.get_by_role("dialog", name="cow-moo")).to_be_visible()
    view.page.reload()
    expect(view.page.get_by_role("dialog", name="cow-moo")).to_be_visible()
    view.page.go_back()
    view.page.keyboard.press("Escape")
    expect(view.page.get_by_role("dialog")).to_have_count(0)
    assert "item=" not in view.page.url


def test_why_it_was_found(view: View) -> None:
    dialog = opened(view, "cow-moo")
    dialog.get_by_role("button", name="Why was it found?").click()
    why = view.page.locator(".why")
    expect(why).to_contain_text(re.compile(r"one in \d+ sounds"))
    expect(why.locator("any-chance")).to_be_visible()
    view.page.keyboard.press("Escape")
    expect(view.hit("cow-moo").get_by_role("link", name="cow-moo")).to_be_focused()
    expect(view.page).not_to_have_url(re.compile("item="))
    view.hit("milking-time").get_by_role("link", name="milking-time").press("w")
    expect(view.page.get_by_role("dialog")).to_contain_text(re.compile(r"one in [\d,]+ passages"))


def test_neighbours_lead_on(view: View) -> None:
    dialog = opened(view, "cow-moo")
    dialog.get_by_role("button", name="More like this").click()
    view.answered()
    expect(view.page.get_by_role("dialog")).to_have_count(0)
    assert "like=" in view.page.url


def test_the_map_shows_all_and_lights_up_hits(view: View) -> None:
    page = view.page
    page.get_by_role("button", name="Map").click()
    region = page.get_by_role("region", name="Map")
    expect(region).to_contain_text("159 items, laid out by")
    expect(page.get_by_role("button", name=re.compile("Pictures 52"))).to_be_visible()
    page.get_by_text("The same as a list").click()
    expect(region.get_by_role("button", name="a-day-on-the-farm")).to_be_visible()
    page.reload()
    expect(region).to_be_visible()


def test_the_map_is_walked_by_keys_and_opens_items(view: View) -> None:
    page = view.page
    page.goto("?q=farm+animals&view=map")
    with page.expect_response(is_search):
        page.reload()
    page.get_by_text("The same as a list").click()
    lit = page.get_by_role("region", name="Map").get_by_role("button", name="a-day-on-the-farm")
    expect(lit).to_be_visible()
    graphic = page.locator("any-map")
    graphic.locator("[tabindex='0'], canvas[tabindex]").first.focus()
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="a-day-on-the-farm")).to_be_visible()
