from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

if TYPE_CHECKING:
    from pathlib import Path


def test_verify_says_that_all_is_well(built: Path) -> None:
    assert run_json("verify", built)["ok"] is True
    assert "as it was written" in run("verify", built).stdout


def test_verify_tells_damage(built: Path) -> None:
    [index] = built.glob("gen-*/*.faiss")
    data = bytearray(index.read_bytes())
    data[len(data) // 2] ^= 1
    index.write_bytes(bytes(data))
    payload = run_json("verify", built, status=1)
    assert payload["ok"] is False
    assert run("verify", built, status=1).stderr == f"error: {payload['problems'][0]}\n"
