"""For everybody: axe-core over every view, keys, small screens, dark, and without motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe import breaches, needs_axe
from browser import needs_chromium, watched
from page_view import View
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.integration, needs_chromium]
WIDE, PHONE = (1280, 800), (390, 844)


def browse(view: View) -> None:
    view.open()


def search(view: View) -> None:
    view.open("q=farm+animals")


def add(view: View) -> None:
    view.open().page.get_by_role("button", name="Add", exact=True).click()
    expect(view.page.get_by_role("dialog", name="Add to the collection")).to_be_visible()


def menu(view: View) -> None:
    view.open().page.get_by_role("button", name="More", exact=True).click()
    expect(view.page.get_by_role("button", name="History")).to_be_visible()


def history(view: View) -> None:
    menu(view)
    view.page.get_by_role("button", name="History").click()
    expect(view.page.get_by_role("dialog", name="What you asked")).to_be_visible()


def keys(view: View) -> None:
    view.open().page.locator("main").press("?")
    expect(view.page.get_by_role("dialog", name="Keys")).to_be_visible()


VIEWS = (browse, search, add, menu, history, keys)


@needs_axe
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [WIDE, PHONE])
def test_every_view_is_accessible(
    chromium: Browser, service: str, colours: str, width: int, height: int
) -> None:
    viewport = {"width": width, "height": height}
    with watched(chromium, service, viewport=viewport, color_scheme=colours) as (page, _):
        found = {show.__name__: breached(View(page), show) for show in VIEWS}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def breached(view: View, show: Callable[[View], None]) -> list[str]:
    show(view)
    return breaches(view.page)
