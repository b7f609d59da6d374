"""CLAP against LAION's code and transformers' `ClapModel`, on the same random weights.

The architecture and the file formats are the real ones (HTSAT-tiny, RoBERTa of full width;
optimizer state, NumPy scalars, ``module.`` prefixes and ``position_ids`` in the pickles); only the
depth and vocabulary of RoBERTa are small, except in the slow test.
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from scripts import check_script
from structured import check_passages

from anysense.embed.encoders.clap.convert import from_laion
from anysense.embed.encoders.clap.encoder import ClapEncoder, load
from anysense.embed.encoders.clap.laion import build_laion_model, is_installed, model_module
from anysense.embed.encoders.clap.spectrogram import MelSettings, log_mel
from anysense.embed.encoders.clap.text import ClapTokenizer
from anysense.embed.encoders.clap.transformers_port import TransformersTowers, build_converted
from anysense.embed.errors import (
    CheckpointError,
    EmptyMediaError,
    EncoderError,
    MissingWeightsError,
    UnknownEncoderError,
)
from anysense.embed.types import Modality, Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration
needs_laion = pytest.mark.skipif(not is_installed(), reason="laion_clap is not installed")

TEXTS = [
    "a dog barks",
    "Heavy rain on a tin roof, with thunder far away and wind in the trees.",
    "the sound of a violin " * 12,
]


def cosines(left: Any, right: Any) -> Any:
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def sounds() -> list[Waveform]:
    """A chord, a noise, a quiet tone of a second, and ten seconds of a sweep."""
    rng = np.random.default_rng(0)
    time = np.arange(480_000) / 48_000
    chord = sum(np.sin(2 * np.pi * f * time) for f in (220, 277.2, 329.6)) / 4
    noise = rng.normal(0, 0.1, 7 * 48_000) * np.linspace(0, 1, 7 * 48_000)
    tone = 0.01 * np.sin(2 * np.pi * 1000 * time[:48_000])
    sweep = 0.5 * np.sin(2 * np.pi * (100 + 400 * time) * time)
    return [Waveform(s.astype(np.float32), 48_000) for s in (chord, noise, tone, sweep)]


def randomise(model: Any, seed: int) -> None:
    """Weights of a size at which different inputs come out different."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not value.is_floating_point() or "_extractor" in name or "attn_mask" in name:
                continue
            noise = torch.randn(value.shape, generator=generator)
            if name.endswith("running_var"):
                value.copy_(200 + 100 * noise.abs())
            elif name.endswith("running_mean"):
                value.copy_(-40 + 10 * noise)
            elif value.ndim > 1:
                value.copy_(noise / value[0].numel() ** 0.5)
            elif "norm" in name.lower() and name.endswith("weight"):
                value.copy_(1 + 0.2 * noise)
            else:
                value.copy_(0.1 * noise)


def laion_reference(vocabulary: int, layers: int, *, fusion: bool = False) -> Any:
    """LAION's model as its own factory makes it, with a RoBERTa that was not downloaded."""
    import json

    from transformers import RobertaConfig, RobertaModel

    module: Any = model_module()
    config = RobertaConfig(
        vocab_size=vocabulary,
        num_hidden_layers=layers,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )

    class Roberta:
        @staticmethod
        def from_pretrained(name: str) -> Any:
            return RobertaModel(config)

    module.RobertaModel = Roberta
    settings = json.loads(
        (Path(module.__file__).parent / "model_configs/HTSAT-tiny.json").read_text()
    )
    settings["text_cfg"]["model_type"] = "roberta"
    settings.update(enable_fusion=fusion, fusion_type="aff_2d" if fusion else "None")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = module.CLAP(**settings).eval()
    randomise(model, seed=1)
    return model


def save_as_laion(model: Any, path: Path) -> None:
    """In the form in which LAION's training script left its checkpoints."""
    state = {f"module.{name}": value for name, value in model.state_dict().items()}
    state["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(3))], lr=1e-3)
    torch.save(
        {
            "epoch": 15,
            "name": "a_run",
            "state_dict": state,
            "optimizer": optimizer.state_dict(),
            "best_metric": np.float64(0.9014),
            "steps": np.int64(7),
        },
        path,
    )


@pytest.fixture(scope="session")
def roberta_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE vocabulary in RoBERTa's files, learnt from this very file."""
    from tokenizers.implementations import ByteLevelBPETokenizer

    folder = tmp_path_factory.mktemp("roberta")
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train(
        [__file__],
        vocab_size=600,
        show_progress=False,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    )
    tokenizer.save_model(str(folder))
    return folder


@pytest.fixture(scope="session")
def laion_model(roberta_files: Path) -> Any:
    return laion_reference(vocabulary=600, layers=2)


@pytest.fixture(scope="session")
def laion_file(
    laion_model: Any, roberta_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("laion")
    save_as_laion(laion_model, folder / "630k-audioset-best.pt")
    for name in ("vocab.json", "merges.txt"):
        (folder / name).write_bytes((roberta_files / name).read_bytes())
    return folder / "630k-audioset-best.pt"


@pytest.fixture(scope="session")
def laion_encoder(laion_file: Path) -> ClapEncoder:
    return load(str(laion_file), "cpu")


@pytest.fixture(scope="session")
def port(roberta_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A port to transformers as the hub has them: safetensors, configuration, tokenizer."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    folder = tmp_path_factory.mktemp("port")
    config = ClapConfig(text_config={"vocab_size": 600, "num_hidden_layers": 2}, audio_config={})
    model = ClapModel(config)
    randomise(model, seed=2)
    model.save_pretrained(folder)
    ClapFeatureExtractor(
        frequency_min=50, frequency_max=14_000, truncation="rand_trunc"
    ).save_pretrained(folder)
    for name in ("vocab.json", "merges.txt"):
        (folder / name).write_bytes((roberta_files / name).read_bytes())
    return folder


def vectors(encoder: ClapEncoder, modality: Modality, contents: Any) -> Any:
    return encoder.encode(modality, [encoder.prepare(modality, content) for content in contents])


def padded(tokenizer: ClapTokenizer, texts: list[str]) -> dict[str, Any]:
    """Token ids as LAION's own code pads them: all to 77."""
    rows = [tokenizer.ids(text) for text in texts]
    ids = torch.ones(len(rows), 77, dtype=torch.long)
    for row, text in zip(ids, rows, strict=True):
        row[: len(text)] = text
    return {"input_ids": ids, "attention_mask": (ids != 1).long()}


@needs_laion
def test_laion_checkpoints_give_laions_vectors(
    laion_encoder: ClapEncoder, laion_model: Any, roberta_files: Path
) -> None:
    filled = []
    for sound in sounds():
        samples = np.tile(sound.samples, 480_000 // len(sound.samples))
        filled.append(np.pad(samples, (0, 480_000 - len(samples))))
    with torch.inference_mode():
        batch = [{"waveform": torch.from_numpy(samples)} for samples in filled]
        audio = laion_model.get_audio_embedding(batch).numpy()
        text = laion_model.get_text_embedding(padded(ClapTokenizer(roberta_files), TEXTS)).numpy()
    assert cosines(audio[:1], audio[1:2]) < 0.999  # so that the next line can fail
    assert cosines(text[:1], text[1:2]) < 0.999
    assert cosines(vectors(laion_encoder, Modality.AUDIO, sounds()), audio).min() > 1 - 1e-4
    assert cosines(vectors(laion_encoder, Modality.TEXT, TEXTS), text).min() > 1 - 1e-4


def test_ports_give_the_vectors_of_transformers(port: Path, roberta_files: Path) -> None:
    from transformers import ClapFeatureExtractor, ClapModel

    encoder = load(str(port), "cpu")
    model = ClapModel.from_pretrained(port).eval()
    extractor = ClapFeatureExtractor.from_pretrained(port)
    with torch.inference_mode():
        features = extractor(
            [sound.samples for sound in sounds()], sampling_rate=48_000, return_tensors="pt"
        )
        features["input_features"] = features["input_features"].float()
        heard = model.audio_model(**features).pooler_output
        audio = model.audio_projection(heard).numpy()
        read = model.text_model(**padded(ClapTokenizer(roberta_files), TEXTS)).pooler_output
        text = model.text_projection(read).numpy()
    assert cosines(audio[:1], audio[1:2]) < 0.999
    assert cosines(vectors(encoder, Modality.AUDIO, sounds()), audio).min() > 1 - 1e-4
    assert cosines(vectors(encoder, Modality.TEXT, TEXTS), text).min() > 1 - 1e-4


@needs_laion
@pytest.mark.parametrize("fusion", [False, True])
def test_both_codes_agree_on_the_same_weights(fusion: bool, roberta_files: Path) -> None:
    from anysense.embed.encoders.clap.laion import LaionTowers

    state = laion_reference(600, 2, fusion=fusion).state_dict()
    here = LaionTowers(build_laion_model(state, "a checkpoint"))
    there = TransformersTowers(build_converted(state, "a checkpoint"))
    assert here.fusion is there.fusion is fusion
    here.model.eval()
    there.model.eval()
    mel = torch.stack([log_mel(sound, MelSettings(slaney=not fusion)) for sound in sounds()])
    tokens = padded(ClapTokenizer(roberta_files), TEXTS)
    with torch.inference_mode():
        audio = here.audio(mel), there.audio(mel)
        text = [t.text(tokens["input_ids"], tokens["attention_mask"]) for t in (here, there)]
    assert cosines(audio[0][:1], audio[0][1:2]) < 0.999
    assert cosines(*audio).min() > 1 - 1e-4
    assert cosines(*text).min() > 1 - 1e-4


@needs_laion
def test_conversion_keeps_every_bit(laion_model: Any) -> None:
    state = laion_model.state_dict()
    unused = ("_extractor.", "tscam_conv.", "head.", "_transform.", "attn_mask", "_index", "_ids")
    learned = {name for name in state if not any(part in name for part in unused)}
    # Transformers has three matrices where LAION has one of query, key and value.
    parts = [
        part
        for name in learned
        for part in (state[name].chunk(3) if ".qkv." in name else [state[name]])
    ]
    converted = from_laion(state, "a checkpoint").values()
    assert Counter(map(bits, converted)) == Counter(map(bits, parts))


def bits(tensor: torch.Tensor) -> tuple[tuple[int, ...], bytes]:
    return tuple(tensor.shape), tensor.contiguous().numpy().tobytes()


@pytest.mark.parametrize("truncation", ["rand_trunc", "fusion"])
def test_spectrograms_are_those_of_transformers(truncation: str) -> None:
    from transformers import ClapFeatureExtractor

    extractor = ClapFeatureExtractor(frequency_min=50, frequency_max=14_000, truncation=truncation)
    for sound in sounds():
        expected = extractor(sound.samples, sampling_rate=48_000)["input_features"][0][0]
        computed = log_mel(sound, MelSettings(slaney=truncation == "rand_trunc")).numpy()
        assert np.abs(computed - expected).max() < 0.01
        assert cosines(computed.reshape(1, -1), expected.reshape(1, -1)) > 1 - 1e-6


@needs_laion
def test_vectors_do_not_depend_on_the_batch(laion_encoder: ClapEncoder) -> None:
    for modality, contents in ((Modality.AUDIO, sounds()), (Modality.TEXT, TEXTS)):
        prepared = [laion_encoder.prepare(modality, content) for content in contents]
        together = laion_encoder.encode(modality, prepared)
        turned = laion_encoder.encode(modality, prepared[::-1])[::-1]
        alone = np.concatenate([laion_encoder.encode(modality, [one]) for one in prepared])
        assert np.array_equal(together, turned)
        assert np.array_equal(together, alone)


@needs_laion
def test_long_clips_get_the_same_vectors_each_time(laion_encoder: ClapEncoder) -> None:
    from anysense.embed.pipeline.query import encode_query
    from anysense.embed.pipeline.stream import MediaSource, encode_sources

    rng = np.random.default_rng(3)
    clip = Waveform(rng.normal(0, 0.1, 25 * 44_100).astype(np.float32), 44_100)
    runs = []
    for batch_size in (1, 3):
        (result,) = encode_sources(
            [laion_encoder], [MediaSource("clip", clip)], batch_size=batch_size
        )
        assert [(s.place.start, s.place.end) for s in result.segments] == [
            (0, 10),
            (10, 20),
            (15, 25),
        ]
        runs.append(np.stack([segment.vector for segment in result.segments]))
    assert np.array_equal(runs[0], runs[1])
    query = encode_query(laion_encoder, Modality.AUDIO, clip)
    mean = runs[0].mean(0) / np.linalg.norm(runs[0].mean(0))
    assert np.allclose(query, mean, atol=1e-6)


@needs_laion
def test_sections_fit_with_their_headings(laion_encoder: ClapEncoder, roberta_files: Path) -> None:
    check_passages(laion_encoder, lambda text: len(ClapTokenizer(roberta_files).tokens(text)), 75)


@needs_laion
def test_passages_fit_the_text_tower(laion_encoder: ClapEncoder, roberta_files: Path) -> None:
    text = "The rain falls on the roof. A dog barks in the yard! " * 40
    passages = laion_encoder.passages(text)
    assert len(passages) > 1
    assert all(len(laion_encoder.prepare(Modality.TEXT, p.text)) <= 77 for p in passages)
    tokens = sum(
        int((laion_encoder.prepare(Modality.TEXT, p.text) != 1).sum()) - 2 for p in passages
    )
    whole = len(ClapTokenizer(roberta_files).tokens(text))
    assert tokens >= whole * 0.98  # nothing was cut; joints between passages may save a few


@needs_laion
def test_loading_leaves_the_interpreter_as_it_was(laion_file: Path) -> None:
    """No download, no package laion_clap, no changed sys.path, no trainer's telemetry."""
    script = """
        import sys
        before = list(sys.path)
        from anysense.embed.encoders.registry import load_encoder
        encoder = load_encoder(f"clap:{sys.argv[1]}")
        assert sys.path == before
        packages = {name.split(".")[0] for name in sys.modules}
        assert not packages & {"laion_clap", "clap_module", "wandb", "wget"}, packages
        print(encoder.space.dimension)
    """
    assert check_script(script, str(laion_file)) == "512\n"


def test_names_that_mean_nothing_are_refused() -> None:
    with pytest.raises(UnknownEncoderError, match="630k-audioset-best"):
        load("nothing", "cpu")


def test_weights_that_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for name in ("630k-audioset-best", "laion/clap-htsat-unfused"):
        with pytest.raises(MissingWeightsError, match=f"anysense models pull clap:{name}"):
            load(name, "cpu")
    with pytest.raises(MissingWeightsError, match="no such file"):
        load(str(tmp_path / "none.pt"), "cpu")


@needs_laion
def test_checkpoints_of_something_else_are_refused(
    laion_model: Any, roberta_files: Path, tmp_path: Path
) -> None:
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((roberta_files / name).read_bytes())
    state = laion_model.state_dict()
    short = {name: value for name, value in state.items() if "text_projection" not in name}
    torch.save(short, tmp_path / "short.pt")
    with pytest.raises(CheckpointError, match="does not fit HTSAT-tiny"):
        load(str(tmp_path / "short.pt"), "cpu")
    torch.save({"audio_branch.bn0.weight": torch.ones(64)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="not a LAION-CLAP checkpoint"):
        load(str(tmp_path / "other.pt"), "cpu")
    changed = {**state, "audio_branch.logmel_extractor.melW": torch.zeros(513, 64)}
    torch.save(changed, tmp_path / "mel.pt")
    with pytest.raises(CheckpointError, match="another spectrogram"):
        load(str(tmp_path / "mel.pt"), "cpu")


@needs_laion
def test_inputs_of_the_wrong_kind_are_refused(laion_encoder: ClapEncoder) -> None:
    with pytest.raises(EncoderError, match="48000 Hz"):
        laion_encoder.prepare(Modality.AUDIO, Waveform(np.zeros(100, np.float32), 44_100))
    with pytest.raises(EmptyMediaError):
        laion_encoder.prepare(Modality.AUDIO, Waveform(np.zeros(0, np.float32), 48_000))
    with pytest.raises(EncoderError, match="does not take image"):
        laion_encoder.prepare(Modality.IMAGE, "a text")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads per operator slow these small models down on shared machines."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@needs_laion
def test_full_size(roberta_files: Path, tmp_path: Path) -> None:
    """HTSAT-tiny with the whole of RoBERTa-base, as the 630k checkpoints have it."""
    model = laion_reference(50_265, 12)
    save_as_laion(model, tmp_path / "630k-best.pt")
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((roberta_files / name).read_bytes())
    encoder = load(str(tmp_path / "630k-best.pt"), "cpu")
    with torch.inference_mode():
        text = model.get_text_embedding(padded(ClapTokenizer(roberta_files), TEXTS)).numpy()
    assert cosines(vectors(encoder, Modality.TEXT, TEXTS), text).min() > 1 - 1e-4
