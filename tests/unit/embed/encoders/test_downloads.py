"""What each kind of encoder says that it downloads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from scripts import check_script

from anysense.embed.encoders.clap import names as clap
from anysense.embed.encoders.openclip import names as openclip
from anysense.embed.encoders.peav import names as peav
from anysense.embed.encoders.registry import pull_model
from anysense.embed.encoders.sentence import names as sentence
from anysense.embed.encoders.weights.downloads import HubFile
from anysense.embed.errors import UnknownEncoderError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.encoders.weights.downloads import Downloads


@pytest.mark.parametrize(
    ("kind", "rest", "weights"),
    [
        (clap, "630k-best", HubFile("lukewys/laion_clap", ("630k-best.pt",))),
        (clap, "acme/port", HubFile("acme/port", ("model.safetensors", "pytorch_model.bin"))),
        (peav, "acme/model", HubFile("acme/model", ("model.safetensors",))),
        (sentence, "acme/model", HubFile("acme/model", ("model.safetensors", "pytorch_model.bin"))),
        (
            openclip,
            "hf-hub:acme/model",
            HubFile("acme/model", ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")),
        ),
    ],
)
def test_the_weights_come_first(kind: Downloads, rest: str, weights: HubFile) -> None:
    files = kind.downloads(rest)
    assert files[0] == weights
    assert len(set(files)) == len(files) > 1


@pytest.mark.parametrize(
    ("kind", "rest"),
    [(clap, "/data/w.pt"), (openclip, "ViT-B-32//data/w.pt"), (openclip, "local-dir:/data")]
    + [(peav, "/data/model"), (peav, "~/model")]
    + [(sentence, rest) for rest in ("/data/model", "./model", "~/model", "model")],
)
def test_what_is_on_this_machine_is_not_downloaded(kind: Downloads, rest: str) -> None:
    assert kind.downloads(rest) == []


@pytest.mark.parametrize("kind", [clap, openclip, peav])
def test_names_that_no_model_has(kind: Downloads) -> None:
    with pytest.raises(UnknownEncoderError):
        kind.downloads("nothing")


def test_a_sentence_model_names_its_modules(tmp_path: Path) -> None:
    assert sentence.named_downloads("acme/model", tmp_path) == []
    paths = ["", "1_Pooling", "../elsewhere"]
    (tmp_path / "modules.json").write_text(json.dumps([{"path": path} for path in paths]))
    files = sentence.named_downloads("acme/model", tmp_path)
    assert {file.names[0] for file in files} == {
        "1_Pooling/config.json",
        "1_Pooling/model.safetensors",
        "1_Pooling/pytorch_model.bin",
    }
    assert not any(file.is_required for file in files)


def test_a_clip_of_the_hub_names_its_text_tower(tmp_path: Path) -> None:
    text = {"hf_tokenizer_name": "acme/words", "hf_model_name": "acme/tower"}
    config = {"model_cfg": {"text_cfg": text}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    files = openclip.named_downloads("hf-hub:acme/model", tmp_path)
    assert {file.repository for file in files} == {"acme/words", "acme/tower"}
    assert [file for file in files if file.is_required] == [HubFile("acme/tower", ("config.json",))]
    assert openclip.named_downloads("ViT-B-32/openai", tmp_path) == []


@pytest.mark.parametrize("name", ["starter", "tiny", "clap:/data/w.pt"])
def test_nothing_to_download_is_said_at_once(name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' needs no download"):
        pull_model(name)


def test_no_model_library_is_imported_to_say_it() -> None:
    script = """
        import sys
        from anysense.embed.encoders.clap.names import downloads as clap
        from anysense.embed.encoders.peav.names import downloads as peav
        from anysense.embed.encoders.sentence.names import downloads as sentence
        assert peav("acme/model") and clap("630k-best") and sentence("acme/model")
        print(sorted({"torch", "transformers", "sentence_transformers"} & set(sys.modules)))
    """
    assert check_script(script) == "[]\n"
