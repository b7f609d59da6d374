"""The settings as options."""

from __future__ import annotations

import click
from pydantic import SecretStr

from anysense.server.cli.commands.serve import serve
from anysense.server.http.settings import Settings


def test_each_setting_is_an_option_with_its_description_and_default() -> None:
    options = {p.name: p for p in serve.params if isinstance(p, click.Option)}
    secrets = {
        n
        for n, f in Settings.model_fields.items()
        if SecretStr in getattr(f.annotation, "__args__", ())
    }
    assert secrets == {"api_key", "ssl_keyfile_password"}
    assert set(Settings.model_fields) - {"collections"} - secrets == set(options) - {"config"}
    for option in options.values():
        assert option.help is not None
        assert len(option.help) > 10, option.name
    assert options["port"].help == "The port; 0 for any that is free.  [default: 8000]"
    assert options["allowed_hosts"].opts == ["--allowed-host", "--allowed-hosts"]
    assert options["warm_up"].secondary_opts == ["--no-warm-up"]
