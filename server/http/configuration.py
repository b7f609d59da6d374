"""Settings from options, the environment and a file, in this order."""

from __future__ import annotations

import difflib
import os
import stat
import sys
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import ValidationError
from pydantic_settings import InitSettingsSource

from anysense.embed.errors import UsageError
from anysense.server.http.problems import reason_of
from anysense.server.http.settings import PREFIX, Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

__all__ = ["load_settings", "option_names", "unknown_variables"]

SECRETS = ("api_key", "ssl_keyfile_password")
"""Fields that are in a file only if others cannot read it."""
MOST_BYTES = 1024**2
OF_OTHERS = ("ANYSENSE_CACHE", "ANYSENSE_CONFIG")
"""Variables that are no fields of `Settings`."""
OF_KUBERNETES = ("ANYSENSE_SERVICE_", "ANYSENSE_PORT_")
"""What Kubernetes sets by itself in every container beside a service named ``anysense``."""


def load_settings(options: Mapping[str, Any], path: Path | None = None) -> Settings:
    """Settings as a user gives them: an option before the environment, that before the file.

    Args:
        options: fields of `Settings` that were given as options.
        path: a TOML file, with the fields as its keys.

    Raises:
        UsageError: something in them is no setting, or not what the setting takes.
    """
    values = read_file(path) if path is not None else {}

    class Configured(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, values)

    try:
        return Configured(**options)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
    name = str(problem["loc"][0])
    origin, hint = origin_of(name, options, path), ""
    if os.environ.get(origin, "").startswith(("tcp://", "udp://")):  # PORT, of a Service's links
        hint = (
            "; Kubernetes sets it beside a service named anysense, unless the pod has "
            "enableServiceLinks: false"
        )
    raise UsageError(f"{origin}: {reason_of(problem)}{hint}.")


def option_names(name: str) -> list[str]:
    """What a setting is called on the command line, the usual name first.

    Of those that have several values one is given at a time, so they are called in the singular.
    """
    plural = "--" + name.replace("_", "-")
    is_list = get_origin(Settings.model_fields[name].annotation) is tuple
    return list(dict.fromkeys([plural.removesuffix("s"), plural])) if is_list else [plural]


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Sentences about variables that look like settings and are none."""
    names = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | set(OF_OTHERS)
    return [
        f"The variable {variable} is no setting{question(variable, names)}"
        for variable in sorted(environment)
        if variable.upper().startswith(PREFIX)
        and variable.upper() not in names
        and not variable.startswith(OF_KUBERNETES)
    ]


def read_file(path: Path) -> dict[str, Any]:
    """The settings in a TOML file."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
            mode = os.fstat(file.fileno()).st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"The settings in {path} cannot be read: {reason}.") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path} is over {MOST_BYTES:,} bytes: it is no file of settings.")
    try:
        values = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"The settings in {path} are not TOML: {error}.") from None
    for name in values:
        if name not in Settings.model_fields:
            end = question(name, Settings.model_fields)
            raise UsageError(f"{path}: {name!r} is no setting{end}")
        if name in SECRETS and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(
                f"{path} holds {name}, and other users can read it: type `chmod 600 {path}`, or "
                "give it in the environment."
            )
    return values


def question(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else "; they are in docs/cli.md."


def origin_of(name: str, options: Mapping[str, Any], path: Path | None) -> str:
    """Where the value of a setting came from, as its user knows it."""
    if name in options:
        return option_names(name)[0]
    variable = f"{PREFIX}{name}".upper()
    if any(key.upper() == variable for key in os.environ):
        return variable
    return f"{path}, {name}"
