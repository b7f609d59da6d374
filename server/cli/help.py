"""The page docs/cli.md, made from the commands' own help.

python -m anysense.server.cli.help > docs/cli.md
"""

from __future__ import annotations

import inspect

import click

from anysense.server.cli.root import COMMANDS, cli
from anysense.server.cli.status import MEANINGS

__all__ = ["help_page"]

HEADER = """\
# The command line

This page is made from the help of the commands themselves: change it there, then run
`python -m anysense.server.cli.help > docs/cli.md`.
"""


def help_page() -> str:
    """The whole page, in Markdown."""
    root = cli.make_context("anysense", [], resilient_parsing=True)
    sections = [HEADER, _text(cli), _options(cli, root), _exit_statuses()]
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        sections += _sections(command, click.Context(command, root, info_name=name))
    return "\n".join(section for section in sections if section)


def _sections(command: click.Command, context: click.Context) -> list[str]:
    """A command and, if it is a group, its subcommands."""
    usage = " ".join(command.collect_usage_pieces(context))
    sections = [
        f"## {context.command_path}\n",
        f"```text\n{context.command_path} {usage}\n```\n",
        _text(command),
        _options(command, context),
    ]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            sections += _sections(inner, click.Context(inner, context, info_name=name))
    return sections


def _text(command: click.Command) -> str:
    """What a command says of itself; a paragraph that click may not wrap is code."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n".join(_paragraph(paragraph) for paragraph in paragraphs)


def _paragraph(paragraph: str) -> str:
    if not paragraph.startswith("\b\n"):
        return paragraph + "\n"
    lines = [line.strip() for line in paragraph.splitlines()[1:]]
    return "```sh\n" + "\n".join(lines) + "\n```\n"


def _options(command: click.Command, context: click.Context) -> str:
    records = [
        parameter.get_help_record(context)
        for parameter in command.get_params(context)
        if "--help" not in parameter.opts
    ]
    lines = [
        f"- `{record[0]}`: {record[1]}" for record in records if record is not None and record[1]
    ]
    return "\n".join(lines) + "\n"


def _exit_statuses() -> str:
    table = "\n".join(f"| {status} | {meaning} |" for status, meaning in MEANINGS.items())
    return f"| exit status | meaning |\n| --- | --- |\n{table}\n"


if __name__ == "__main__":
    click.echo(help_page(), nl=False)
