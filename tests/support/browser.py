"""A page in a real browser, watched: what goes wrong in it unseen fails the test.

Playwright drives a Chromium that the machine has. Its loop of events lives in the thread that
begins it, so no other test may run while it is open: fixtures of it live as long as one module.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CHROMIUM", "Watch", "launched", "needs_chromium", "watched"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no browser is installed: apt-get install chromium"
)
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS = 20
"""How long a test waits for what must come; a machine may be busy."""
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI || event.sample}`);
});
"""
expect.set_options(timeout=SECONDS * 1000)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser with a new profile."""
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium refuses root with one
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """What went wrong in a page, and what a test expects to."""

    origin: str
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Problems whose text has this part are meant."""
        self.expected.append(part)

    def check(self) -> None:
        """Raise AssertionError if anything went wrong that was not expected."""
        meant = tuple(self.expected)
        problems = [p for p in self.problems if not any(part in p for part in meant)]
        assert problems == [], "\n".join(problems)

    def follow(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("crash", lambda _: self.problems.append("the page crashed"))
        page.context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.location.get("url", "")
            self.problems.append(f"{message.type}: {message.text} ({where})")

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        self.requests.append(request.url)
        own = url.scheme in ("blob", "data") or f"{url.scheme}://{url.netloc}" == self.origin
        if not own:
            self.problems.append(f"a request to another origin: {request.url}")


@contextmanager
def watched(browser: Browser, origin: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A new page with a state of its own: no cookies, no storage. Checked at the end."""
    options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
    context = browser.new_context(base_url=f"{origin}/", **options)
    context.set_default_timeout(SECONDS * 1000)
    context.add_init_script(REPORT_VIOLATIONS)
    watch = Watch(origin)
    page = context.new_page()
    watch.follow(page)
    try:
        yield page, watch
        cookies = context.cookies()
        assert cookies == [], str(cookies)
        watch.check()
    finally:
        context.close()
