"""Names of the kind `st`, and the files that a model of it consists of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anysense.embed.encoders.sentence_transformers.names import (
    find_model,
    module_folders,
    named_downloads,
    parse_name,
    weight_files,
)
from anysense.embed.encoders.weights.downloads import HubFile
from anysense.embed.errors import MissingWeightsError, UnknownEncoderError


@pytest.mark.parametrize(
    ("rest", "encoder", "dimension"),
    [
        ("acme/model", "st:acme/model", None),
        ("acme/model@256", "st:acme/model@256", 256),
        ("/data/model@8", "st:/data/model@8", 8),
        ("/data/a/../model", "st:/data/model", None),
    ],
)
def test_names(rest: str, encoder: str, dimension: int | None) -> None:
    name = parse_name(rest)
    assert (name.encoder, name.dimension) == (encoder, dimension)
    assert name.folder == (Path("/data/model") if rest.startswith("/") else None)


@pytest.mark.parametrize("rest", ["", "model", "a/b/c", "acme/model@", "acme/model@0", "a/b@-1"])
def test_what_is_no_name(rest: str) -> None:
    with pytest.raises(UnknownEncoderError, match="There is no model 'st:"):
        parse_name(rest)


def write(folder: Path, **contents: Any) -> None:
    """Files by their names, in which ``__`` stands for the dot of the suffix and ``_in_`` for /."""
    for name, content in contents.items():
        part, _, file = name.rpartition("_in_")
        path = folder / part / file.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))


def shards(kind: str = "safetensors", stem: str = "model") -> dict[str, Any]:
    names = [f"{stem}-0000{at}-of-00002.{kind}" for at in (1, 2)]
    return {"weight_map": {"a": names[0], "b": names[1], "c": names[0], "d": "../../evil.bin"}}


def test_large_weights_are_in_several_files(tmp_path: Path) -> None:
    write(tmp_path, config__json={})
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(shards()))
    assert weight_files(tmp_path) == []
    (tmp_path / "model-00001-of-00002.safetensors").write_text("1")
    assert weight_files(tmp_path) == []
    with pytest.raises(MissingWeightsError):
        find_model(parse_name(str(tmp_path)))
    (tmp_path / "model-00002-of-00002.safetensors").write_text("2")
    assert [file.name for file in weight_files(tmp_path)] == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]
    assert find_model(parse_name(str(tmp_path))) == tmp_path
    (tmp_path / "model.safetensors").write_text("whole")
    assert [file.name for file in weight_files(tmp_path)] == ["model.safetensors"]


def test_modules_and_what_is_inside_of_them(tmp_path: Path) -> None:
    kinds = [("", "Router"), ("1_Dense", "Dense"), ("../evil", "Dense"), ("/etc", "Dense")]
    modules = [{"path": path, "type": f"sentence_transformers.models.{k}"} for path, k in kinds]
    types = {"query_0_Transformer": "sentence_transformers.models.Transformer", "../x": "a.B"}
    write(tmp_path, modules__json=modules, router_config__json={"types": types})
    folders = [tmp_path, tmp_path, tmp_path / "query_0_Transformer", tmp_path / "1_Dense"]
    assert set(module_folders(tmp_path)) == set(folders)
    files = list(named_downloads("acme/model", tmp_path))
    names = {name for file in files for name in file.names}
    assert "query_0_Transformer/tokenizer.json" in names
    assert "query_0_Transformer/preprocessor_config.json" in names
    assert "1_Dense/model.safetensors" in names
    assert "1_Dense/tokenizer.json" not in names
    assert not any(".." in name or name.startswith("/") for name in names)


def test_files_are_named_when_what_names_them_has_come(tmp_path: Path) -> None:
    module = {"path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}
    write(tmp_path, modules__json=[module])
    seen: list[HubFile] = []
    for file in named_downloads("acme/model", tmp_path):
        seen.append(file)
        if "0_CLIPModel/model.safetensors.index.json" in file.names:
            index = tmp_path / "0_CLIPModel/model.safetensors.index.json"
            index.parent.mkdir()
            index.write_text(json.dumps(shards()))
    parts = [f"0_CLIPModel/model-0000{at}-of-00002.safetensors" for at in (1, 2)]
    assert seen[-2:] == [HubFile("acme/model", (part,)) for part in parts]


def test_damaged_lists_name_nothing(tmp_path: Path) -> None:
    for content in ("{", "[]", "3", '{"weight_map": []}'):
        (tmp_path / "model.safetensors.index.json").write_text(content)
        (tmp_path / "modules.json").write_text(content)
        assert weight_files(tmp_path) == []
        assert list(named_downloads("acme/model", tmp_path)) == []
