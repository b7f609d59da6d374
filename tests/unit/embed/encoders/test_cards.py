"""Cards of models: complete, and right about what is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from anysense.embed.encoders.cards import CARDS, PROFILES
from anysense.embed.encoders.registry import list_models, profile_encoders
from anysense.embed.encoders.starter import weights as starter_weights
from anysense.embed.errors import UsageError
from anysense.embed.types import Modality


def test_profiles_name_documented_models() -> None:
    documented = {card.name for card in CARDS}
    assert list(PROFILES) == ["starter", "standard", "best"]
    for profile, names in PROFILES.items():
        assert set(names) <= documented
        assert profile_encoders(profile) == names
        covered = {m for card in CARDS if card.name in names for m in card.modalities}
        assert covered == set(Modality)
    with pytest.raises(UsageError, match="starter or standard or best"):
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
    standard = [card.name for card in CARDS if "standard" in card.profiles]
    assert set(standard) == set(PROFILES["standard"])


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
