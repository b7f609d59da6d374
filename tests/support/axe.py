"""axe-core over a page: what of WCAG 2.2 AA a program can check."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["breaches", "needs_axe"]

SCRIPT = Path(__file__).parents[1] / "page" / "node_modules" / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(
    not SCRIPT.is_file() and "CI" not in os.environ,
    reason="axe-core is not installed: make install",
)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN = """async (tags) => {
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, any, all }) =>
      `${id}: ${help}: ${target.join(" ")}: ${[...any, ...all].map((one) => one.message)}`));
}"""


def breaches(page: Page) -> list[str]:
    """What the page, as it stands now, does against WCAG; a sentence with the place for each."""
    # Colours are as they will be once what moves has come to rest.
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))")
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RUN, TAGS)
    return found
