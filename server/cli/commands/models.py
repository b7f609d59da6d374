"""`anysense models`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.options import JSON
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from anysense.embed.encoders.cards.card import ModelCard

__all__ = ["models"]


@click.group(invoke_without_command=True, short_help="List the models, or fetch one.")
@JSON
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> int:
    """List the documented models, or fetch one. Any other model that a name describes works too."""
    return print_models(as_json) if ctx.invoked_subcommand is None else DONE


@models.command("list", short_help="List the models.")
@JSON
def list_command(as_json: bool) -> int:
    """List the models: what they encode, how large, fast and good they are, and which are here.

    Of a picture, ten seconds of sound or a long text, whichever costs most, a quick model takes up
    to 20 GFLOP and a moderate one up to 100; a heavy one takes more and wants a GPU.
    """
    return print_models(as_json)


def print_models(as_json: bool) -> int:
    from anysense.embed.encoders.registry import list_models

    cards = list_models()
    if as_json:
        console.print_json({"models": [_card_json(card) for card in cards]})
        return DONE
    for card in cards:
        _print_card(card)
    return DONE


def _print_card(card: ModelCard) -> None:
    """Print a card: a name that can be copied, then what is known of the model."""
    kinds = ", ".join(sorted(m.value for m in card.modalities))
    facts = [kinds, console.show_size(card.size_bytes), str(card.speed), card.licence]
    facts += [f"profile {name}" for name in card.profiles]
    facts += ["here" if card.available else "not here"]
    click.secho(card.name, bold=True)
    for line in (f"{'; '.join(facts)}. {card.summary}", _capital(card.quality), card.warning):
        if line:
            click.echo(click.wrap_text(line, 88, "    ", "    "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + ("." if text else "")


def _card_json(card: ModelCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "modalities": sorted(m.value for m in card.modalities),
        "dimension": card.dimension,
        "parameters": card.parameters,
        "size_bytes": card.size_bytes,
        "licence": card.licence,
        "is_commercial": card.is_commercial,
        "speed": card.speed.value,
        "gflop": round(card.gflop, 1),
        "figures": [asdict(figure) for figure in card.figures],
        "available": card.available,
        "profiles": list(card.profiles),
        "summary": card.summary,
        "warning": card.warning,
    }


@models.command("pull", short_help="Fetch a model's weights.")
@click.argument("name")
def pull_command(name: str) -> int:
    """Fetch a model's weights from where they are published, and verify them."""
    from anysense.embed.encoders.registry import pull_model

    where = pull_model(name, progress=_show_progress if sys.stderr.isatty() else None)
    if sys.stderr.isatty():
        click.echo(err=True)
    click.echo(f"{name} is here: {where}")
    return DONE


def _show_progress(file: str, done: int, total: int | None) -> None:
    """Rewrite one line of the terminal with how much of a file is here."""
    size = console.show_size(done)
    if total is not None:
        size += f" of {console.show_size(total)}"
    click.echo(f"\r\033[K{file}: {size}", nl=False, err=True)
