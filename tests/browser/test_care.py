"""For everybody: axe-core over every view, keys, small screens, dark, and without motion."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from axe import breaches, needs_axe
from browser import needs_chromium, watched
from page_view import View
from PIL import Image
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, needs_chromium]
WIDE, PHONE = (1280, 800), (390, 844)
FOCUS_MARKS = """(element) => [element, element.closest("form, li")].some((one) => {
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one ?? element);
  return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
})"""
LENGTHS_OF_MOTION = """[...document.querySelectorAll("*")].flatMap((element) => {
  const { transitionDuration, animationDuration } = getComputedStyle(element);
  return `${transitionDuration}, ${animationDuration}`.split(", ")
    .map((length) => parseFloat(length) * (length.endsWith("ms") ? 1 : 1000));
})"""


def browse(view: View) -> None:
    view.open()


def search(view: View) -> None:
    view.open("q=farm+animals")


def filters(view: View) -> None:
    search(view)
    view.page.get_by_role("button", name="Filters").click()
    expect(view.page.get_by_role("slider", name="How well it must fit")).to_be_visible()


def marked(view: View) -> None:
    search(view)
    view.hits.first.press("x")
    expect(view.page.get_by_role("region", name="What is selected")).to_be_visible()


def item(view: View) -> None:
    search(view)
    view.hits.first.press("Enter")
    expect(view.page.get_by_role("heading", name="Pictures like this")).to_be_visible()


def why(view: View) -> None:
    search(view)
    view.hits.first.press("w")
    expect(view.page.locator("any-chance")).to_be_visible()


def chart(view: View) -> None:
    view.page.goto("?q=farm+animals&view=map")
    expect(view.page.locator("any-map")).to_be_visible()


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


VIEWS = (browse, search, filters, marked, item, why, chart, add, menu, history, keys)


@needs_axe
@pytest.mark.parametrize(("colours", "size"), [("light", WIDE), ("dark", PHONE)])
def test_every_view_is_accessible(
    chromium: Browser, service: str, colours: str, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    with watched(chromium, service, viewport=viewport, color_scheme=colours) as (page, _):
        found = {show.__name__: breached(View(page), show) for show in VIEWS}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def breached(view: View, show: Callable[[View], None]) -> list[str]:
    show(view)
    return breaches(view.page)


def test_keys_alone_ask_look_and_go_back(page: Page) -> None:
    view = View(page).open()
    press = page.keyboard.press
    press("/")
    expect(view.box).to_be_focused()
    page.keyboard.type("farm animals")
    press("Enter")
    expect(view.hits.first).to_have_attribute("aria-label", re.compile("a-day-on-the-farm"))
    for _ in range(20):
        press("Tab")
        if page.evaluate("document.activeElement.classList.contains('open')"):
            break
    expect(view.hits.first).to_be_focused()
    press("ArrowRight")
    expect(view.hits.nth(1)).to_be_focused()
    press("Enter")
    expect(page.get_by_role("dialog", name="cow-moo")).to_be_visible()
    press("Escape")
    expect(view.hits.nth(1)).to_be_focused()
    expect(page).not_to_have_url(re.compile("item="))
    press("v")
    expect(page.locator("any-map")).to_be_visible()


def test_keys_that_work_everywhere_can_be_turned_off(page: Page) -> None:
    view = View(page)
    keys(view)
    switch = page.get_by_role("checkbox", name="Keys that work everywhere")
    switch.uncheck()
    page.keyboard.press("Escape")
    page.reload()
    view.answered().page.keyboard.press("v")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "view=map" not in page.url


def test_what_has_the_focus_is_seen(page: Page) -> None:
    view = View(page).open("q=farm+animals")
    for control in (view.box, view.hits.first, page.get_by_role("button", name="Map")):
        page.keyboard.press("Tab")  # so that the focus counts as one of the keyboard's
        control.focus()
        marks = control.evaluate(FOCUS_MARKS)
        assert marks, control


def test_a_phone_shows_everything_in_its_width(chromium: Browser, service: str) -> None:
    for width in (320, 390):
        viewport = {"width": width, "height": 700}
        with watched(chromium, service, viewport=viewport, has_touch=True) as (page, _):
            for show in VIEWS:
                show(View(page))
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{show.__name__} is {wide} wide"


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_colours_are_those_of_the_system_until_others_are_chosen(
    chromium: Browser, service: str, colours: str
) -> None:
    with watched(chromium, service, color_scheme=colours) as (page, _):
        view = View(page).open()
        assert is_dark(page) == (colours == "dark")
        menu(view)
        other = "Light" if colours == "dark" else "Dark"
        page.get_by_role("radio", name=other).check()
        assert is_dark(page) == (colours == "light")
        page.reload()
        view.answered()
        assert is_dark(page) == (colours == "light")


def is_dark(page: Page) -> bool:
    """Whether a page's background is dark, as it is painted."""
    shot = Image.open(io.BytesIO(page.screenshot())).convert("L")
    return shot.getpixel((2, 400)) < 128


def test_nothing_moves_for_those_who_want_no_motion(chromium: Browser, service: str) -> None:
    with watched(chromium, service, reduced_motion="reduce") as (page, _):
        for show in (search, item, add):
            show(View(page))
            lengths = page.evaluate(LENGTHS_OF_MOTION)
            assert max(lengths, default=0) <= 10, show.__name__
