"""Settings from options, variables and a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from anysense.embed.errors import UsageError
from anysense.server.http.configuration import load_settings, option_names, unknown_variables


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "anysense.toml"
    path.write_text('port = 1\nhost = "::1"\nlog_level = "debug"\nallowed_hosts = ["a", "b"]\n')
    return path


def test_an_option_comes_before_the_environment_and_that_before_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings({}, file).port == 1
    monkeypatch.setenv("ANYSENSE_PORT", "2")
    monkeypatch.setenv("ANYSENSE_HOST", "127.0.0.2")
    settings = load_settings({"port": 3}, file)
    assert (settings.port, settings.host, settings.log_level) == (3, "127.0.0.2", "debug")
    assert settings.allowed_hosts == ("a", "b")
    assert settings.device == "auto"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 1", "'prot' is no setting; did you mean port?"),
        ("port = 1\n[zzz]\n", "'zzz' is no setting; they are in docs/cli.md."),
        ('port = "x"', "port: it must be a whole number."),
        ("port = ", "are not TOML"),
        ("a = " + "[" * 2000, "are not TOML"),
        ("\xff", "are not TOML"),
        ('api_key = "0123456789abcdef"', "other users can read it"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_a_sentence(file: Path, content: str, said: str) -> None:
    file.write_text(content, encoding="latin-1")
    file.chmod(0o644)
    with pytest.raises(UsageError) as refused:
        load_settings({}, file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, Path("a\0b")):
        with pytest.raises(UsageError, match="cannot be read"):
            load_settings({}, path)
    with pytest.raises(UsageError, match="it is no file of settings"):
        load_settings({}, Path("/dev/zero"))


def test_a_file_of_ones_own_may_hold_a_key(file: Path) -> None:
    file.write_text('api_key = "0123456789abcdef"')
    file.chmod(0o600)
    assert load_settings({}, file).api_key is not None


def test_it_is_said_where_a_wrong_value_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"^--port: it must be at most 65,535\.$"):
        load_settings({"port": 99999})
    with pytest.raises(UsageError, match=r"^--allowed-origin: '\*' is not an origin"):
        load_settings({"allowed_origins": ("*",)})
    with pytest.raises(UsageError, match=r"^--root: 'nowhere' is not a folder of this machine\.$"):
        load_settings({"roots": ("nowhere",)})
    monkeypatch.setenv("ANYSENSE_PORT", "tcp://10.0.0.1:8000")
    with pytest.raises(UsageError, match=r"^ANYSENSE_PORT: .* enableServiceLinks: false\.$"):
        load_settings({})
    monkeypatch.delenv("ANYSENSE_PORT")
    monkeypatch.setenv("ANYSENSE_API_KEY", "")
    with pytest.raises(UsageError, match=r"^ANYSENSE_API_KEY: it is empty; leave it out"):
        load_settings({})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("connections", 0, "at least 1"),
        ("write_threads", 0, "at least 1"),
        ("body_rate", 0, "at least 1"),
        ("header_seconds", 0.0, "over 0"),
        ("answer_seconds", float("nan"), "over 0"),
        ("shutdown_timeout", -1.0, "negative"),
        ("api_key_file", 3, "a path"),
        ("allowed_hosts", 3, "a list"),
        ("tracing", "perhaps", "true or false"),
    ],
)
def test_a_value_that_no_service_could_run_with_is_refused(
    name: str, value: object, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        load_settings({name: value})
    assert "Input" not in str(refused.value)  # pydantic's own words


def test_a_variable_that_is_no_setting_is_told() -> None:
    environment = {
        "ANYSENSE_API_KEYS_FILE": "x",
        "ANYSENSE_CACHE": "x",
        "ANYSENSE_HOST": "x",
        "ANYSENSE_PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "HOME": "x",
    }
    (sentence,) = unknown_variables(environment)
    assert sentence.endswith(
        "ANYSENSE_API_KEYS_FILE is no setting; did you mean ANYSENSE_API_KEY_FILE?"
    )


def test_options_are_called_as_settings_are() -> None:
    assert option_names("api_key_file") == ["--api-key-file"]
    assert option_names("allowed_hosts") == ["--allowed-host", "--allowed-hosts"]
