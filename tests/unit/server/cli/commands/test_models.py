from __future__ import annotations

from command_line import run, run_json

from anysense.embed.encoders.registry import list_models


def test_models_lists_the_documented_models() -> None:
    payload = run_json("models")
    assert [card["name"] for card in payload["models"]] == [card.name for card in list_models()]
    assert run_json("models", "list") == payload
    lines = run("models").stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [c.name for c in list_models()]
    assert "; here. Comes" in lines[1]  # the weights of starter
    assert "moderate; Apache-2.0; profile starter" in lines[1]
    assert (
        "    Pictures by text, R@1: COCO 52.1 % (Tschannen et al. 2025, arXiv:2502.14786)." in lines
    )
    [siglip] = [c for c in payload["models"] if c["name"] == "openclip:ViT-B-16-SigLIP2/webli"]
    assert (siglip["speed"], siglip["gflop"], siglip["is_commercial"]) == ("moderate", 35.4, True)
    assert siglip["figures"] == [
        {
            "benchmark": "COCO",
            "value": 52.1,
            "source": "Tschannen et al. 2025, arXiv:2502.14786",
            "task": "pictures by text",
            "measure": "R@1",
        }
    ]
    [music] = [c for c in payload["models"] if c["name"] == "clap:laion/larger_clap_music"]
    assert "no better than chance" in music["warning"]
    # As when it is asked to build with one.
    refused = run("models", "pull", "no-such-model", status=1).stderr
    assert refused.startswith("error: There is no encoder 'no-such-model'")
