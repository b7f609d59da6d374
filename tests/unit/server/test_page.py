"""The page: the unit tests of its logic, run by node, and the rules that no tool of npm holds."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WEB = ROOT / "server" / "web"
TESTS = ROOT / "tests" / "page"
BIN = Path(sys.executable).parent
NODE = shutil.which("node", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")

needs_packages = pytest.mark.skipif(
    not (TESTS / "node_modules").is_dir() and "CI" not in os.environ,
    reason="the packages of tests/page are not installed: make install",
)


@needs_packages
def test_logic_of_the_page() -> None:
    assert NODE, "node is not installed: make install"
    done = subprocess.run(
        [NODE, "--test", "--test-reporter=spec"],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ℹ pass [1-9]", done.stdout, re.MULTILINE), done.stdout


def test_locked_packages_name_no_host_and_have_hashes() -> None:
    lock = json.loads((TESTS / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def test_notice_names_what_is_vendored() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    vendored = [folder.name for folder in (WEB / "vendor").iterdir()]
    assert vendored
    assert [name for name in vendored if f"server/web/vendor/{name}" not in notice] == []


def test_the_page_is_small() -> None:
    """What a browser that has none of it yet would load at most, as the service packs it."""
    files = [path for suffix in ("js", "css", "html", "svg") for path in WEB.rglob(f"*.{suffix}")]
    sizes = {path.relative_to(WEB): len(gzip.compress(path.read_bytes())) for path in files}
    assert sum(sizes.values()) < 150_000, sorted(sizes, key=sizes.__getitem__)[-20:]


def test_all_directives_that_are_vendored_are_used() -> None:
    ours = (path for path in WEB.rglob("*.js") if "vendor" not in path.parts)
    sources = [path.read_text(encoding="utf-8") for path in ours]
    directives = [path.name for path in (WEB / "vendor" / "lit-html" / "directives").glob("*.js")]
    assert directives
    unused = [name for name in directives if not any(f"directives/{name}" in s for s in sources)]
    assert unused == []


def test_files_of_the_page_stay_short() -> None:
    """Those that biome has no rule for: style sheets and HTML."""
    files = [path for suffix in ("css", "html") for path in WEB.rglob(f"*.{suffix}")]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: n for path, n in lengths.items() if n > 300} == {}
