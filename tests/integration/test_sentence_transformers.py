"""Models of sentence-transformers against transformers' own forward, on tiny models.

The architectures, processors and files are the real ones; the weights are random, and few.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny_models
import tiny_references
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer
from structured import check_passages
from tiny_models import PROMPTS

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    EncoderError,
    UnknownEncoderError,
    UnsupportedMediaError,
)
from anysense.embed.media.audio.recording import iter_windows
from anysense.embed.pipeline.query import encode_query
from anysense.embed.types import Clip, Encoder, Modality, Waveform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

TEXTS = [
    "rain",
    "A dog on the beach.",
    "The harbour is quiet at night, a bell is the sound.",
    "waves",
]
TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
TAKES = {
    "bert": {TEXT},
    "clip": {TEXT, IMAGE},
    "metaclip2": {TEXT, IMAGE},
    "siglip": {TEXT, IMAGE},
    "siglip2": {TEXT, IMAGE},
    "clap": {TEXT, AUDIO},
    "clap-fusion": {TEXT, AUDIO},
    "gemma": {TEXT, IMAGE, AUDIO},
    "qwen": {TEXT, IMAGE},
    "omni": {TEXT, IMAGE, AUDIO},
}
WITH_PROMPTS = ("bert", "gemma", "qwen", "omni")
WITH_VIDEO = ("gemma", "qwen", "omni")
ASKED = {"bert": {TEXT}, "gemma": {TEXT}, "qwen": TAKES["qwen"], "omni": TAKES["omni"]}
"""What the queries of each model have a prompt for."""


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        name: tiny_models.save(name, tmp_path_factory.mktemp(name), PROMPTS)
        if name in WITH_PROMPTS
        else tiny_models.save(name, tmp_path_factory.mktemp(name))
        for name in TAKES
    }


@pytest.fixture(scope="session")
def encoders(folders: dict[str, Path]) -> dict[str, Any]:
    return {name: load_encoder(f"st:{path}", device="cpu") for name, path in folders.items()}


def noise(seconds: float, rate: int, seed: int = 0) -> Waveform:
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.1, round(seconds * rate)) * np.linspace(0.1, 2, round(seconds * rate))
    return Waveform(samples.astype(np.float32), rate)


def contents(encoder: Any, modality: Modality) -> list[Any]:
    if modality is TEXT:
        return TEXTS
    if modality is IMAGE:
        rng = np.random.default_rng(1)
        sizes = ((64, 96), (96, 64), (80, 80), (64, 96))
        return [Image.fromarray(rng.integers(0, 255, (*s, 3), dtype=np.uint8)) for s in sizes]
    length, rate = encoder.window_seconds, encoder.sample_rate
    return [noise(s, rate, at) for at, s in enumerate((length, length / 3, length, 0.5))]


def vectors(encoder: Any, modality: Modality, inputs: list[Any], form: str = "") -> Any:
    if form:
        prepared = [encoder.prepare_query(modality, content, form) for content in inputs]
    else:
        prepared = [encoder.prepare(modality, content) for content in inputs]
    return encoder.encode(modality, prepared)


def unit(rows: Any) -> Any:
    rows = np.asarray(rows, np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("name", "modality"), [(name, modality) for name in TAKES for modality in sorted(TAKES[name])]
)
def test_vectors_are_those_of_transformers_whatever_the_batch(
    encoders: dict[str, Any], folders: dict[str, Path], name: str, modality: Modality
) -> None:
    encoder = encoders[name]
    inputs = contents(encoder, modality)
    prompt = PROMPTS["document"] if name in WITH_PROMPTS else ""
    expected = unit(tiny_references.vectors(name, folders[name], modality, inputs, prompt))
    assert np.abs(expected[0] - expected[1]).max() > 1e-3  # so that the next lines can fail
    together = vectors(encoder, modality, inputs)
    assert np.abs(together - expected).max() < 1e-4
    alone = np.concatenate([vectors(encoder, modality, [content]) for content in inputs])
    assert np.array_equal(alone, together)
    assert np.array_equal(vectors(encoder, modality, inputs[::-1])[::-1], together)


@pytest.mark.parametrize("name", TAKES)
def test_its_space(encoders: dict[str, Any], folders: dict[str, Path], name: str) -> None:
    encoder = encoders[name]
    assert isinstance(encoder, Encoder)
    assert encoder.space.id == f"st:{folders[name]}"
    assert encoder.space.modalities == TAKES[name]
    assert encoder.space.dimension == vectors(encoder, TEXT, ["rain"]).shape[1]
    asked = {form.modality for form in encoder.space.query_forms}
    assert asked == ASKED.get(name, set())
    assert (encoder.video is not None) == (name in WITH_VIDEO)
    sides = {"clip": 64, "metaclip2": 64, "siglip": 64}
    assert encoder.image_side == sides.get(name)  # of a square that pictures become


@pytest.mark.parametrize("name", WITH_PROMPTS)
def test_queries_and_items_are_prompted_as_the_library_does(
    encoders: dict[str, Any], folders: dict[str, Path], name: str
) -> None:
    library = SentenceTransformer(
        str(folders[name]), device="cpu", local_files_only=True, model_kwargs={"dtype": "float32"}
    )
    encoder = encoders[name]
    item = vectors(encoder, TEXT, TEXTS)
    query = vectors(encoder, TEXT, TEXTS, "query")
    assert np.abs(item - query).max() > 1e-2
    assert np.abs(item - unit(library.encode_document(TEXTS))).max() < 1e-4
    assert np.abs(query - unit(library.encode_query(TEXTS))).max() < 1e-4
    for target in TAKES[name]:
        assert encoder.space.form(TEXT, target) == "query"
    found = encode_query(encoder, TEXT, TEXTS[1], encoder.space.form(TEXT, TEXT))
    assert np.abs(found - query[1]).max() < 1e-5


def test_a_chat_is_told_its_prompt_beside_a_picture_too(encoders: dict[str, Any]) -> None:
    encoder = encoders["qwen"]
    picture = contents(encoder, IMAGE)[:1]
    item, query = vectors(encoder, IMAGE, picture), vectors(encoder, IMAGE, picture, "query")
    assert np.abs(item - query).max() > 1e-2
    with pytest.raises(EncoderError, match="no queries of the form 'to-audio'"):
        encoder.prepare_query(TEXT, "rain", "to-audio")
    with pytest.raises(EncoderError, match="no queries of the form 'query'"):
        encoders["gemma"].prepare_query(IMAGE, picture[0], "query")


def test_a_prompt_called_passage_is_that_of_documents(tmp_path: Path) -> None:
    prompts = {"query": "query: ", "passage": "text: "}
    encoder = load_encoder(f"st:{tiny_models.save('bert', tmp_path / 'a', prompts)}", device="cpu")
    plain = load_encoder(f"st:{tiny_models.save('bert', tmp_path / 'b', {})}", device="cpu")
    told = vectors(plain, TEXT, [f"text: {text}" for text in TEXTS])
    assert np.abs(vectors(encoder, TEXT, TEXTS) - told).max() < 1e-5
    assert plain.space.query_forms == ()
    assert plain.space.revision != encoder.space.revision


@pytest.mark.parametrize("name", ["bert", "clip", "clap", "gemma", "qwen", "omni"])
def test_passages_fit_with_their_prompts(encoders: dict[str, Any], name: str) -> None:
    encoder = encoders[name]
    limit = {"bert": 64, "clip": 24, "clap": 40, "gemma": 1024, "qwen": 512, "omni": 1024}[name]

    def tokens(text: str) -> int:
        forms = [lambda t: encoder.prepare(TEXT, t)]
        if encoder.space.query_forms:
            forms.append(lambda t: encoder.prepare_query(TEXT, t, "query"))
        return max(int(form(text).values["input_ids"].shape[-1]) for form in forms)

    text = "The harbour is quiet at night. A dog is on the beach, in the rain of the sea. " * 200
    passages = encoder.passages(text)
    assert " ".join(p.text for p in passages) == text.strip()
    counts = [tokens(passage.text) for passage in passages]
    assert max(counts) <= limit
    assert np.mean(counts[:-1]) > limit / 2
    if name in ("bert", "qwen"):
        check_passages(encoder, tokens, limit)


def test_a_text_that_looks_like_a_file_or_an_address_is_a_text(
    encoders: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (64, 64), "red").save(path)
    for name in ("clip", "clap", "gemma", "qwen", "omni"):
        for text in (str(path), "https://example.com/a.jpg", "data:image/png;base64,AA", "a.wav"):
            values = encoders[name].prepare(TEXT, text).values
            assert "pixel_values" not in values
            assert "input_features" not in values
            assert values["input_ids"].shape[-1] > 4


def test_words_by_which_a_model_knows_media_are_no_media(encoders: dict[str, Any]) -> None:
    told = {
        "gemma": "<|image|> <|audio|> <|video|>",
        "qwen": "<|image_pad|> <|video_pad|>",
        "omni": "<|IMAGE|> <|AUDIO|> <|VIDEO|>",
    }
    for name, marks in told.items():
        assert np.isfinite(vectors(encoders[name], TEXT, [f"rain {marks} sea"])).all()
        same = vectors(encoders[name], TEXT, [f"rain {marks} sea", "rain sea"])
        assert np.abs(same[0] - same[1]).max() < 1e-5


@pytest.mark.parametrize("name", ["clap", "clap-fusion", "gemma", "omni"])
def test_a_long_sound_gives_the_same_windows_twice(encoders: dict[str, Any], name: str) -> None:
    encoder = encoders[name]
    seconds, rate = encoder.window_seconds, encoder.sample_rate
    assert (seconds, rate) == ((10.0, 48_000) if name.startswith("clap") else (30.0, 16_000))
    sound = noise(2.5 * seconds, rate, seed=3)
    runs = []
    for _ in range(2):
        windows = [window.waveform for window in iter_windows(sound, rate, seconds)]
        assert len(windows) == 3
        runs.append(vectors(encoder, AUDIO, windows))
    assert np.array_equal(runs[0], runs[1])
    assert np.abs(runs[0][0] - runs[0][1]).max() > 1e-5
    # What is longer than a window is cut at its end, not anywhere.
    whole = [vectors(encoder, AUDIO, [sound]) for _ in range(2)]
    assert np.array_equal(whole[0], whole[1])
    assert np.array_equal(whole[0], runs[0][:1])


def test_noise_that_an_extractor_adds_is_left_out(folders: dict[str, Path], tmp_path: Path) -> None:
    import json
    import shutil

    folder = tmp_path / "gemma"
    shutil.copytree(folders["gemma"], folder)
    file = folder / "processor_config.json"
    settings = json.loads(file.read_text())
    settings["feature_extractor"]["dither"] = 0.5
    file.write_text(json.dumps(settings))
    encoder = load_encoder(f"st:{folder}", device="cpu")
    sound = noise(3, 16_000)
    assert np.array_equal(vectors(encoder, AUDIO, [sound]), vectors(encoder, AUDIO, [sound]))


def test_sounds_that_cannot_be_used(encoders: dict[str, Any]) -> None:
    encoder = encoders["clap"]
    with pytest.raises(EncoderError, match="takes sounds at 48000 Hz, not 16000 Hz"):
        encoder.prepare(AUDIO, noise(1, 16_000))
    with pytest.raises(EmptyMediaError):
        encoder.prepare(AUDIO, Waveform(np.zeros(0, np.float32), 48_000))
    with pytest.raises(CorruptMediaError, match="not finite"):
        encoder.prepare(AUDIO, Waveform(np.full(4800, np.nan, np.float32), 48_000))
    short = [Waveform(np.ones(length, np.float32), 16_000) for length in (10, 1000)]
    with pytest.raises(UnsupportedMediaError, match="<audio>: is too short for this model"):
        encoders["gemma"].prepare(AUDIO, short[0])
    assert np.isfinite(vectors(encoders["gemma"], AUDIO, short[1:])).all()


def test_a_picture_that_a_processor_refuses(encoders: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedMediaError, match=r"<image>: cannot be prepared .*aspect ratio"):
        encoders["qwen"].prepare(IMAGE, Image.new("RGB", (3000, 4)))


def test_what_a_model_does_not_take(encoders: dict[str, Any]) -> None:
    picture, sound = contents(None, IMAGE)[0], noise(1, 48_000)
    clip = Clip((picture,), (0.0,), 1.0)
    for name, modality, content in [
        ("bert", IMAGE, picture),
        ("clip", AUDIO, sound),
        ("clap", IMAGE, picture),
        ("clip", IMAGE, "a text"),
        ("clip", IMAGE, clip),
        ("gemma", AUDIO, clip),
    ]:
        with pytest.raises(EncoderError, match=f"does not take {modality}"):
            encoders[name].prepare(modality, content)


def test_pictures_of_other_modes_are_taken_as_rgb(encoders: dict[str, Any]) -> None:
    grey = contents(None, IMAGE)[0].convert("L")
    for name in ("clip", "siglip2", "gemma", "qwen"):
        pair = vectors(encoders[name], IMAGE, [grey, grey.convert("RGB")])
        assert np.array_equal(pair[0], pair[1])


@pytest.mark.parametrize("name", WITH_VIDEO)
def test_clips_are_told_with_the_times_of_their_frames(
    encoders: dict[str, Any], folders: dict[str, Path], name: str
) -> None:
    encoder = encoders[name]
    frames = tuple(picture.resize((64, 48)) for picture in contents(None, IMAGE))
    clips = [Clip(frames, (0.0, 1.0, 2.0, 3.0), 4.0), Clip(frames[:2], (0.0, 1.0), 2.0)]
    made = vectors(encoder, IMAGE, clips)
    prompt = PROMPTS["document"]
    expected = unit(
        [tiny_references.clip(name, folders[name], list(c.frames), 1.0, prompt) for c in clips]
    )
    assert np.abs(expected[0] - expected[1]).max() > 1e-3
    assert np.abs(made - expected).max() < 1e-4
    later = vectors(encoder, IMAGE, [Clip(frames, (0.0, 4.0, 8.0, 12.0), 16.0)])
    # Only Qwen's models are told when a frame is shown.
    assert (np.abs(later[0] - made[0]).max() > 1e-4) == (name != "gemma")


def test_many_threads_prepare_at_once(encoders: dict[str, Any]) -> None:
    for name in ("bert", "gemma", "qwen", "siglip"):
        encoder = encoders[name]
        work = [(TEXT, text) for text in TEXTS]
        if IMAGE in encoder.space.modalities:
            work += [(IMAGE, picture) for picture in contents(encoder, IMAGE)]
        expected = [encoder.prepare(*one).values for one in work]

        def one(at: int, encoder: Any = encoder, work: Any = work) -> Any:
            encoder.passages("The harbour is quiet at night. " * 20)
            return encoder.prepare(*work[at % len(work)]).values

        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(one, range(64)))
        for at, values in enumerate(made):
            same = expected[at % len(work)]
            assert values.keys() == same.keys()
            for key, value in values.items():
                assert torch.equal(value, same[key]) if torch.is_tensor(value) else True


def test_vectors_are_cut_and_normalised(encoders: dict[str, Any], folders: dict[str, Path]) -> None:
    short = load_encoder(f"st:{folders['bert']}@8", device="cpu")
    assert short.space.id == f"st:{folders['bert']}@8"
    assert short.space.dimension == 8
    assert short.space.revision != encoders["bert"].space.revision
    whole = vectors(encoders["bert"], TEXT, TEXTS)
    assert np.abs(vectors(short, TEXT, TEXTS) - unit(whole[:, :8])).max() < 1e-6
    for cut in ("32", "4096"):
        with pytest.raises(UnknownEncoderError, match="vectors have 32 numbers"):
            load_encoder(f"st:{folders['bert']}@{cut}", device="cpu")


def test_texts_are_padded_where_batches_are_large(folders: dict[str, Path]) -> None:
    """As on CUDA: texts of about one length share a batch, and their vectors are the same."""
    from anysense.embed.encoders.sentence_transformers.inputs import Inputs, settle
    from anysense.embed.encoders.sentence_transformers.prompts import Task

    for name, padded in {"bert": True, "clap": True, "qwen": False, "siglip": False}.items():
        model = SentenceTransformer(str(folders[name]), device="cpu", local_files_only=True)
        settle(model)
        task = Task("document", "")
        pair = [Inputs(model, step).prepare("a dog on the beach", task) for step in (1, 16)]
        lengths = [one.values["input_ids"].shape[-1] for one in pair]
        assert (lengths[1] % 16 == 0 and lengths[1] > lengths[0]) == padded
        made = [model(dict(one.values))["sentence_embedding"].detach() for one in pair]
        assert np.abs(unit(made[0]) - unit(made[1])).max() < 1e-5
