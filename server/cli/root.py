"""The command `anysense`: its root, which imports a subcommand only when that is asked for."""

from __future__ import annotations

import importlib
import keyword
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli.console import WarningHandler
from anysense.server.cli.errors import question_after, report_error, report_interrupt
from anysense.server.cli.status import DONE, MEANINGS, NO_READER

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS = {
    "find": "Search folders, at once: their index is kept for you.",
    "build": "Build a collection from files, or bring it up to date.",
    "add": "Add files or texts to a collection.",
    "import": "Take in vectors that were made elsewhere.",
    "remove": "Remove items from a collection.",
    "search": "Search by text, image, sound, or several of them.",
    "show": "Show one item.",
    "info": "Say what a collection holds.",
    "verify": "Check every file of a collection.",
    "compact": "Give back the space of removed items.",
    "merge": "Merge parts and other collections into one collection.",
    "publish": "Bring the index up to date, here or in Milvus.",
    "reencode": "Change the models of a collection while it is in use.",
    "eval": "Measure how well a collection answers labelled queries.",
    "bridge": "Let images find sounds where no model knows both.",
    "models": "List the models, or fetch one.",
    "collections": "List or remove what `find` keeps.",
    "demo": "Build and search a collection of sample media.",
    "serve": "Serve collections over HTTP.",
    "mcp": "Give a language model a collection, over MCP.",
    "tools": "Print the tools for language models.",
    "keys": "Make, list and remove keys of the service.",
}
"""What the root's help says of each command. The module of its name holds it, under its name, which
has a line under its end if it is a word of Python's own."""

FOLDERS = {
    **dict.fromkeys(("verify", "compact", "merge", "publish", "reencode", "collections"), "care"),
    "import": "importing",
}
"""The folders of those whose modules are not beside the others."""

EPILOG = "\n".join(
    ["\b\nExit status:", *(f"  {status:<4} {meaning}" for status, meaning in MEANINGS.items())]
)


class Root(click.Group):
    """A group whose commands are in modules of their own, and whose errors are one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        folder = f"{FOLDERS[cmd_name]}." if cmd_name in FOLDERS else ""
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"anysense.server.cli.commands.{folder}{name}")
        command = getattr(module, name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'{question_after(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = "anysense",
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; its exit status is returned, or ends the process if standalone."""
        arguments = list(sys.argv[1:] if args is None else args)
        output = sys.stdout
        try:
            _check_arguments(arguments)
            result = super().main(
                arguments, prog_name, complete_var, standalone_mode=False, **extra
            )
            status = result if isinstance(result, int) else DONE
            sys.stdout.flush()
        except Exception as error:  # whatever it is, the user gets a sentence
            status = report_error(error, debug="--debug" in arguments[:1])
        except KeyboardInterrupt:
            status = report_interrupt()
        except SystemExit:
            if sys.stdout is output:
                raise
            # Click's way out if nobody reads what it prints; it has put another in its place.
            status = NO_READER
        if standalone_mode:
            sys.exit(status)
        return status


def _check_arguments(arguments: Sequence[str]) -> None:
    """See that the words and names of the command line are what was typed.

    Raises:
        UsageError: Python takes what is not ASCII for something else.
    """
    if not all(argument.isascii() for argument in arguments):
        from anysense.index.building.sources.paths import check_name

        for argument in arguments:
            check_name(argument)


def _show_version(ctx: click.Context) -> None:
    from importlib import metadata

    try:
        click.echo(f"anysense {metadata.version('anysense')}")
    except metadata.PackageNotFoundError:
        click.echo("anysense, run from its sources without being installed")
    ctx.exit(DONE)


@click.group(
    "anysense",
    cls=Root,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=lambda ctx, _, is_asked: _show_version(ctx) if is_asked else None,
    help="Show the version and exit.",
)
def cli(debug: bool) -> None:
    """Search words, pictures and sounds together.

    Search folders at once, or build a collection and search that, with a text, an image or a sound:
    every query finds items of every kind.

    \b
      anysense find "waves on a beach" ~/Pictures
      anysense build ~/Pictures ~/Sounds -o my.anysense
      anysense search my.anysense "waves on a beach"
      anysense search my.anysense --image sunset.jpg
    """  # noqa: D301 - click reads the \b itself


def main() -> None:
    """The entry point of the command line."""
    # Where the shell closed a stream, Python has None instead, and most of what writes fails.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - kept
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 - kept
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a file name that the terminal cannot show
    logging.lastResort = WarningHandler()  # which takes what no handler takes that is set up
    cli.main()
