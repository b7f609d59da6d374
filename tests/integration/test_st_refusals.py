"""Models of the kind `st` that are not here, or from which code could be run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny_models
import torch

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.errors import CheckpointError, EncoderError, MissingWeightsError
from anysense.embed.types import Modality

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save("bert", tmp_path_factory.mktemp("bert"), {})


@pytest.fixture
def folder(bert: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bert, tmp_path / "model"))


def change(file: Path, **settings: Any) -> None:
    content = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps({**content, **settings}))


def load(folder: Path) -> Any:
    return load_encoder(f"st:{folder}", device="cpu")


def test_models_that_are_not_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingWeightsError, match="`anysense models pull st:acme/model`"):
        load_encoder("st:acme/model@64", device="cpu")
    with pytest.raises(MissingWeightsError, match="no such folder"):
        load(tmp_path / "nothing")
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingWeightsError, match=r"model\.safetensors: there is no such file"):
        load(folder)


def test_a_damaged_model(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(CheckpointError, match="cannot be loaded as a sentence-transformers model"):
        load(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json: is damaged"):
        load(folder)


def test_a_model_that_lacks_weights(folder: Path) -> None:
    """Those of BERT's pooler are not used; the others would be drawn at random."""
    from safetensors.torch import load_file, save_file

    whole = load(folder)
    weights = load_file(folder / "model.safetensors")
    pooler = [name for name in weights if name.startswith("pooler.")]
    dense = "encoder.layer.1.output.dense.weight"
    assert len(pooler) == 2
    assert dense in weights
    for absent in ([*pooler], [*pooler, dense]):
        left = {name: weight for name, weight in weights.items() if name not in absent}
        save_file(left, folder / "model.safetensors", metadata={"format": "pt"})
        if dense in absent:
            with pytest.raises(CheckpointError, match=f"lacks 2 weights .* such as {dense}"):
                load(folder)
        else:
            made = [
                e.encode(Modality.TEXT, [e.prepare(Modality.TEXT, "rain")])
                for e in (whole, load(folder))
            ]
            assert (made[0] == made[1]).all()


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "processor_config.json"])
def test_a_model_with_code_of_its_own_is_refused(folder: Path, file: str) -> None:
    """Even one that transformers knows, and would run by its own code instead."""
    inner = {"vision_config": {"auto_map": {"AutoModel": "modeling_evil.Model"}}}
    settings = inner if file == "config.json" else {"auto_map": {"AutoProcessor": "evil.Own"}}
    change(folder / file, **settings)
    (folder / "modeling_evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(CheckpointError, match=f"{file}: was refused, .* code of its own"):
        load(folder)


@pytest.mark.parametrize("kind", ["evil.Own", "sentence_transformers.util.import_from_string"])
def test_classes_that_could_run_code_are_refused(folder: Path, kind: str) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = kind
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CheckpointError, match=f"names '{kind}'"):
        load(folder)
    modules[1]["type"] = "sentence_transformers.models.Router"
    (folder / "modules.json").write_text(json.dumps(modules))
    change(folder / "1_Pooling/router_config.json", types={"query_0": kind})
    with pytest.raises(CheckpointError, match=rf"router_config\.json: .* names '{kind}'"):
        load(folder)


def test_pickles_and_adapters_are_refused(folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    (folder / "2_Dense").mkdir()
    torch.save({"linear.weight": Evil()}, folder / "2_Dense/pytorch_model.bin")
    with pytest.raises(CheckpointError, match="holds more than weights"):
        load(folder)
    shutil.rmtree(folder / "2_Dense")
    change(folder / "adapter_config.json", base_model_name_or_path="acme/base")
    with pytest.raises(CheckpointError, match="is an adapter of another model"):
        load(folder)
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["st", "text"])
@pytest.mark.parametrize("name", ["sentence_bert_config.json", "sentence_roberta_config.json"])
def test_settings_by_which_pickles_would_be_run_are_refused(
    folder: Path, tmp_path: Path, kind: str, name: str
) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    # Beside good weights, which would be passed over.
    torch.save({"embeddings.word_embeddings.weight": Evil()}, folder / "pytorch_model.bin")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": None}))
    (folder / "sentence_bert_config.json").unlink(missing_ok=True)
    for key, settings in (
        ("model_args", {"weights_only": False, "use_safetensors": False}),
        ("model_kwargs", {"attn_implementation": "acme/kernel"}),
        ("processor_kwargs", {"subfolder": "elsewhere"}),
    ):
        (folder / name).write_text(json.dumps({key: settings}))
        with pytest.raises(CheckpointError, match=rf"{name}: was refused, because its {key} ask"):
            load_encoder(f"{kind}:{folder}", device="cpu")
    assert not marker.exists()
    (folder / name).write_text(json.dumps({"model_args": {"attn_implementation": "eager"}}))
    assert load_encoder(f"{kind}:{folder}", device="cpu").space.dimension


@pytest.mark.parametrize("path", ["1_Pooling/", "./1_Pooling", "../model/1_Pooling", "a//b"])
def test_modules_are_in_folders_of_plain_names(folder: Path, path: str) -> None:
    """Others would be loaded, but not be in the revision."""
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["path"] = path
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CheckpointError, match="is no plain name"):
        load(folder)


@pytest.mark.parametrize("content", ["[]", '{"types": ["a"]}', "[" * 100_000])
def test_damaged_routers_are_told(folder: Path, content: str) -> None:
    (folder / "1_Pooling/router_config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"router_config\.json: is damaged"):
        load(folder)


def test_the_revision_is_of_what_makes_vectors(folder: Path) -> None:
    before = load(folder).space.revision
    change(folder / "config.json", transformers_version="9.9", _name_or_path="elsewhere")
    assert load(folder).space.revision == before
    revisions = {before}
    change(folder / "1_Pooling/config.json", pooling_mode="cls")
    revisions.add(load(folder).space.revision)
    change(folder / "config_sentence_transformers.json", prompts={"document": "text: "})
    revisions.add(load(folder).space.revision)
    change(folder / "tokenizer_config.json", model_max_length=32)
    revisions.add(load(folder).space.revision)
    assert len(revisions) == 4


def test_weights_in_several_files_give_the_same_vectors(folder: Path) -> None:
    from transformers import AutoModel

    whole = load(folder)
    model = AutoModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("model-*-of-*.safetensors"))) > 1
    parted = load(folder)
    made = [
        encoder.encode(Modality.TEXT, [encoder.prepare(Modality.TEXT, "rain on the sea")])
        for encoder in (whole, parted)
    ]
    assert (made[0] == made[1]).all()
    next(folder.glob("model-*-of-*.safetensors")).unlink()
    with pytest.raises(MissingWeightsError):
        load(folder)


def test_a_model_of_no_modality(folder: Path) -> None:
    settings = {
        "modality_config": {"video": {"method": "forward", "method_output_name": None}},
        "module_output_name": "token_embeddings",
    }
    change(folder / "sentence_bert_config.json", **settings)
    with pytest.raises(EncoderError, match="neither texts nor images nor sounds"):
        load(folder)
