"""From names to encoders: kinds, entry points, cards, profiles, and what is refused."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from tiny import TinyEncoder

from anysense.embed.encoders import registry
from anysense.embed.encoders.registry import encoder_kinds, load_encoder, register_encoder
from anysense.embed.errors import EncoderError, MissingWeightsError, UnknownEncoderError, UsageError
from anysense.embed.types import Encoder, Modality

if TYPE_CHECKING:
    from pathlib import Path

ENCODER = """
    from anysense.embed.types import Modality, Passage, Space

    class Constant:
        sample_rate = None
        window_seconds = 10.0

        def __init__(self, rest, device):
            self.space = Space(f"constant:{rest}", device, 2, frozenset({Modality.TEXT}))

        def passages(self, text):
            return [Passage(0, len(text), text)]

        def prepare(self, modality, content):
            return content

        def encode(self, modality, prepared):
            import numpy
            return numpy.tile(numpy.float32([1, 0]), (len(prepared), 1))

    def load(rest, device):
        return Constant(rest, device)

    number = 3
"""


@pytest.fixture(autouse=True)
def forget_registrations(monkeypatch: pytest.MonkeyPatch) -> None:
    # A registration cannot be taken back, and a test must leave none behind.
    monkeypatch.setattr(registry, "_factories", {})


def install(folder: Path, name: str, entry_points: str, module: str = ENCODER) -> None:
    """A distribution as an installer leaves it: a module, and metadata beside it."""
    (folder / f"{name}.py").write_text(textwrap.dedent(module))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[anysense.encoders]\n{entry_points}\n")
    sys.path.insert(0, str(folder))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    return tmp_path


def test_a_registered_kind_gets_the_rest_of_the_name_and_the_device() -> None:
    seen = []

    def factory(rest: str, device: str) -> TinyEncoder:
        seen.append((rest, device))
        return TinyEncoder()

    register_encoder("mine", factory)
    assert isinstance(load_encoder("mine:a/b:c", device="cpu"), Encoder)
    load_encoder("mine")
    assert seen == [("a/b:c", "cpu"), ("", "auto")]


@pytest.mark.parametrize("prefix", ["", "a:b", "openclip", "starter"])
def test_prefixes_that_would_hide_others_are_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="cannot name a new kind"):
        register_encoder(prefix, lambda rest, device: TinyEncoder())


def test_an_installed_distribution_adds_a_kind(site: Path) -> None:
    install(site, "anysense_constant", "constant = anysense_constant:load")
    encoder = load_encoder("constant:seven", device="cpu")
    assert encoder.space.id == "constant:seven"
    assert encoder.encode(Modality.TEXT, ["a", "b"]).shape == (2, 2)
    assert encoder_kinds()["constant"] == "anysense_constant"


def test_an_installed_distribution_cannot_take_a_built_in_name(site: Path) -> None:
    install(site, "anysense_thief", "starter = anysense_thief:load")
    assert encoder_kinds()["starter"] == "anysense"
    assert load_encoder("starter", device="cpu").space.id == "starter"


@pytest.mark.parametrize(
    ("entry", "module", "message"),
    [
        ("broken = anysense_broken:load", "raise OSError('no licence')", "OSError: no licence"),
        ("broken = anysense_broken:load", "import nowhere_to_be_found", "nowhere_to_be_found"),
        ("broken = anysense_broken:absent", ENCODER, "absent"),
        ("broken = anysense_broken:number", ENCODER, "is no function"),
    ],
)
def test_a_broken_distribution_is_named(site: Path, entry: str, module: str, message: str) -> None:
    sys.modules.pop("anysense_broken", None)
    install(site, "anysense_broken", entry, module)
    with pytest.raises(EncoderError, match=f"anysense_broken.*{message}"):
        load_encoder("broken")


def test_a_factory_must_give_an_encoder() -> None:
    register_encoder("wrong", lambda rest, device: object())  # type: ignore[arg-type,return-value]
    with pytest.raises(EncoderError, match="gave a object"):
        load_encoder("wrong")


def test_a_missing_package_is_named() -> None:
    def factory(rest: str, device: str) -> Encoder:
        import a_package_nobody_has  # noqa: F401

        raise AssertionError

    register_encoder("needy", factory)
    with pytest.raises(MissingWeightsError, match="a_package_nobody_has"):
        load_encoder("needy")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("startr", "did you mean 'starter'"),
        ("opencilp:ViT-B-32/openai", "did you mean 'openclip"),
        ("zzz", "the kinds here are starter"),
        ("", "the kinds here are starter"),
    ],
)
def test_unknown_names_get_a_hint(name: str, hint: str) -> None:
    with pytest.raises(UnknownEncoderError, match=hint):
        load_encoder(name)


def test_what_a_factory_raises_is_one_sentence() -> None:
    def broken(rest: str, device: str) -> Encoder:
        raise ValueError(f"no model\nnamed {rest}.")

    register_encoder("broken", broken)
    with pytest.raises(EncoderError) as caught:
        load_encoder("broken:x")
    assert str(caught.value) == (
        "The encoder 'broken:x' cannot be loaded (ValueError: no model named x)."
    )


@pytest.mark.parametrize("name", ["clap:/\0", "openclip:hf-hub:../../x", "openclip:hf-hub:a/b/c"])
def test_names_that_no_model_has_are_refused(name: str) -> None:
    with pytest.raises(EncoderError):
        load_encoder(name)
