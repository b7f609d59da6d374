"""`anysense tools`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from anysense.adapters.tools import ToolFormat

__all__ = ["tools"]


@click.command(short_help="Print the tools for language models.")
@click.option(
    "--format",
    "tool_format",
    type=click.Choice(["openai", "openai-responses", "anthropic", "json-schema"]),
    required=True,
    help="Whose shape they have: openai is that of chat completions.",
)
@click.option("--allow-write", is_flag=True, help="Those that add and remove items, too.")
def tools(tool_format: ToolFormat, allow_write: bool) -> int:
    """Print the definitions of the tools that `anysense mcp` has, for models without MCP.

    They are one JSON value, as a client of the provider takes it for `tools`; of json-schema it is
    an object with a schema by the name of each tool. Those of OpenAI are strict, so that every
    field is given, and null where nothing is meant; but for add_item, whose metadata may have any
    names.
    """
    from anysense.adapters.tools import written

    console.print_json(written(tool_format, allow_write=allow_write))
    return DONE
