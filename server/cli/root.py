"""The command `anysense`: its root, which imports a subcommand only when that is asked for."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.embed.errors import AnysenseError, UsageError
from anysense.server.cli.console import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "COMMANDS",
    "DONE",
    "ERROR",
    "INTERRUPTED",
    "NO_READER",
    "PARTIAL",
    "USAGE",
    "cli",
    "main",
]

DONE, ERROR, USAGE, PARTIAL, INTERRUPTED, NO_READER = 0, 1, 2, 3, 130, 141

# The name of each command, the module that holds it, and what the root's help says of it.
COMMANDS: dict[str, tuple[str, str]] = {
    "build": ("build", "Build a collection from files, or bring it up to date."),
    "add": ("add", "Add files or texts to a collection."),
    "remove": ("add", "Remove items from a collection."),
    "search": ("search", "Search by text, image, sound, or several of them."),
    "show": ("search", "Show one item."),
    "info": ("info", "Say what a collection holds."),
    "verify": ("info", "Check every file of a collection."),
    "compact": ("info", "Give back the space of removed items."),
    "eval": ("eval", "Measure how well a collection answers labelled queries."),
    "bridge": ("bridge", "Let images find sounds where no model knows both."),
    "models": ("models", "List the models, or fetch one."),
    "demo": ("demo", "Build and search a collection of sample media."),
    "serve": ("serve", "Serve a collection over HTTP."),
}

EPILOG = """\b
Exit status:
  0    done
  1    an error, said in one sentence on standard error
  2    the command was used wrongly; nothing was done
  3    done in part: some files could not be read
  130  stopped by Ctrl-C; the same command goes on from there
  141  what read the output, such as `head`, had enough"""


class Root(click.Group):
    """A group whose commands are in modules of their own, and whose errors are one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"anysense.server.cli.commands.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'{_near(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

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
        given = list(sys.argv[1:] if args is None else args)
        output = sys.stdout
        try:
            result = super().main(given, prog_name, complete_var, standalone_mode=False, **extra)
            status = result if isinstance(result, int) else DONE
            sys.stdout.flush()
        except Exception as error:  # whatever it is, the user gets a sentence
            status = _report(error, debug="--debug" in given[:1])
        except KeyboardInterrupt:
            click.echo("error: stopped.", err=True)
            status = INTERRUPTED
        except SystemExit:
            if sys.stdout is output:
                raise
            # Click's way out if nobody reads what it prints; it has put another in its place.
            status = NO_READER
        if standalone_mode:
            sys.exit(status)
        return status


def _report(error: Exception, debug: bool) -> int:
    """Say on standard error what went wrong; the exit status."""
    if isinstance(error, BrokenPipeError):  # the reader, such as `head`, has had enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return USAGE
    if isinstance(error, click.exceptions.Abort):
        click.echo("error: stopped.", err=True)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        click.echo(f"error: {_sentence(_told(error))}", err=True)
        context = getattr(error, "ctx", None)
        if context is not None:
            click.echo(f"Type `{context.command_path} -h` for help.", err=True)
        return USAGE if isinstance(error, click.UsageError) else ERROR
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, AnysenseError):
        click.echo(f"error: {_sentence(str(error))}", err=True)
        return USAGE if isinstance(error, UsageError) else ERROR
    if isinstance(error, OSError) and error.filename is None:  # from writing what it has to say
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"error: The output could not be written: {error.strerror}.", err=True)
        return ERROR
    what = f"{type(error).__name__}: {error}".strip().rstrip(":")
    click.echo(f"error: {_sentence(what)}", err=True)
    hint = "report it with the traceback" if debug else "see the traceback with `anysense --debug`"
    click.echo(f"This is a bug in anysense: {hint}.", err=True)
    return ERROR


def _told(error: click.ClickException) -> str:
    """What click says of an error; of an unknown option, with one that was perhaps meant."""
    if isinstance(error, click.NoSuchOption) and error.option_name.startswith("-"):
        near = _near(error.option_name, error.possibilities or ())
        return f"No such option '{error.option_name}'{near}"
    return error.format_message()


def _near(name: str, names: Iterable[str]) -> str:
    """A question after one of the names, if one is like a name that does not exist."""
    import difflib

    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _sentence(message: str) -> str:
    """A message on one line that ends like a sentence."""
    text = " ".join(printable(message).split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


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
    callback=lambda ctx, _, given: _show_version(ctx) if given else None,
    help="Show the version and exit.",
)
def cli(debug: bool) -> None:
    """Search words, pictures and sounds together.

    Build a collection from a folder, then search it with a text, an image or a sound: every query
    finds items of every kind.

    \b
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
    cli.main()
