from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from command_line import run
from service_process import process_environment

from anysense.adapters.mcp.options import MEDIA_BYTES, RESOURCE_BYTES, Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anysense.server.http.settings import Settings


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was to be served, and how, in place of serving it."""
    from anysense.adapters.mcp import running

    calls: list[tuple[Any, ...]] = []

    def run_stdio(source: str, options: Options, **opening: Any) -> None:
        calls.append((source, options, opening))

    def run_http(
        source: str,
        options: Options,
        settings: Settings,
        on_start: Callable[[str], None],
        **opening: Any,
    ) -> None:
        on_start("http://somewhere/mcp")
        calls.append((source, options, opening, settings))

    monkeypatch.setattr(running, "run_stdio", run_stdio)
    monkeypatch.setattr(running, "run_http", run_http)
    return calls


def test_by_default_a_collection_is_read_over_standard_input(
    began: list[tuple[Any, ...]], built: Path
) -> None:
    result = run("mcp", built)
    assert result.stdout == ""
    assert began == [(str(built), Options(), {"device": "auto"})]
    assert Options() == Options(
        allow_write=False,
        media_bytes=MEDIA_BYTES,
        resource_bytes=RESOURCE_BYTES,
        show_paths=True,
    )


def test_the_key_of_a_service_comes_from_the_environment_alone(
    began: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYSENSE_API_KEY", "secret")
    run("mcp", "http://search.example", "--collection", "notes", "--allow-write")
    run("mcp", "/a/path", "--hide-paths")
    (source, options, opening), here = began
    assert source == "http://search.example"
    assert opening == {"api_key": "secret", "collection": "notes"}
    assert options == Options(allow_write=True)
    assert here == ("/a/path", Options(show_paths=False), {"device": "auto"})
    assert "secret" not in run("mcp", "-h").stdout


def test_over_http_it_listens_as_it_is_told_and_not_as_the_service_is(
    began: list[tuple[Any, ...]], built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYSENSE_PORT", "1")
    monkeypatch.setenv("ANYSENSE_ALLOWED_HOSTS", "*")
    result = run("mcp", built, "--http", "--media-bytes", "0")
    assert result.stderr == f"Serving {built} at http://somewhere/mcp\n"
    keys = tmp_path / "keys"
    run(
        *("mcp", built, "--http", "--host", "0.0.0.0", "--port", "5", "--api-key-file", keys),
        *("--allowed-host", "A.example"),
    )
    [(_, options, _, here), (_, _, _, everywhere)] = began
    assert options.media_bytes == 0
    assert (here.host, here.port, here.api_key_file) == ("127.0.0.1", 8001, None)
    assert "allowed_hosts" not in here.model_fields_set
    assert (everywhere.host, everywhere.port) == ("0.0.0.0", 5)
    assert (everywhere.api_key_file, everywhere.allowed_hosts) == (keys, ("a.example",))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--collection", "notes"], "--collection is for a service, and "),
        (["--port", "80"], "--port goes with --http."),
        (["--host", "0.0.0.0"], "--host goes with --http."),
        (["--api-key-file", "keys"], "--api-key-file goes with --http."),
        (["--allowed-host", "a.example"], "--allowed-host goes with --http."),
        (["--http", "--allowed-host", "a.example:80"], "--allowed-host: 'a.example:80' is not"),
        (["--media-bytes", "-1"], "Invalid value for '--media-bytes'"),
    ],
)
def test_what_does_not_fit_together_is_refused(built: Path, options: list[str], said: str) -> None:
    assert said in run("mcp", built, *options, status=2).stderr


def test_a_service_runs_its_models_and_shows_its_paths_as_it_likes() -> None:
    for option in (["--device", "cpu"], ["--hide-paths"]):
        said = run("mcp", "http://search.example", *option, status=2).stderr
        assert f"{option[0]} is for a collection of this machine, and http://search" in said


def test_what_is_not_there_is_told_before_any_client_is_answered(tmp_path: Path) -> None:
    refused = run("mcp", tmp_path / "nothing", status=1)
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"error: No collection at {tmp_path / 'nothing'}")


def test_without_its_package_it_says_what_to_install(built: Path) -> None:
    words = f"['anysense', 'mcp', {str(built)!r}]"
    code = (
        f"import sys; sys.modules['mcp'] = None; sys.argv = {words}; import tiny; tiny.register();"
        "from anysense.server.cli.root import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=process_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("is not installed: pip install 'anysense[mcp]'.\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "At 0.0.0.0 everybody who reaches this machine could use"),
        (["--host", "0.0.0.0", "--api-key-file", "KEYS"], "as in --allowed-host search.example"),
        (["--host", "::", "--api-key-file", "KEYS", "--allowed-host", "*"], "so that no page"),
        (["--api-key-file", "NOTHING"], "The keys in NOTHING cannot be read"),
    ],
)
def test_beyond_this_machine_it_needs_keys_and_names(
    built: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    run("keys", "add", tmp_path / "KEYS", "ada")
    words = [str(tmp_path / word) if word == "KEYS" else word for word in options]
    assert said in run("mcp", built, "--http", "--port", "0", *words, status=2).stderr
