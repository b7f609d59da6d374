"""A service that needs a key: it is asked for, kept in the tab alone, and sent with everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tiny
from browser import needs_chromium, watched
from page_view import View
from PIL import Image
from playwright.sync_api import expect
from service_process import serving

from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import new_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser import Watch
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, needs_chromium]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with two keys, one to read and write, one to read."""
    tiny.register()
    folder = tmp_path_factory.mktemp("keyed")
    (folder / "media").mkdir()
    Image.new("RGB", (64, 48), (220, 20, 20)).save(folder / "media" / "red.jpg")
    (folder / "media" / "note.txt").write_text("A red note.")
    with Collection.create(folder / "c.anysense", ["tiny"]) as collection:
        build(collection, [folder / "media"])
    with changing_keys(folder / "keys") as keys:
        keys.append(new_key("ada", ["read", "write"], "secret-of-ada"))
        keys.append(new_key("bob", ["read"], "secret-of-bob"))
    options = (folder / "c.anysense", "--api-key-file", folder / "keys")
    with serving(*options, log=folder / "log") as (_, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def seen(chromium: Browser, keyed: str) -> Iterator[tuple[Page, Watch]]:
    with watched(chromium, keyed) as seen:
        # The first hits are asked for before it is known that a key is needed.
        seen[1].expect("status of 401")
        yield seen


def enter(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Enter").click()


def test_a_key_opens_the_page_and_its_pictures(page: Page, watch: Watch, keyed: str) -> None:
    page.goto("?q=red")
    expect(page.get_by_role("heading", name="A key is needed")).to_be_visible()
    enter(page, "secret-of-ada")
    view = View(page).answered()
    assert any("red" in label for label in view.labels)
    picture = page.locator("#hits img").first
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    expect(page.get_by_role("button", name="Add", exact=True)).to_be_visible()
    assert page.evaluate("[localStorage.length, document.cookie]")[1] == ""
    assert page.evaluate("JSON.stringify(localStorage)").find("secret") < 0
    assert page.evaluate("sessionStorage.getItem('anysense.key')") == "secret-of-ada"
    assert [url for url in (*watch.requests, page.url) if "secret" in url] == []
    page.reload()
    assert any("red" in label for label in View(page).answered().labels)


def test_a_wrong_key_is_refused_and_forgotten(page: Page) -> None:
    page.goto(".")
    enter(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("The service does not know this key.")
    assert page.evaluate("sessionStorage.getItem('anysense.key')") is None


def test_a_key_that_only_reads_adds_nothing(page: Page) -> None:
    page.goto(".")
    enter(page, "secret-of-bob")
    View(page).answered()
    expect(page.get_by_role("button", name="Map")).to_be_visible()
    expect(page.get_by_role("button", name="Add", exact=True)).to_have_count(0)


def test_a_key_can_be_forgotten(page: Page) -> None:
    page.goto(".")
    enter(page, "secret-of-ada")
    View(page).answered()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_role("heading", name="A key is needed")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('anysense.key')") is None
