"""Adding files, removing with undo, marking hits, and saving a list of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from browser import needs_chromium
from page_view import View
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser import Watch
    from playwright.sync_api import Page

pytestmark = [pytest.mark.integration, needs_chromium]
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}${alert(3)}"


@pytest.fixture
def client(service: str) -> Iterator[httpx.Client]:
    """The service beside the page; what is new at the end is removed again."""
    with httpx.Client(base_url=service, timeout=60) as client:
        before = ids(client)
        yield client
        for item in ids(client) - before:
            assert client.delete(f"/v1/items/{item}").is_success


def ids(client: httpx.Client) -> set[str]:
    items = client.get("/v1/items", params={"limit": 1000}).json()["items"]
    return {item["id"] for item in items}


def add_note(client: httpx.Client, name: str, text: str, **metadata: object) -> None:
    item = {"id": name, "text": text, "metadata": {"title": name, **metadata}}
    assert client.post("/v1/items", json=item).status_code == 201


def test_files_are_added_and_found(
    client: httpx.Client, page: Page, watch: Watch, tmp_path: Path
) -> None:
    watch.expect("status of 422")
    (tmp_path / "lighthouse.txt").write_text("The keeper of the lighthouse winds its clockwork.")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    view = View(page).open()
    page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog", name="Add to the collection")
    files = [tmp_path / "lighthouse.txt", tmp_path / "broken.jpg"]
    dialog.locator("input[type=file]").set_input_files(files)
    expect(dialog.locator("#adding-standing")).to_have_text("2 of 2 files, 1 failed")
    failed = dialog.get_by_role("listitem").filter(has_text="broken.jpg")
    expect(failed).to_contain_text("Failed")
    expect(failed.locator(".adding-error")).not_to_be_empty()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    view.ask("lighthouse keeper")
    assert "lighthouse" in view.labels[0]


def test_a_dropped_file_is_added(client: httpx.Client, page: Page, tmp_path: Path) -> None:
    (tmp_path / "windmill.txt").write_text("A windmill grinds the barley of the whole valley.")
    view = View(page).open()
    view.drop(tmp_path / "windmill.txt", "add")
    expect(page.locator(".watch")).to_contain_text("1 of 1 file")
    view.open("q=windmill+barley+valley")
    assert "windmill" in view.labels[0]


def test_removing_can_be_undone(client: httpx.Client, page: Page) -> None:
    add_note(client, "anchor", "An anchor rusts on the quay.")
    page.clock.install()
    view = View(page).open("q=an+anchor+on+the+quay")
    assert "anchor" in view.labels[0]
    mark(view, "anchor")
    page.get_by_role("region", name="What is selected").get_by_role("button", name="Remove").click()
    expect(view.hit("anchor")).to_have_count(0)
    page.clock.run_for(9_000)
    page.get_by_role("button", name="Undo").click()
    expect(view.hit("anchor")).to_have_count(1)
    page.clock.run_for(60_000)
    assert "anchor" in ids(client)


def test_what_is_removed_is_gone_after_ten_seconds(client: httpx.Client, page: Page) -> None:
    add_note(client, "anchor", "An anchor rusts on the quay.")
    page.clock.install()
    view = View(page).open("q=an+anchor+on+the+quay")
    mark(view, "anchor")
    page.get_by_role("region", name="What is selected").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method in ("DELETE", "POST")):
        page.clock.run_for(11_000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert "anchor" not in ids(client)


def mark(view: View, name: str) -> None:
    view.hit(name).get_by_role("link", name=name).focus()
    view.page.keyboard.press("x")


def test_a_list_of_marked_hits_is_saved(client: httpx.Client, page: Page) -> None:
    view = View(page).open("q=farm+animals")
    for name in ("a-day-on-the-farm", "cow-moo"):
        mark(view, name)
    bar = page.get_by_role("region", name="What is selected")
    expect(bar.get_by_role("status")).to_have_text("2 selected")
    bar.get_by_role("button", name="Save the list").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="As JSON lines").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    assert [Path(json.loads(line)["source"]).stem for line in lines] == [
        "a-day-on-the-farm",
        "cow-moo",
    ]


def test_what_an_item_says_is_text_and_nothing_else(client: httpx.Client, page: Page) -> None:
    files = {"file": ("<b onclick=alert(1)>name.txt", f"Hostile words. {HOSTILE}".encode())}
    assert client.post("/v1/items", files=files).status_code == 201
    add_note(client, "hostile", f"More hostile words. {HOSTILE}", **{HOSTILE[:60]: HOSTILE})
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    view = View(page).open("q=hostile+words")
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
    assert (
        page.locator("#page script, #page [onerror], #page [onclick], #page img[src=x]").all() == []
    )
    view.hits.first.click()
    expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
    assert (
        page.locator("#page script, #page [onerror], #page [onclick], #page img[src=x]").all() == []
    )
    assert dialogs == []
