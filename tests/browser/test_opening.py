"""Opening the page: under its policy, from its own origin alone, small, and below a path too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from browser import needs_chromium, watched
from page_view import View
from path_proxy import below
from playwright.sync_api import Error, expect
from service_process import serving

if TYPE_CHECKING:
    from pathlib import Path

    from browser import Watch
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, needs_chromium]
MOST_BYTES = 150_000


def test_the_whole_collection_stands_there_first(page: Page) -> None:
    view = View(page).open()
    expect(page).to_have_title(re.compile("anysense"))
    expect(view.hits.first).to_be_visible()


def test_the_policy_is_strict_and_held(page: Page, watch: Watch, service: str) -> None:
    policy = httpx.get(f"{service}/").headers["content-security-policy"]
    directives = {words[0]: words[1:] for words in map(str.split, policy.split(";")) if words}
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    assert directives["require-trusted-types-for"] == ["'script'"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & set(policy.split())
    View(page).open("q=farm+animals")
    watch.check()
    watch.expect("")  # from here on the browser is to refuse
    with pytest.raises(Error, match="TrustedHTML"):
        page.evaluate("() => { document.body.innerHTML = '<p>' }")
    page.evaluate("() => { document.body.setAttribute('style', 'color: red') }")
    with page.expect_console_message(lambda message: "policy: connect-src" in message.text):
        page.evaluate("() => fetch('http://127.0.0.1:1').catch(() => {})")
    told = "\n".join(watch.problems)
    for directive in ("require-trusted-types-for", "style-src-attr", "connect-src"):
        assert f"policy: {directive}" in told


def test_the_page_is_small(page: Page, watch: Watch, service: str) -> None:
    View(page).open("q=farm+animals")
    own = [url for url in watch.requests if url.startswith(f"{service}/web/")]
    assert len(own) > 5
    packed = 0
    with httpx.Client(headers={"accept-encoding": "gzip"}) as client:
        for url in {f"{service}/", *own}:
            with client.stream("GET", url) as answer:
                assert answer.status_code == 200
                packed += len(b"".join(answer.iter_raw()))
    assert packed < MOST_BYTES


def test_opened_again_its_files_are_not_sent_again(page: Page, service: str) -> None:
    View(page).open()
    statuses = []
    page.on(
        "response",
        lambda answer: "/web/" in answer.url and statuses.append(answer.status),  # type: ignore[func-returns-value]
    )
    View(page).open()
    assert statuses
    assert set(statuses) <= {200, 304}  # 200 from the browser's own cache has no body


def test_below_a_path(chromium: Browser, sample: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ("--root-path", "/any", "--allowed-host", "127.0.0.1")
    with (
        serving(sample, *options, log=log) as (_, port),
        below("/any", f"http://127.0.0.1:{port}") as origin,
        watched(chromium, origin) as (page, watch),
    ):
        page.goto("any/?q=farm+animals")
        view = View(page)
        expect(view.hits.first).to_be_visible()
        expect(page.locator("#hits img").first).to_have_js_property("complete", True)
        own = [url for url in watch.requests if url.startswith(origin)]
        assert [url for url in own if not url.startswith(f"{origin}/any/")] == []
