"""Whisper is loaded as it is published, without running anything in it, and says what it says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from whisper_files import write_whisper

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.encoders.whisper import recogniser
from anysense.embed.encoders.whisper.names import downloads, find_folder, full_name
from anysense.embed.encoders.whisper.recogniser import (
    WhisperRecogniser,
    is_made_up,
    load_recogniser,
)
from anysense.embed.errors import CheckpointError, MissingWeightsError, UnknownEncoderError
from anysense.embed.media.speech.recogniser import TimedText

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import FloatArray


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whisper(tmp_path_factory.mktemp("models") / "whisper")


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what a model with random weights says for said, as it is sure of nothing."""
    monkeypatch.setattr(recogniser, "is_made_up", lambda texts, certainty: False)


def sound(seconds: float, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 0.1, round(16000 * seconds)).astype(np.float32)


@pytest.mark.usefixtures("believed")
def test_it_says_what_transformers_own_generate_says(folder: Path) -> None:
    from transformers import AutoProcessor, WhisperForConditionalGeneration

    processor: Any = AutoProcessor.from_pretrained(folder)
    model: Any = WhisperForConditionalGeneration.from_pretrained(folder)
    ours = load_recogniser(str(folder), "cpu")
    for seed in range(3):
        samples = sound(5.0, seed)
        features = processor(samples, sampling_rate=16000, return_tensors="pt").input_features
        ids = model.generate(features, return_timestamps=True, task="transcribe")
        [told] = processor.batch_decode(ids, skip_special_tokens=True)
        texts = ours.transcribe(samples)
        assert "".join(text.text for text in texts) == told
        [marked] = processor.batch_decode(ids, decode_with_timestamps=True)
        first = float(re.findall(r"<\|(\d+\.\d+)\|>", marked)[0])
        assert texts[0].start == pytest.approx(min(first, 5.0))


@pytest.mark.usefixtures("believed")
def test_times_lie_in_the_sound(folder: Path) -> None:
    texts = load_recogniser(str(folder)).transcribe(sound(2.0))
    assert texts
    for text in texts:
        assert 0.0 <= text.start <= text.end <= 2.0


@pytest.mark.usefixtures("believed")
def test_the_same_sound_says_the_same(folder: Path) -> None:
    model = load_recogniser(str(folder))
    assert model.transcribe(sound(3.0)) == model.transcribe(sound(3.0)) != []


@pytest.mark.usefixtures("believed")
def test_times_need_no_tokenizer_that_knows_them(folder: Path, tmp_path: Path) -> None:
    """Of some conversions it lists no special tokens but one."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    lists = ("additional_special_tokens", "extra_special_tokens", "added_tokens_decoder")
    kept = {name: value for name, value in settings.items() if name not in lists}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(kept))
    texts = WhisperRecogniser(tmp_path, torch.device("cpu")).transcribe(sound(5.0))
    assert texts == load_recogniser(str(folder), "cpu").transcribe(sound(5.0)) != []


def test_what_a_model_is_not_sure_of_is_not_said(folder: Path) -> None:
    """It has random weights; that it says something, if it is believed, other tests see."""
    assert load_recogniser(str(folder)).transcribe(sound(3.0)) == []


def test_what_goes_round_in_a_circle_is_made_up() -> None:
    verse = "From fairest creatures we desire increase, that thereby beauty's rose might never die"
    circle = [TimedText(0.0, 9.0, " I'm going to have" + " a little bit of" * 40)]
    assert is_made_up(circle, -0.1)
    assert not is_made_up([TimedText(0.0, 9.0, verse)], -0.1)
    assert not is_made_up([TimedText(0.0, 2.0, " Yes. Yes. Yes.")], -0.1)
    assert is_made_up([TimedText(0.0, 2.0, " Thank you.")], -1.04)
    assert not is_made_up([], 0.0)


def test_nothing_is_said_on_the_streams(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    WhisperRecogniser(folder, torch.device("cpu")).transcribe(sound(1.0))
    assert capfd.readouterr() == ("", "")


def test_a_model_is_loaded_once(folder: Path) -> None:
    assert load_recogniser(str(folder)) is load_recogniser(f"whisper:{folder}")


def test_a_pickle_is_not_read(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        if file.suffix == ".json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04N.")
    with pytest.raises(MissingWeightsError, match=r"model\.safetensors"):
        load_recogniser(str(tmp_path))


def test_damaged_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="cannot be loaded as Whisper"):
        WhisperRecogniser(tmp_path, torch.device("cpu"))


def test_weights_that_lack_some_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"encoder_layers": 2}))
    with pytest.raises(CheckpointError, match="lacks weights of Whisper"):
        WhisperRecogniser(tmp_path, torch.device("cpu"))


def test_names_are_repositories_and_paths(folder: Path) -> None:
    assert full_name("openai/whisper-small") == "whisper:openai/whisper-small"
    assert full_name(f"whisper:{folder}") == f"whisper:{folder}"
    assert find_folder(str(folder)) == folder
    with pytest.raises(UnknownEncoderError, match="give OWNER/NAME"):
        full_name("small")
    with pytest.raises(MissingWeightsError, match="models pull whisper:openai/whisper-none"):
        find_folder("openai/whisper-none")


def test_what_is_pulled_is_the_weights_first() -> None:
    files = [file.names[0] for file in downloads("openai/whisper-small")]
    assert files[:2] == ["model.safetensors", "config.json"]
    assert "tokenizer.json" in files
    assert downloads("/some/folder") == []


def test_it_is_no_encoder() -> None:
    with pytest.raises(UnknownEncoderError):
        load_encoder("whisper:openai/whisper-small")
