"""The page as a test takes hold of it: by what a person would call its parts."""

from __future__ import annotations

import base64
import mimetypes
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page, Response

__all__ = ["View"]

ANSWERED = re.compile(r"\bhits?\b|\bitems?\b|Everything|Nothing")
MAKE_TRANSFER = """([name, type, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


class View:
    """A page of a service, and what is on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_role("searchbox")
        self.hits = page.locator("#hits a.open")
        self.count = page.locator("#hits .count")

    def open(self, query: str = "") -> View:
        """Open the page with a query string, and wait for what it shows."""
        self.page.goto(f"?{query}" if query else ".")
        return self.answered()

    def answered(self) -> View:
        """Wait until an answer is shown."""
        expect(self.count).to_have_text(ANSWERED)
        expect(self.page.locator("#hits .grid")).to_have_attribute("aria-busy", "false")
        return self

    def ask(self, words: str) -> View:
        """Type words, and wait for what they find."""
        with self.page.expect_response(is_search):
            self.box.fill(words)
        return self.answered()

    @property
    def labels(self) -> list[str]:
        """What the hits in sight are called, in their order: their kind, name and place."""
        labels = self.hits.evaluate_all(
            "(all) => all.toSorted((a, b) => a.dataset.index - b.dataset.index)"
            ".map((one) => one.getAttribute('aria-label'))"
        )
        return list(map(str, labels))

    def hit(self, name: str) -> Locator:
        """The tile of a hit."""
        return self.page.locator("#hits li").filter(has=self.page.get_by_role("link", name=name))

    def drop(self, file: Path, purpose: str = "search") -> None:
        """Drop a file of the machine on the page, as from a file manager: `search` or `add`."""
        kind = mimetypes.guess_type(file.name)[0] or ""
        content = base64.b64encode(file.read_bytes()).decode()
        held = {
            "dataTransfer": self.page.evaluate_handle(MAKE_TRANSFER, [file.name, kind, content])
        }
        self.page.locator("body").dispatch_event("dragenter", held)
        place = self.page.locator(f"[data-drop={purpose}]")
        place.dispatch_event("dragover", held)
        place.dispatch_event("drop", held)


def is_search(response: Response) -> bool:
    return urlsplit(response.url).path.endswith("/search") and response.request.method == "POST"
