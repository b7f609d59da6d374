"""A video on the page: its tile shows the moment, and it plays from there."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from animations import animation
from axe import breaches, needs_axe
from browser import needs_chromium
from page_view import View
from PIL import Image
from playwright.sync_api import expect
from video_files import Scene, film

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser import Watch
    from playwright.sync_api import Page

pytestmark = [pytest.mark.integration, needs_chromium]
PHOTOS = Path(__file__).parents[2] / "server" / "sample" / "photos"
NAMES = ("cat-face", "coffee-cup", "birds-over-snow")


@pytest.fixture
def shown(service: str, page: Page) -> Iterator[View]:
    """The page of a service that has a video: ten seconds of each of three photos."""
    scenes = [Scene(Image.open(PHOTOS / f"{name}.jpg"), 10.0) for name in NAMES]
    with added(service, "film", ("film.mp4", film(scenes, rate=5), "video/mp4")):
        yield View(page)


@contextmanager
def added(service: str, item: str, file: tuple[str, bytes, str]) -> Iterator[None]:
    """Have a service hold a file, with its name and its type, as an item."""
    address = f"{service}/v1/items"
    sent = httpx.post(address, data={"id": item}, files={"file": file}, timeout=120)
    assert sent.status_code == 201
    try:
        yield
    finally:
        httpx.delete(f"{address}/{item}")


@needs_axe
def test_a_video_shows_the_frame_that_matched_and_plays_from_there(
    shown: View, watch: Watch
) -> None:
    shown.open("q=coffee+cup&kind=video")
    tile = shown.hit("film.mp4")
    moment = tile.locator(".film")
    expect(moment).to_have_text(re.compile(r"^0:1\d–0:[12]\d$"))
    expect(tile.locator("img")).to_have_attribute("src", re.compile(r"w=\d+&start=1\d"))
    expect(tile.locator("img")).to_have_class(re.compile("there"))
    tile.get_by_role("link").click()
    dialog = shown.page.get_by_role("dialog", name="film.mp4")
    video = dialog.locator("video")
    expect(video).to_have_attribute("src", re.compile(r"/media#t=1\d"))
    expect(video).to_have_attribute("aria-label", "film.mp4")
    seconds = video.evaluate(
        """(video) => new Promise((resolve, reject) => {
          const tell = () => resolve(video.currentTime);
          if (video.readyState >= 2) return tell();
          video.addEventListener("loadeddata", tell);
          video.addEventListener("error", () => reject(video.error?.message));
        })"""
    )
    assert 10 <= seconds < 20
    assert breaches(shown.page) == []
    watch.check()


@pytest.fixture
def animated(service: str, page: Page) -> Iterator[View]:
    """The page of a service that has an animated picture of three photos."""
    frames = [
        Image.open(PHOTOS / f"{name}.jpg").convert("RGB").resize((160, 120)) for name in NAMES
    ]
    with added(service, "moving", ("moving.gif", animation("GIF", frames, 2.0), "image/gif")):
        yield View(page)


@needs_axe
def test_an_animated_picture_moves_as_browsers_show_it(animated: View, watch: Watch) -> None:
    animated.open("q=coffee+cup&kind=video")
    tile = animated.hit("moving.gif")
    expect(tile.locator("img")).to_have_attribute("src", re.compile(r"w=\d+&start=2"))
    expect(tile.locator("img")).to_have_class(re.compile("there"))
    tile.get_by_role("link").click()
    dialog = animated.page.get_by_role("dialog", name="moving.gif")
    picture = dialog.locator("figure img")
    expect(picture).to_have_attribute("src", re.compile(r"/items/moving/media$"))
    expect(dialog.locator("video")).to_have_count(0)
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 160
    assert breaches(animated.page) == []
    watch.check()
