from __future__ import annotations

import json

import pytest
from command_line import run

from anysense.adapters.tools import FORMATS, written


@pytest.mark.parametrize("tool_format", FORMATS)
@pytest.mark.parametrize("allow_write", [False, True])
def test_the_definitions_are_printed_as_json(tool_format: str, allow_write: bool) -> None:
    options = ["--allow-write"] if allow_write else []
    printed = json.loads(run("tools", "--format", tool_format, *options).stdout)
    assert printed == written(tool_format, allow_write=allow_write)  # type: ignore[arg-type]


def test_a_format_is_one_of_those_that_there_are() -> None:
    for arguments in ((), ("--format", "xml")):
        refused = run("tools", *arguments, status=2)
        assert refused.stdout == ""
        assert "--format" in refused.stderr
    command = run("tools", "-h").stdout
    assert all(name in command for name in FORMATS)
