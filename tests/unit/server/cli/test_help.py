from __future__ import annotations

from pathlib import Path


def test_the_help_page_is_as_the_commands_say() -> None:
    from anysense.server.cli.help import help_page

    page = Path(__file__).parents[4] / "docs" / "cli.md"
    assert page.read_text() == help_page(), "run `python -m anysense.server.cli.help > docs/cli.md`"
