"""Cards of models: complete, and right about what is here."""

from __future__ import annotations

import runpy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from anysense.embed.encoders import registry
from anysense.embed.encoders.cards.card import Speed
from anysense.embed.encoders.cards.documented import CARDS, find_card
from anysense.embed.encoders.cards.profiles import PROFILES
from anysense.embed.encoders.registry import (
    encoder_kinds,
    list_models,
    load_encoder,
    profile_encoders,
    pull_model,
)
from anysense.embed.encoders.starter import weights as starter_weights
from anysense.embed.errors import AnysenseError, MissingWeightsError, UsageError
from anysense.embed.types import Modality


def test_profiles_name_documented_models() -> None:
    documented = {card.name for card in CARDS}
    assert list(PROFILES) == ["starter", "standard", "best", "speech"]
    for profile, names in PROFILES.items():
        assert set(names) <= documented
        assert profile_encoders(profile) == names
        covered = {m for card in CARDS if card.name in names for m in card.modalities}
        assert covered == set(Modality)
    with pytest.raises(UsageError, match="starter or standard or best or speech"):
        profile_encoders("fastest")


def test_cards_say_what_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    here = {card.name: card.available for card in list_models()}
    assert here.pop("starter") is True
    assert set(here.values()) == {False}
    name = "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K"
    snapshot = tmp_path / name / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (tmp_path / name / "refs").mkdir()
    (tmp_path / name / "refs" / "main").write_text("0" * 40)
    (snapshot / "open_clip_pytorch_model.bin").write_bytes(b"weights")
    now = {card.name for card in list_models() if card.available}
    assert now == {"starter", "openclip:ViT-B-32/laion2b_s34b_b79k"}


def test_cards_are_complete() -> None:
    for card in list_models():
        assert card.modalities
        assert card.dimension > 0
        assert card.parameters > 1_000_000
        assert card.size_bytes > 1_000_000
        assert card.licence
        assert card.summary.endswith(".")
        assert card.gflop > 1
        assert card.warning == "" or card.warning.endswith(".")
        for figure in card.figures:
            assert 0 < figure.value < 100
            assert figure.source
            assert figure.task
    standard = [card.name for card in CARDS if "standard" in card.profiles]
    assert set(standard) == set(PROFILES["standard"])


def test_profiles_may_be_used_for_commerce_and_are_published_to_be_good() -> None:
    for names in PROFILES.values():
        for card in map(find_card, names):
            assert card is not None
            assert card.is_commercial
            assert card.figures or card.name == "starter"
            assert not card.warning
    assert not any(card.is_commercial for card in CARDS if "research only" in card.licence)


def test_cards_are_of_kinds_that_can_be_loaded_and_name_what_is_pulled() -> None:
    for card in CARDS:
        kind, _, rest = card.name.partition(":")
        assert kind in encoder_kinds()
        if kind == "starter":
            continue
        module: Any = import_module(registry._DOWNLOADS[kind])  # the table has no other reader
        pulled = {
            f"{file.repository}/{name}" for file in module.downloads(rest) for name in file.names
        }
        for alternatives in card.files:
            assert pulled & set(alternatives.split("|")), (card.name, alternatives)


def test_what_runs_on_a_processor_is_not_heavy() -> None:
    classes = {card.name: card.speed for card in CARDS}
    assert all(classes[name] is not Speed.HEAVY for name in PROFILES["standard"])
    assert classes["openclip:ViT-B-32/laion2b_s34b_b79k"] is Speed.QUICK
    assert classes["openclip:PE-Core-L-14-336/meta"] is Speed.HEAVY
    assert [Speed.of(n) for n in (20, 20.1, 100, 100.1)] == [
        Speed.QUICK,
        Speed.MODERATE,
        Speed.MODERATE,
        Speed.HEAVY,
    ]


def test_figures_are_told_with_what_they_count_and_whose_they_are() -> None:
    card = find_card("peav:facebook/pe-av-small")
    assert card is not None
    assert card.quality == (
        "sounds by text, R@1: AudioCaps 41.8, Clotho 23.9 % (facebookresearch/perception_models, "
        "README); text by speech, R@1: VCTK 94.9 % (facebookresearch/perception_models, README)"
    )
    assert find_card("starter").quality == ""  # type: ignore[union-attr]  # it has a card
    assert find_card("clap:nobody/nothing") is None


def test_the_music_model_that_finds_nothing_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingWeightsError):
        load_encoder("clap:laion/larger_clap_music", device="cpu")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(AnysenseError):
        pull_model("clap:laion/larger_clap_music")
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert all("no better than chance" in message for message in messages)
    caplog.clear()
    with pytest.raises(MissingWeightsError):
        load_encoder("clap:laion/larger_clap_general", device="cpu")
    assert not caplog.records


def test_costs_are_those_that_torch_counts() -> None:
    """Of two whose architectures are quick to build; the script counts the others."""
    script = Path(__file__).parents[4] / "benchmarks" / "model_cost.py"
    if not script.is_file():
        pytest.skip("the benchmarks are not here")
    counts = runpy.run_path(str(script))["counts"]
    for name in (
        "openclip:ViT-B-32/laion2b_s34b_b79k",
        "text:sentence-transformers/all-MiniLM-L6-v2",
    ):
        card = find_card(name)
        assert card is not None
        assert max(counts(name).values()) == pytest.approx(card.gflop, abs=0.05)


def test_the_size_of_starter_is_that_of_its_files() -> None:
    [card] = [card for card in CARDS if card.name == "starter"]
    files = [starter_weights.locate(name) for name in starter_weights.manifest()["files"]]
    in_package = [file for file in files if file.parent == starter_weights.DATA_FOLDER]
    size, shipped = (sum(f.stat().st_size for f in some) / 1e6 for some in (files, in_package))
    assert card.size_bytes / 1e6 == pytest.approx(size, abs=0.05)
    page = (Path(__file__).parents[4] / "docs" / "starter.md").read_text()
    row = (
        f"| size | {size:.1f} MB: {shipped:.1f} MB in the package, {size - shipped:.1f} MB in the "
    )
    assert row in page
