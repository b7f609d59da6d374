"""Weights from disk: what is read, what is refused, and that nothing in them runs."""

from __future__ import annotations

import hashlib
import os
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from anysense.embed.encoders.weights.checkpoint import file_digest, read_checkpoint, read_tensors
from anysense.embed.errors import CheckpointError, MissingWeightsError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


WEIGHTS = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.ones(2)}


class Attack:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def same(tensors: dict[str, torch.Tensor]) -> bool:
    return tensors.keys() == WEIGHTS.keys() and all(
        torch.equal(tensors[name], WEIGHTS[name]) for name in WEIGHTS
    )


def test_safetensors(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "w.safetensors")
    assert same(read_tensors(tmp_path / "w.safetensors"))


@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize("key", ["", "state_dict", "model"])
def test_pickled_checkpoints_of_training(tmp_path: Path, key: str, old_format: bool) -> None:
    state = {f"module.{name}": value for name, value in WEIGHTS.items()}
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(2))])
    extras = {
        "epoch": np.int64(3),
        "loss": np.float64(0.5),
        "accuracy": np.float32(0.9),
        "best": np.bool_(True),
        "name": "run",
        "optimizer": optimizer.state_dict(),
    }
    content = {key: state, **extras} if key else state
    torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=not old_format)
    assert same(read_tensors(tmp_path / "w.pt"))


def test_only_a_prefix_of_all_names_is_dropped(tmp_path: Path) -> None:
    torch.save({"module.a": torch.ones(1), "b": torch.ones(1)}, tmp_path / "w.pt")
    assert set(read_tensors(tmp_path / "w.pt")) == {"module.a", "b"}


@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize("place", ["state_dict", "extra"])
def test_an_attack_is_refused_and_does_not_run(
    tmp_path: Path, place: str, old_format: bool
) -> None:
    trace = tmp_path / "trace"
    state: dict[str, Any] = dict(WEIGHTS)
    content: dict[str, Any] = {"state_dict": state, "epoch": 3}
    (state if place == "state_dict" else content)["evil"] = Attack(trace)
    torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=not old_format)
    with pytest.raises(CheckpointError, match=r"w\.pt: was refused.*safetensors"):
        read_tensors(tmp_path / "w.pt")
    assert not trace.exists()
    torch.load(tmp_path / "w.pt", weights_only=False)
    assert trace.exists()  # the attack itself is a real one


def test_a_bare_pickle_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    (tmp_path / "w.bin").write_bytes(pickle.dumps(Attack(trace)))
    with pytest.raises(CheckpointError):
        read_tensors(tmp_path / "w.bin")
    assert not trace.exists()


def test_torchscript_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match="TorchScript archive, which holds code"):
        read_tensors(tmp_path / "w.pt")


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("damage", ["empty", "cut", "text"])
def test_damage_is_named(tmp_path: Path, suffix: str, damage: str) -> None:
    path = tmp_path / f"w{suffix}"
    if suffix == ".pt":
        torch.save(WEIGHTS, path)
    else:
        save_file(WEIGHTS, path)
    whole = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"hello\n" * 50}[damage]
    )
    with pytest.raises(CheckpointError, match=r"w\.\w+: "):
        read_tensors(path)


def test_other_content_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match="holds a list"):
        read_checkpoint(tmp_path / "list.pt")
    torch.save({"epoch": 3}, tmp_path / "none.pt")
    with pytest.raises(CheckpointError, match="holds no weights"):
        read_tensors(tmp_path / "none.pt")
    with pytest.raises(MissingWeightsError, match="no such checkpoint"):
        read_tensors(tmp_path / "absent.pt")


def test_digests_are_remembered_until_the_file_changes(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    assert file_digest(path) == hashlib.sha256(b"one").hexdigest()
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))  # the same size and time: not looked at again
    assert file_digest(path) == hashlib.sha256(b"one").hexdigest()
    os.utime(path, ns=(2, 2))
    assert file_digest(path) == hashlib.sha256(b"two").hexdigest()
    (own_cache / "digests.json").write_text("{damaged")
    assert file_digest(path) == hashlib.sha256(b"two").hexdigest()


def test_digests_need_no_place_to_be_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"one")
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "file" / "below-a-file"))
    assert file_digest(tmp_path / "file") == hashlib.sha256(b"one").hexdigest()
