"""Asking by words, and by what was found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import needs_chromium, watched
from page_view import View, is_search
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, needs_chromium]


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


def test_more_like_a_hit(view: View) -> None:
    view.ask("farm animals")
    with view.page.expect_response(is_search):
        view.hit("pig-on-grass").get_by_role("button", name="More like").click()
    view.answered()
    assert "like" in asked(view.page)
    assert not any("pig-on-grass" in label for label in view.labels)
