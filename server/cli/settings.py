"""The settings of the service as options of a command."""

from __future__ import annotations

import inspect
import re
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin

import click
from pydantic import SecretStr

from anysense.server.http.configuration import option_names
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["setting_options"]

CommandT = TypeVar("CommandT", bound="Callable[..., Any]")
TYPES = {int: click.INT, float: click.FLOAT, bool: click.BOOL}
PARAGRAPH = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def setting_options(*, without: tuple[str, ...] = ()) -> Callable[[CommandT], CommandT]:
    """Give a command an option for each setting, None if it is not given; what is secret has none.

    Args:
        without: settings that the command takes in another way.
    """
    texts = descriptions()
    names = [
        name
        for name, field in Settings.model_fields.items()
        if name not in without and SecretStr not in get_args(field.annotation)
    ]

    def decorate(command: CommandT) -> CommandT:
        for name in reversed(names):  # as decorators stand above each other
            command = option(name, texts[name])(command)
        return command

    return decorate


def descriptions() -> dict[str, str]:
    """What the docstring of `Settings` says of each, its first sentence."""
    paragraphs = PARAGRAPH.findall(inspect.cleandoc(Settings.__doc__ or ""))
    said = {name: " ".join(text.split()) for name, text in paragraphs}
    first = {name: re.split(r"(?<=[a-z)`])\. ", text)[0] for name, text in said.items()}
    return {
        name: (first.get(name, "")[:1].upper() + first.get(name, "")[1:]).replace("`", "")
        for name in Settings.model_fields
    }


def option(name: str, text: str) -> Callable[[CommandT], CommandT]:
    field = Settings.model_fields[name]
    default = field.default
    shown = ", ".join(default) if isinstance(default, tuple) else default
    is_shown = shown is not None and shown != "" and shown is not False
    sentence = text.rstrip(".") + "."
    flags = option_names(name)
    if field.annotation is bool:
        flags = [f"{flags[0]}/--no-{flags[0][2:]}"] if default else flags
        kind: dict[str, Any] = {"is_flag": True, "default": None}
        sentence += "  [default: yes]" if default else ""
    else:
        kind = {
            "type": click_type(field.annotation),
            "multiple": get_origin(field.annotation) is tuple,
            "metavar": "FILE" if Path in (field.annotation, *get_args(field.annotation)) else None,
        }
        sentence += f"  [default: {shown}]" if is_shown else ""
    return click.option(*flags, name, help=sentence, **kind)


def click_type(annotation: Any) -> Any:
    """The type of an option; what it leaves open, the settings check."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Literal:
        return click.Choice(get_args(annotation))
    return TYPES.get(annotation, click.STRING)
