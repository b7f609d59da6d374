"""A real service, held to its OpenAPI document by requests that schemathesis makes up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
from http_client import png, wav
from service_process import serving_at

from anysense.index.collection import Collection
from anysense.index.types import NewItem

pytestmark = [pytest.mark.integration, pytest.mark.slow]

HOOKS = Path(__file__).parents[1] / "support" / "fuzz_hooks.py"
KEY = "anysense_" + "k" * 43
# Every check but for these: no schema tells which bytes are a picture or which text a filter; and
# items have the ids of the examples, so that what one sequence adds another one removes. The hooks
# bring one in place of the last.
LEFT_OUT = (
    "positive_data_acceptance,ensure_resource_availability,use_after_free,negative_data_rejection"
)
# It cannot always tell whether a form with files that it has made up fits the schema.
FAULT_OF_ITS_OWN = "Runtime Error\n\nUnsupported type: 'Binary'\n"
CONFIG = """
# What a client has asked for, by a `timeout`, is no failure of the service.
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 504]

# A head or a body that is too long is refused as such, before anything in it is looked at.
[checks.negative_data_rejection]
expected-statuses = ["4xx", "5xx"]

# Each item of these is looked at by itself, and refused in its own result.
[[operations]]
include-operation-id-regex = "_batch(_in_collection)?$"
[operations.checks.what_breaks_the_document_is_refused]
enabled = false
"""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A text, a picture and a sound, under the ids of the document's examples."""
    tiny.register()
    (tmp_path / "red.png").write_bytes(png("red"))
    (tmp_path / "low.wav").write_bytes(wav(110.0))
    path = tmp_path / "things.anysense"
    with Collection.create(path, ["tiny"]) as collection:
        items = [
            NewItem("red", id="note-1", metadata={"year": 2021}),
            NewItem(tmp_path / "red.png", id="3f9a0c5b12d47e88"),
            NewItem(tmp_path / "low.wav", id="low"),
        ]
        assert collection.add(items).failed == []
    return path


@pytest.fixture
def key_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYSENSE_API_KEY", KEY)


def fuzz(folder: Path, url: str, seconds: int, *options: str) -> None:
    """Let schemathesis try a service; its report is the message of a failure."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
    command += ["run", f"{url}/openapi.json", "--max-time", str(seconds), "--seed", "1"]
    command += ["--exclude-checks", LEFT_OUT, "--continue-on-failure", "--no-color"]
    command += ["--generation-database", "none", "--warnings", "off", *options]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)}
    environment.pop("ANYSENSE_API_KEY", None)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    report = done.stdout + done.stderr
    if done.returncode == 0 or FAULT_OF_ITS_OWN not in report:
        assert done.returncode == 0, report
        return
    assert "= FAILURES =" not in report, report
    errors = report.rpartition("Errors:\n")[2].partition("\n\n")[0].strip()
    assert errors == f"🚫 Runtime Error: {report.count(FAULT_OF_ITS_OWN)}", report


@pytest.mark.parametrize("seconds", [15, pytest.param(300, marks=pytest.mark.thorough)])
def test_the_service_keeps_to_its_document(tmp_path: Path, collection: Path, seconds: int) -> None:
    with serving_at(collection, tmp_path / "log") as (process, url):
        fuzz(tmp_path, url, seconds)
        assert process.poll() is None
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.usefixtures("key_variable")
@pytest.mark.parametrize("seconds", [10, pytest.param(30, marks=pytest.mark.thorough)])
def test_with_keys_too(tmp_path: Path, collection: Path, seconds: int) -> None:
    with serving_at(collection, tmp_path / "log") as (process, url):
        fuzz(tmp_path, url, seconds, "--header", f"Authorization: Bearer {KEY}")
        assert process.poll() is None
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
