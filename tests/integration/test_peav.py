"""PE-AV against transformers' own forward, and against what Meta's code takes of the text tower.

The architecture and the files are the real ones (ModernBERT, DAC at 1920 samples a step, PE's
vision transformer of timm), made small and with random weights.
"""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from peav_files import TEXT, WORDS, save_model
from PIL import Image

from anysense.embed.encoders.peav.encoder import PeavEncoder
from anysense.embed.encoders.registry import load_encoder
from anysense.embed.errors import (
    CheckpointError,
    EmptyMediaError,
    EncoderError,
    MissingWeightsError,
    UnknownEncoderError,
)
from anysense.embed.types import Clip, Encoder, Modality, VideoInput, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.integration

TEXTS = [
    "a dog barks",
    "rain falls on the tin roof and a bell is heard far away at night",
    " ".join(WORDS[:14]),  # with its two marks as long as a text is padded to
    "the bell " * 70,
]
RATE = 48_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("peav"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> PeavEncoder:
    encoder = load_encoder(f"peav:{folder}", device="cpu")
    assert isinstance(encoder, PeavEncoder)
    return encoder


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    from transformers import PeAudioVideoModel

    with redirect_stdout(io.StringIO()):
        return PeAudioVideoModel.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def processor(folder: Path) -> Any:
    from transformers import PeAudioVideoProcessor

    return PeAudioVideoProcessor.from_pretrained(folder)


def sounds() -> list[Waveform]:
    """A chord, a noise of 7.3 s, a short tone, and ten seconds of a sweep."""
    rng = np.random.default_rng(0)
    time = np.arange(10 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * f * time[: 3 * RATE]) for f in (220, 277.2, 329.6)) / 4
    noise = rng.normal(0, 0.1, int(7.3 * RATE))
    tone = 0.3 * np.sin(2 * np.pi * 1000 * time[:1000])
    sweep = 0.5 * np.sin(2 * np.pi * (100 + 400 * time) * time)
    return [Waveform(s.astype(np.float32), RATE) for s in (chord, noise, tone, sweep)]


def picture(seed: int, width: int = 48, height: int = 36) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def clip(*seeds: int) -> Clip:
    frames = tuple(picture(seed) for seed in seeds)
    return Clip(frames, tuple(at / 2 for at in range(len(seeds))), len(seeds) / 2)


def vectors(encoder: Encoder, modality: Modality, contents: Sequence[Any]) -> Any:
    return encoder.encode(modality, [encoder.prepare(modality, content) for content in contents])


def queries(encoder: PeavEncoder, form: str, texts: Sequence[str] = TEXTS) -> Any:
    prepared = [encoder.prepare_query(Modality.TEXT, text, form) for text in texts]
    return encoder.encode(Modality.TEXT, prepared)


def unit(rows: torch.Tensor) -> Any:
    return torch.nn.functional.normalize(rows, dim=-1).numpy()


def whole_model(model: Any, processor: Any, heard: Sequence[Waveform], seen: Sequence[Clip]) -> Any:
    """All outputs for sounds, clips and a text each, in one batch of the model's own processor."""
    frames = [torch.from_numpy(np.stack([np.array(f) for f in c.frames])) for c in seen]
    inputs = processor(
        audio=[sound.samples for sound in heard],
        videos=[video.permute(0, 3, 1, 2) for video in frames],
        text=["a dog"] * len(heard),
        sampling_rate=RATE,
        return_tensors="pt",
        padding=True,
    )
    with torch.inference_mode():
        return model(**inputs)


def before_the_norm(model: Any, tokens: Any) -> torch.Tensor:
    """The first token's state as the last layer of the text tower gives it."""
    seen: list[torch.Tensor] = []

    def keep(module: Any, given: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    hook = model.text_model.layers[-1].register_forward_hook(keep)
    with torch.inference_mode():
        model.text_model(**tokens)
    hook.remove()
    return seen[0][:, 0]


def heads(model: Any) -> dict[str, Any]:
    return {
        "": model.text_audio_video_head,
        "to-audio": model.audio_model.text_audio_head,
        "to-image": model.video_model.text_video_head,
    }


def test_sounds_and_clips_are_those_of_the_whole_model(
    encoder: PeavEncoder, reference: Any, processor: Any
) -> None:
    """With the joint encoder at work, and each alone: of sounds see the next test."""
    heard, seen = sounds(), [clip(1), clip(2, 3, 4), clip(5, 6), clip(7, 8, 9, 10)]
    audio, video = [], []
    for sound, frames in zip(heard, seen, strict=True):
        outputs = whole_model(reference, processor, [sound], [frames])
        audio.append(unit(outputs.audio_embeds)[0])
        video.append(unit(outputs.video_embeds)[0])
    assert audio[0] @ audio[1] < 0.99  # so that the next lines can fail
    assert video[0] @ video[1] < 0.99
    assert np.abs(vectors(encoder, Modality.AUDIO, heard) - audio).max() < 1e-4
    assert np.abs(vectors(encoder, Modality.IMAGE, seen) - video).max() < 1e-4


def test_a_batch_of_the_library_changes_short_sounds_and_ours_does_not(
    encoder: PeavEncoder, reference: Any, processor: Any
) -> None:
    """Its padding comes before the codec, whose convolutions carry their biases into the sound.

    Clips are padded after all that looks at one frame, and masked: those agree.
    """
    heard, seen = sounds(), [clip(1), clip(2, 3, 4), clip(5, 6), clip(7, 8, 9, 10)]
    outputs = whole_model(reference, processor, heard, seen)
    ours = vectors(encoder, Modality.AUDIO, heard)
    gaps = np.abs(ours - unit(outputs.audio_embeds)).max(1)
    assert gaps[3] < 1e-4  # the longest is not padded
    assert gaps[:3].max() > 1e-2
    assert np.abs(vectors(encoder, Modality.IMAGE, seen) - unit(outputs.video_embeds)).max() < 1e-4


def test_texts_have_a_vector_for_each_head(
    encoder: PeavEncoder, reference: Any, processor: Any
) -> None:
    tokens = processor.tokenizer(TEXTS, return_tensors="pt", padding=True)
    state = before_the_norm(reference, tokens)
    found = {form: queries(encoder, form) for form in ("", "to-audio", "to-image")}
    for form, head in heads(reference).items():
        with torch.inference_mode():
            assert np.abs(found[form] - unit(head(state))).max() < 1e-4
    assert np.array_equal(found[""], vectors(encoder, Modality.TEXT, TEXTS))
    assert (found["to-audio"] * found["to-image"]).sum(1).max() < 0.9
    assert found["to-audio"][0] @ found["to-audio"][1] < 0.99


def test_the_text_tower_is_cut_where_metas_code_reads_it(
    encoder: PeavEncoder, reference: Any, processor: Any
) -> None:
    """Meta takes the state after so many layers of a longer ModernBERT, where there is no norm."""
    from transformers import ModernBertConfig, ModernBertModel

    config = ModernBertConfig(**{**TEXT, "num_hidden_layers": 7})
    longer = ModernBertModel(config).eval()
    longer.load_state_dict(reference.text_model.state_dict(), strict=False)
    tokens = processor.tokenizer(TEXTS, return_tensors="pt", padding=True)
    with torch.inference_mode():
        states = longer(**tokens, output_hidden_states=True).hidden_states
        normed = reference.text_model(**tokens).last_hidden_state[:, 0]
        expected = unit(heads(reference)["to-audio"](states[TEXT["num_hidden_layers"]][:, 0]))
        wrong = unit(heads(reference)["to-audio"](normed))
    assert np.abs(queries(encoder, "to-audio") - expected).max() < 1e-4
    assert (wrong * expected).sum(1).max() < 0.999


def test_vectors_do_not_depend_on_the_batch(encoder: PeavEncoder) -> None:
    clips = [picture(1), clip(2, 3), picture(4, 20, 60), clip(5, 6)]
    short = [sounds()[2], *sounds()]
    texts = [encoder.prepare(Modality.TEXT, text) for text in TEXTS]
    texts += [encoder.prepare_query(Modality.TEXT, text, "to-image") for text in TEXTS]
    prepared = {
        Modality.TEXT: texts,
        Modality.AUDIO: [encoder.prepare(Modality.AUDIO, sound) for sound in short],
        Modality.IMAGE: [encoder.prepare(Modality.IMAGE, content) for content in clips],
    }
    for modality, inputs in prepared.items():
        together = encoder.encode(modality, inputs)
        assert np.array_equal(together, encoder.encode(modality, inputs[::-1])[::-1])
        alone = np.concatenate([encoder.encode(modality, [one]) for one in inputs])
        assert np.array_equal(together, alone)


def test_sounds_leave_the_switch_of_cudnn_alone(
    encoder: PeavEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one for all threads, and the lanes of the CPU are several."""

    def turn(*args: Any, **options: Any) -> None:
        raise AssertionError("turned")

    monkeypatch.setattr(torch.backends.cudnn, "flags", turn)
    assert vectors(encoder, Modality.AUDIO, sounds()[:1]).shape == (1, 24)


def test_a_picture_is_a_clip_of_one_frame(encoder: PeavEncoder) -> None:
    one, same, two = vectors(encoder, Modality.IMAGE, [picture(1), clip(1), clip(1, 2)])
    assert np.array_equal(one, same)
    assert one @ two < 0.999


def test_models_of_a_fixed_number_of_frames(folder: Path, tmp_path: Path) -> None:
    """The first and the last frame are among them, and one frame is given as often as needed."""
    fixed = load_encoder(f"peav:{save_model(tmp_path / 'fixed', frames=4)}", device="cpu")
    assert isinstance(fixed, PeavEncoder)
    assert fixed.video == VideoInput(10.0, 4)
    contents = [clip(*range(7)), clip(0, 2, 4, 6), picture(3), clip(3, 3, 3, 3)]
    seven, chosen, alone, repeated = (
        fixed.prepare(Modality.IMAGE, content).values["pixels"] for content in contents
    )
    assert torch.equal(seven, chosen)
    assert torch.equal(alone, repeated)
    assert not torch.equal(seven, alone)
    free = load_encoder(f"peav:{folder}", device="cpu")
    assert free.space.revision != fixed.space.revision


def test_long_sounds_get_the_same_windows_each_time(encoder: PeavEncoder) -> None:
    from anysense.embed.pipeline.stream import MediaSource, encode_sources

    rng = np.random.default_rng(3)
    sound = Waveform(rng.normal(0, 0.1, 25 * 44_100).astype(np.float32), 44_100)
    runs = []
    for batch_size in (1, 3):
        (result,) = encode_sources([encoder], [MediaSource("a", sound)], batch_size=batch_size)
        places = [(s.place.start, s.place.end) for s in result.segments]
        assert places == [(0, 10), (10, 20), (15, 25)]
        runs.append(np.stack([segment.vector for segment in result.segments]))
    assert np.array_equal(runs[0], runs[1])


def test_its_space(encoder: PeavEncoder, folder: Path, tmp_path: Path) -> None:
    space = encoder.space
    assert (space.id, space.dimension) == (f"peav:{folder}", 24)
    assert space.modalities == set(Modality)
    assert space.form(Modality.TEXT, Modality.AUDIO) == "to-audio"
    assert space.form(Modality.TEXT, Modality.IMAGE) == "to-image"
    assert space.form(Modality.TEXT, Modality.TEXT) == ""
    assert space.form(Modality.AUDIO, Modality.IMAGE) == ""
    assert encoder.sample_rate == RATE
    assert encoder.video == VideoInput(10.0, 20)
    assert encoder.image_side == 64
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert load_encoder(f"peav:{copy}", device="cpu").space.revision == space.revision
    settings = json.loads((copy / "video_preprocessor_config.json").read_text())
    settings["image_mean"] = [0.4, 0.5, 0.5]
    (copy / "video_preprocessor_config.json").write_text(json.dumps(settings))
    assert load_encoder(f"peav:{copy}", device="cpu").space.revision != space.revision


def test_a_collection_asks_each_modality_by_its_own_head(
    encoder: PeavEncoder, folder: Path, tmp_path: Path
) -> None:
    from anysense import Collection, NewItem

    contents = [*sounds()[:2], picture(1), picture(2), "a bell is heard"]
    with Collection.create(tmp_path / "c.anysense", [f"peav:{folder}"]) as collection:
        report = collection.add([NewItem(content) for content in contents])
        assert not report.failed
        hits = collection.search("a dog barks", match="vector")
    expected = {
        Modality.AUDIO: queries(encoder, "to-audio", ["a dog barks"]),
        Modality.IMAGE: queries(encoder, "to-image", ["a dog barks"]),
        Modality.TEXT: vectors(encoder, Modality.TEXT, ["a dog barks"]),
    }
    stored = {
        Modality.AUDIO: vectors(encoder, Modality.AUDIO, sounds()[:2]),
        Modality.IMAGE: vectors(encoder, Modality.IMAGE, [picture(1), picture(2)]),
        Modality.TEXT: vectors(encoder, Modality.TEXT, ["a bell is heard"]),
    }
    for modality, query in expected.items():
        cosines = sorted(float(v @ query[0]) for v in stored[modality])
        found = sorted(hit.raw_score for hit in hits if hit.modality is modality)
        assert found == pytest.approx(cosines, abs=2e-3)  # vectors are stored as float16


def test_settings_in_one_file_are_the_same(
    encoder: PeavEncoder, processor: Any, folder: Path, tmp_path: Path
) -> None:
    """Which newer versions of transformers write in place of two."""
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    for name in ("preprocessor_config.json", "video_preprocessor_config.json"):
        (copy / name).unlink()
    with pytest.raises(CheckpointError, match="cannot be loaded as a PE-AV model"):
        load_encoder(f"peav:{copy}", device="cpu")
    processor.save_pretrained(copy)
    assert (copy / "processor_config.json").is_file()
    assert load_encoder(f"peav:{copy}", device="cpu").space.revision == encoder.space.revision


def test_passages_fit_the_model(encoder: PeavEncoder) -> None:
    from anysense.embed.media.structure.markdown import markdown_structure

    def tokens(text: str) -> int:
        return int(encoder.prepare(Modality.TEXT, text)[1].sum())

    text = "rain falls on the tin roof. " * 200
    passages = encoder.passages(text)
    assert len(passages) > 2
    assert max(tokens(p.text) for p in passages) <= 512
    assert " ".join(p.text for p in passages) == text.strip()
    text = f"# Rain\n\n{text}"
    structure = markdown_structure(text, "a.md")
    assert structure is not None
    sections = encoder.structured_passages(text, structure, 20)
    assert len(sections) > 2
    assert {p.heading for p in sections} == {("Rain",)}
    assert max(tokens(p.encoded) for p in sections) <= 512


def test_what_it_does_not_take(encoder: PeavEncoder) -> None:
    with pytest.raises(EncoderError, match="does not take image"):
        encoder.prepare(Modality.IMAGE, "a text")
    with pytest.raises(EncoderError, match="no form 'to-text' of queries by text"):
        encoder.prepare_query(Modality.TEXT, "rain", "to-text")
    with pytest.raises(EncoderError, match="no form 'to-audio' of queries by image"):
        encoder.prepare_query(Modality.IMAGE, picture(1), "to-audio")
    with pytest.raises(EncoderError, match="up to 10 s at 48000 Hz"):
        encoder.prepare(Modality.AUDIO, Waveform(np.zeros(16_000, np.float32), 16_000))
    with pytest.raises(EncoderError, match="up to 10 s at 48000 Hz"):
        encoder.prepare(Modality.AUDIO, Waveform(np.zeros(11 * RATE, np.float32), RATE))
    with pytest.raises(EmptyMediaError):
        encoder.prepare(Modality.AUDIO, Waveform(np.zeros(0, np.float32), RATE))


def test_models_that_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingWeightsError, match="`anysense models pull peav:facebook/pe-av-base"):
        load_encoder("peav:facebook/pe-av-base", device="cpu")
    with pytest.raises(MissingWeightsError, match="there is no such file"):
        load_encoder(f"peav:{tmp_path}", device="cpu")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(MissingWeightsError, match="there is no such file"):
        load_encoder(f"peav:{tmp_path}", device="cpu")
    with pytest.raises(UnknownEncoderError, match="OWNER/NAME"):
        load_encoder("peav:small", device="cpu")


def one_sentence(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_encoder(f"peav:{folder}", device="cpu")
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 500
    return message


def test_damaged_folders_are_refused_by_a_sentence(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    def copy(name: str) -> Path:
        return Path(shutil.copytree(folder, tmp_path / name))

    cut = copy("cut")
    (cut / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:5000])
    assert "cannot be loaded as a PE-AV model" in one_sentence(cut)
    lacking = copy("lacking")
    weights = load_file(folder / "model.safetensors")
    del weights["audio_model.audio_head.proj.weight"]
    save_file(weights, lacking / "model.safetensors", {"format": "pt"})
    assert "lacks 1 weights" in one_sentence(lacking)
    other = copy("other")
    (other / "config.json").write_text('{"model_type": "clap"}')
    assert "type 'clap', not of PE-AV" in one_sentence(other)
    (other / "config.json").write_text("[")
    assert "is damaged" in one_sentence(other)
    mute = copy("mute")
    (mute / "tokenizer.json").write_text("{")
    assert "cannot be loaded as a PE-AV model" in one_sentence(mute)


def test_loading_says_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_encoder(f"peav:{folder}", device="cpu")
    assert capsys.readouterr().out == ""
