"""What watches the pages of these tests: it notices each thing that may go wrong in one."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest
from browser import needs_chromium, watched
from live_server import handled_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.integration, needs_chromium]
POLICY = (
    "default-src 'none'; img-src data:; script-src 'self' 'unsafe-inline'; "
    "require-trusted-types-for 'script'"
)
SCRIPTS = {
    "/console": ("console.error('broken')", "error: broken"),
    "/warning": ("console.warn('odd')", "warning: odd"),
    "/thrown": ("setTimeout(() => { throw new Error('late') })", "uncaught: late"),
    "/rejected": ("Promise.reject(new Error('refused'))", "uncaught: refused"),
    "/elsewhere": ("fetch('http://127.0.0.1:1/').catch(() => {})", "another origin: http://127"),
    "/policy": ("document.body.innerHTML = '<p>'", "policy: require-trusted-types-for forbids"),
    "/image": ("document.body.append(Object.assign(new Image(), { src: 'x.png' }))", "404"),
    "/cookie": ("document.cookie = 'a=b'", "'name': 'a'"),
    "/clean": ("console.log('well')", ""),
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script, _ = SCRIPTS.get(self.path, ("", ""))
        self.send_response(200 if script else 404)
        self.send_header("content-type", "text/html")
        if self.path not in ("/elsewhere", "/image"):
            self.send_header("content-security-policy", POLICY)
        self.end_headers()
        body = f"<!doctype html><link rel=icon href=data:,><body><script>{script}</script>"
        self.wfile.write(body.encode() if script else b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with handled_by(Pages) as url:
        yield url


def visit(chromium: Browser, site: str, path: str, expected: str = "") -> None:
    with watched(chromium, site) as (page, watch):
        if expected:
            watch.expect(expected)
        page.goto(path.removeprefix("/"), wait_until="networkidle")


@pytest.mark.parametrize("path", sorted(SCRIPTS.keys() - {"/clean"}))
def test_what_goes_wrong_is_noticed(chromium: Browser, site: str, path: str) -> None:
    with pytest.raises(AssertionError, match=SCRIPTS[path][1]):
        visit(chromium, site, path)


def test_what_goes_well_or_is_expected_passes(chromium: Browser, site: str) -> None:
    visit(chromium, site, "/clean")
    visit(chromium, site, "/console", expected="broken")
