"""The pictures of the page in README and docs/page: made anew with ANYSENSE_SCREENSHOTS=1."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import needs_chromium, watched
from page_view import View
from PIL import Image
from playwright.sync_api import expect
from service_process import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "page"
MOST_BYTES = 150_000
pytestmark = [pytest.mark.integration, needs_chromium]
asked_for = pytest.mark.skipif(
    not os.environ.get("ANYSENSE_SCREENSHOTS"), reason="they are made with ANYSENSE_SCREENSHOTS=1"
)
PICTURES_ARE_THERE = """async () => {
  const inSight = () => [...document.querySelectorAll("img")].filter((image) => {
    const { top, bottom } = image.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
  });
  while (!inSight().every((image) => image.complete)) {
    await new Promise((done) => setTimeout(done, 50));
  }
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)));
}"""


@pytest.fixture(scope="module")
def tidy(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that does not tell where on this machine its files lie."""
    folder = tmp_path_factory.mktemp("tidy")
    path = shutil.copytree(sample, folder / "sample.anysense")
    hidden = {"ANYSENSE_SHOW_PATHS": "false"}
    with serving(path, log=folder / "log", environment=hidden) as (_, port):
        yield f"http://127.0.0.1:{port}"


def words(page: Page) -> None:
    View(page).open("q=farm+animals")


def why(page: Page) -> None:
    view = View(page).open("q=farm+animals")
    view.hit("sheep-in-pasture").get_by_role("link", name="sheep-in-pasture").press("Enter")
    page.get_by_role("button", name="Why was it found?").click()
    expect(page.locator("any-chance")).to_be_visible()
    expect(page.get_by_role("heading", name="Pictures like this")).to_be_visible()


def plane(page: Page) -> None:
    page.goto("?q=farm+animals&view=map")
    expect(page.locator("any-map")).to_be_visible()
    page.wait_for_timeout(2000)  # the canvas does not say when its pictures are drawn


def phone(page: Page) -> None:
    View(page).open("q=waves+on+a+beach")


@asked_for
@pytest.mark.parametrize(
    ("name", "show", "options"),
    [
        ("words", words, {}),
        ("why", why, {"color_scheme": "dark"}),
        ("map", plane, {}),
        ("phone", phone, {"viewport": {"width": 390, "height": 780}}),
    ],
)
def test_pictures_are_made(
    chromium: Browser, tidy: str, name: str, show: Any, options: dict[str, Any]
) -> None:
    FOLDER.mkdir(exist_ok=True)
    with watched(chromium, tidy, **options) as (page, _):
        show(page)
        page.evaluate(PICTURES_ARE_THERE)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(FOLDER / f"{name}.webp", quality=80, method=6)


def test_pictures_are_small_and_shown() -> None:
    pictures = list(FOLDER.iterdir())
    assert pictures
    assert {path.name for path in pictures if path.stat().st_size > MOST_BYTES} == set()
    shown = (DOCS / "page.md").read_text(encoding="utf-8")
    assert [path.name for path in pictures if f"(page/{path.name})" not in shown] == []
