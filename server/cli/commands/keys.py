"""`anysense keys`."""

from __future__ import annotations

from pathlib import Path

import click

from anysense.server.cli import console
from anysense.server.cli.options import JSON
from anysense.server.cli.status import DONE

__all__ = ["keys"]

FILE = click.argument("path", metavar="FILE")


@click.group(short_help="Make, list and remove keys of the service.")
def keys() -> None:
    """Make, list and remove the keys that let programs use a service.

    `anysense serve --api-key-file FILE` takes them; it sees a change of the file within a second.
    """


@keys.command("add", short_help="Make a key.")
@FILE
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["read", "write"]),
    multiple=True,
    help="What the key may do: read is to search and read, write to add and remove; both if none "
    "is given.",
)
def add_command(path: str, name: str, scopes: tuple[str, ...]) -> int:
    """Make a key and print it. It is not kept, only a hash of it: nobody can print it again."""
    from anysense.embed.errors import UsageError
    from anysense.server.http.access.key_file import changing_keys, check_name
    from anysense.server.http.access.keys import SCOPES, new_key, new_secret

    check_name(name)
    secret = new_secret()
    with changing_keys(Path(path)) as kept:
        if any(key.name == name for key in kept):
            raise UsageError(
                f"There is a key named {name} in {path} already: remove it, or choose another name."
            )
        kept.append(new_key(name, [s for s in SCOPES if s in scopes] or SCOPES, secret))
    console.note(f"The key {name}, which is shown only now:")
    click.echo(secret)
    return DONE


@keys.command("list", short_help="List the keys.")
@FILE
@JSON
def list_command(path: str, as_json: bool) -> int:
    """List the names of the keys, and what each may do."""
    from anysense.server.http.access.key_file import read_keys
    from anysense.server.http.access.keys import SCOPES

    rows = [(key.name, [s for s in SCOPES if s in key.scopes]) for key in read_keys(Path(path))]
    if as_json:
        console.print_json({"keys": [{"name": name, "scopes": scopes} for name, scopes in rows]})
        return DONE
    for name, scopes in rows:
        click.echo(f"{name}  {','.join(scopes)}")
    return DONE


@keys.command("remove", short_help="Remove a key.")
@FILE
@click.argument("name")
def remove_command(path: str, name: str) -> int:
    """Remove a key: a service that runs no longer takes it, a second later."""
    from anysense.embed.errors import UsageError
    from anysense.server.http.access.key_file import changing_keys

    with changing_keys(Path(path)) as kept:
        others = [key for key in kept if key.name != name]
        if len(others) == len(kept):
            raise UsageError(f"There is no key named {name} in {path}.")
        kept[:] = others
    console.note(f"Removed the key {name}.")
    return DONE
