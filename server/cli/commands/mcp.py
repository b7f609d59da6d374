"""`anysense mcp`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from anysense.embed.errors import UsageError
from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, DEVICE
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.server.http.settings import Settings

__all__ = ["mcp"]

KEY = "ANYSENSE_API_KEY"
OF_PATHS = {"device": "--device", "hide_paths": "--hide-paths"}
OF_SERVICES = {"name": "--collection"}
OF_HTTP = {
    "host": "--host",
    "port": "--port",
    "api_key_file": "--api-key-file",
    "allowed_hosts": "--allowed-host",
}


@click.command(short_help="Give a language model a collection, over MCP.")
@COLLECTION
@click.option("--collection", "name", metavar="NAME", help="Which collection of a service.")
@click.option("--allow-write", is_flag=True, help="Have the tools that add and remove items, too.")
@click.option(
    "--media-bytes",
    type=click.IntRange(min=0),
    default=512 * 1024,
    show_default=True,
    metavar="N",
    help="The most base64 of pictures and sounds that an answer holds; the rest is linked.",
)
@click.option(
    "--resource-bytes",
    type=click.IntRange(min=0),
    default=3_932_160,
    show_default=True,
    metavar="N",
    help="The longest file that is given as a resource.",
)
@click.option(
    "--hide-paths", is_flag=True, help="Tell the names of files alone, not in which folders."
)
@click.option("--http", "is_http", is_flag=True, help="Listen at a port, with streamable HTTP.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen, with --http."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="The port, with --http; 0 for any that is free.",
)
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file of keys that `anysense keys` writes, with --http; clients need one of them.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A name, without a port, by which clients call this machine, with --http.",
)
@DEVICE
def mcp(
    path: str,
    name: str | None,
    allow_write: bool,
    media_bytes: int,
    resource_bytes: int,
    hide_paths: bool,
    is_http: bool,
    device: str,
    **listening: Any,
) -> int:
    """Give a language model a collection, over the Model Context Protocol.

    COLLECTION is a path, or the address of a service, such as http://localhost:8000, whose key is
    in the environment as ANYSENSE_API_KEY.

    Without --http a client starts this command itself, and speaks with it over its standard input
    and output; docs/mcp.md says how clients are told of it. With --http it listens for this machine
    alone; beyond, it needs --api-key-file and --allowed-host.

    \b
      anysense mcp my.anysense
      anysense mcp my.anysense --http --port 8001
    """  # noqa: D301 - click reads the \b itself
    from anysense.adapters.mcp.options import Options
    from anysense.adapters.mcp.running import run_http, run_stdio
    from anysense.server.client.connection import is_address

    options = Options(allow_write, media_bytes, resource_bytes, not hide_paths)
    opening: dict[str, Any] = {"device": device}
    if is_address(path):
        refuse_given(OF_PATHS, f"is for a collection of this machine, and {path} is a service's")
        opening = {"api_key": os.environ.get(KEY), "collection": name}
    else:
        refuse_given(OF_SERVICES, f"is for a service, and {path} is no address of one")
    if is_http:
        settings = settings_of(**listening)
        run_http(
            path, options, settings, lambda url: console.note(f"Serving {path} at {url}"), **opening
        )
        return DONE
    refuse_given(OF_HTTP, "goes with --http")
    if sys.stdin is None:  # the shell closed it
        raise UsageError("Standard input, over which a client would speak, is closed; see --http.")
    if sys.stdin.isatty():
        console.note("A client of MCP starts this command and speaks with it: see docs/mcp.md.")
    run_stdio(path, options, **opening)
    return DONE


def refuse_given(options: Mapping[str, str], reason: str) -> None:
    """Refuse options that would have no effect.

    Raises:
        UsageError: one of them was given.
    """
    context = click.get_current_context()
    for name, flag in options.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"{flag} {reason}.")


def settings_of(
    host: str, port: int, api_key_file: Path | None, allowed_hosts: tuple[str, ...]
) -> Settings:
    """Where to listen; all else is as by default, and what the environment says is of `serve`."""
    from anysense.server.http.addresses import check_host
    from anysense.server.http.settings import Settings

    given: dict[str, Any] = {"host": host, "port": port, "api_key_file": api_key_file}
    if allowed_hosts:
        try:
            given["allowed_hosts"] = tuple(map(check_host, allowed_hosts))
        except ValueError as error:
            raise UsageError(f"--allowed-host: {error}.") from None
    return Settings.model_construct(shutdown_timeout=5.0, log_level="warning", **given)
