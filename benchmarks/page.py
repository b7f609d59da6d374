"""How the page does over a large collection: first results, memory, frames, bytes.

    python benchmarks/page.py [--items 20000] [--repeat 5] [--folder KEPT]

A real `anysense serve` over a collection of made-up media (page_collection.py), and Chromium
without a screen or a GPU on the same processors. Seconds count from the start of the navigation.
`first hits` are when they stand in the document, `first pictures` when every picture in sight is
there, too. Cold is a new service and browser, and thumbnails that no one has asked for; warm is the
same page opened again. Frames are the times between calls of requestAnimationFrame while the wheel
turns. Memory is what the tab's process has for itself (USS), and its JavaScript heap after a
collection of garbage. Writes benchmarks/results/page.json.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from _machine import save
from page_collection import make_collection, make_media, register
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8765
QUERY = "?q=waves+on+a+beach"
FLAGS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
STEPS, STEP_PIXELS, STEP_SECONDS = 600, 400, 0.025
SLOW_FRAME = 50.0

# Told in the page itself, so that no time of the tool that asks is counted.
WATCH = """
globalThis.seen = {};
globalThis.whenSeen = new Promise((resolve) => { seen.tell = resolve; });
const look = () => {
  const hits = document.querySelectorAll("#hits li[data-id]");
  if (hits.length > 0) {
    seen.hits ??= performance.now();
    const inSight = [...document.querySelectorAll("#hits img")].filter((image) => {
      const box = image.getBoundingClientRect();
      return box.top < innerHeight && box.bottom > 0;
    });
    if (inSight.length > 0 && inSight.every((image) => image.complete && image.naturalWidth > 0)) {
      seen.pictures = performance.now();
      seen.tell({ hits: seen.hits, pictures: seen.pictures });
      return;
    }
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
FRAMES = """
globalThis.frames_ = [];
let last = performance.now();
const tick = (now) => {
  frames_.push(now - last);
  last = now;
  if (!globalThis.stopped) requestAnimationFrame(tick);
};
requestAnimationFrame(tick);
"""


@contextmanager
def service(path: Path) -> Iterator[str]:
    url = f"http://127.0.0.1:{PORT}"
    program = Path(__file__).with_name("page_collection.py")
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(
            [sys.executable, program, "serve", path, "--port", str(PORT)],
            stdout=nowhere,
            stderr=nowhere,
        )
    try:
        while True:
            if process.poll() is not None:
                raise SystemExit("the service has ended")
            try:
                urllib.request.urlopen(f"{url}/ready", timeout=10).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def chromium() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


def new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH)
    return context


def opened(page: Page, url: str) -> dict[str, float]:
    """Seconds until the first hits, and until the pictures in sight, of opening an address."""
    page.goto(url)
    seen = page.evaluate("globalThis.whenSeen")
    return {name: milliseconds / 1e3 for name, milliseconds in seen.items()}


def opening(path: Path, repeat: int) -> dict[str, Any]:
    """First results: a new service, browser and thumbnails each time, and then once more."""
    found: dict[str, list[float]] = {}
    for _ in range(repeat):
        for what, rest in (("everything", ""), ("a search", QUERY)):
            clear_thumbnails()
            with service(path) as url, chromium() as browser:
                page = new_context(browser).new_page()
                for state in ("cold", "warm"):
                    for name, seconds in opened(page, f"{url}/{rest}").items():
                        found.setdefault(f"{what}, {state}, first {name}", []).append(seconds)
    return {
        name: {"median_seconds": round(statistics.median(times), 3), "all": rounded(times)}
        for name, times in found.items()
    }


def clear_thumbnails() -> None:
    shutil.rmtree(os.environ["ANYSENSE_CACHE"], ignore_errors=True)


def rounded(values: list[float]) -> list[float]:
    return [round(value, 3) for value in values]


def memory(page: Page) -> dict[str, float]:
    """Megabytes of the tab: its process alone, and its heap after a collection of garbage."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    tabs = [
        process.memory_full_info().uss
        for process in psutil.Process().children(recursive=True)
        if "--type=renderer" in process.cmdline()
    ]
    return {"process_mb": round(max(tabs) / 1e6, 1), "heap_mb": round(heap / 1e6, 1)}


def scroll(page: Page) -> dict[str, Any]:
    """The times between frames while the wheel turns, page after page of all items."""
    page.mouse.move(640, 500)
    page.evaluate(FRAMES)
    for _ in range(STEPS):
        page.mouse.wheel(0, STEP_PIXELS)
        time.sleep(STEP_SECONDS)
    frames = np.asarray(page.evaluate("globalThis.stopped = true, globalThis.frames_"))
    return {
        "pixels": page.evaluate("scrollY"),
        "hits": 1 + int(page.locator("#hits a.open").last.get_attribute("data-index") or 0),
        "frames": len(frames),
        "median_ms": round(float(np.median(frames)), 1),
        "p95_ms": round(float(np.percentile(frames, 95)), 1),
        "worst_ms": round(float(frames.max()), 1),
        "over_50_ms": int((frames > SLOW_FRAME).sum()),
    }


def wire(page: Page, url: str) -> dict[str, Any]:
    """Bytes over the wire of the page's own files, as a new browser asks for them."""
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    opened(page, f"{url}/")
    own = [one for one in asked if one.url == f"{url}/" or one.url.startswith(f"{url}/web/")]
    sizes = [one.sizes() for one in own]
    return {
        "files": len(own),
        "bytes": sum(size["responseBodySize"] for size in sizes),
        "bytes_of_heads": sum(size["responseHeadersSize"] for size in sizes),
    }


def looking(path: Path) -> dict[str, Any]:
    """One tab that is opened, scrolled far, and weighed before and after."""
    with service(path) as url, chromium() as browser:
        page = new_context(browser).new_page()
        over_the_wire = wire(page, url)
        before = memory(page)
        frames = scroll(page)
        hits = page.evaluate("document.querySelectorAll('#hits li[data-id]').length")
        return {
            "wire": over_the_wire,
            "scrolling": frames,
            "memory": {"opened": before, "scrolled": memory(page), "hits_in_document": hits},
            "browser": browser.version,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where media and collection are kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        os.environ["ANYSENSE_CACHE"] = str(Path(temporary) / "cache")
        path = folder / "page.anysense"
        if not path.exists():
            make_media(folder / "media", arguments.items)
            register()
            if make_collection(folder / "media", path) != arguments.items:
                raise SystemExit("not all items were added")
        result = {
            "items": arguments.items,
            "load_before": round(os.getloadavg()[0], 1),  # of other work on the machine
            "opening": opening(path, arguments.repeat),
            **looking(path),
        }
    save("page", result)


if __name__ == "__main__":
    main()
