from __future__ import annotations

from command_line import run, run_json

from anysense.embed.encoders.registry import list_models


def test_models_lists_the_documented_models() -> None:
    payload = run_json("models")
    assert [card["name"] for card in payload["models"]] == [card.name for card in list_models()]
    assert run_json("models", "list") == payload
    lines = run("models").stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [c.name for c in list_models()]
    assert "its weights are here" in lines[1]  # those of starter
    # As when it is asked to build with one.
    refused = run("models", "pull", "no-such-model", status=1).stderr
    assert refused.startswith("error: There is no encoder 'no-such-model'")
