"""Services that the page is asked of, and the browser that it is shown in."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import launched, watched
from filelock import FileLock
from service_process import anysense, serving_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser import Watch
    from playwright.sync_api import Browser, Page

SAMPLES = Path(__file__).parents[2] / "server" / "sample"


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of the sample media with the starter model, built once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    path = shared / "sample.anysense"
    with FileLock(shared / "sample.lock"):
        if not path.exists():
            built = shared / "built.anysense"
            folders = [str(SAMPLES / name) for name in ("photos", "sounds", "notes")]
            done = anysense("build", *folders, "-o", str(built))
            assert done.returncode == 0, done.stdout + done.stderr
            built.rename(path)
    return path


@pytest.fixture(scope="session")
def service(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a service of this worker answers; who adds something removes it again."""
    folder = tmp_path_factory.mktemp("service")
    path = shutil.copytree(sample, folder / "sample.anysense")
    with serving_at(path, folder / "log") as (_, url):
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def seen(chromium: Browser, service: str) -> Iterator[tuple[Page, Watch]]:
    """A page of the service's origin, blank as yet, and what goes wrong in it."""
    with watched(chromium, service) as seen:
        yield seen


@pytest.fixture
def page(seen: tuple[Page, Watch]) -> Page:
    return seen[0]


@pytest.fixture
def watch(seen: tuple[Page, Watch]) -> Watch:
    return seen[1]
