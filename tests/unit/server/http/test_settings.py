"""What settings take, and from where."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest
from pydantic import ValidationError

from anysense.server.http.access.rates import Rate
from anysense.server.http.settings import Settings


def test_each_setting_is_described() -> None:
    lines = inspect.getdoc(Settings) or ""
    assert [name for name in Settings.model_fields if f"\n    {name}: " not in lines] == []


def test_variables_are_read_and_lists_have_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYSENSE_PORT", "8080")
    monkeypatch.setenv("ANYSENSE_ALLOWED_HOSTS", "Search.example, b.example")
    monkeypatch.setenv("ANYSENSE_WARM_UP", "false")
    settings = Settings()
    assert (settings.port, settings.warm_up) == (8080, False)
    assert settings.allowed_hosts == ("search.example", "b.example")
    assert Settings(port=1).port == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", -1),
        ("port", 65536),
        ("port", "x"),
        ("host", ""),
        ("read_threads", 0),
        ("body_bytes", -1),
        ("body_bytes", math.inf),
        ("api_key", ""),
        ("api_key", "two words"),
        ("api_key", "schlüssel"),
        ("api_key", "line\nline"),
        ("rate_limit", "100"),
        ("rate_limit", "0/minute"),
        ("rate_limit", "10/second:0"),
        ("allowed_hosts", ("a.example:80",)),
        ("allowed_hosts", ("http://a.example",)),
        ("allowed_origins", ("*",)),
        ("allowed_origins", ("null",)),
        ("allowed_origins", ("https://a.example/",)),
        ("allowed_origins", ("a.example",)),
        ("forwarded_allow_ips", ("proxy",)),
        ("root_path", "anysense"),
        ("root_path", "/a//b"),
        ("root_path", "/a?b"),
        ("no_such_setting", 1),
    ],
)
def test_what_no_setting_takes_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**{name: value})
    assert refused.value.errors()[0]["loc"][0] == name


def test_what_is_taken_is_written_one_way() -> None:
    settings = Settings(
        rate_limit="10/second:50",  # type: ignore[arg-type]  # as files write it
        allowed_origins=("HTTPS://App.Example",),
        root_path="/a/b/",
        forwarded_allow_ips=("10.0.0.0/8", "*"),
    )
    assert settings.rate_limit == Rate(10, 1, 50)
    assert settings.allowed_origins == ("https://app.example",)
    assert settings.root_path == "/a/b"


def test_a_key_is_not_shown_and_nothing_can_be_changed() -> None:
    settings = Settings(api_key="a-secret-of-a-team")  # type: ignore[arg-type]  # as users do
    assert "a-secret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
