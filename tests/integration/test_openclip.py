"""open_clip models against open_clip itself, with the same random weights, in real checkpoints."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import open_clip
import PIL.Image
import pytest
import torch
from open_clip.transformer import MultimodalTransformer
from safetensors.torch import save_file
from structured import check_passages

from anysense.embed.encoders.openclip.encoder import OpenClipEncoder, load
from anysense.embed.encoders.openclip.layout import put_sequence_first
from anysense.embed.encoders.openclip.names import parse_name
from anysense.embed.errors import (
    CheckpointError,
    EncoderError,
    MissingWeightsError,
    UnknownEncoderError,
)
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality
from anysense.embed.waiting import as_query

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

TEXTS = [
    "a dog",
    "A photo of two cats asleep on a red sofa, taken from above with a wide lens",
    "the harbour at night " * 30,
    "Straße in Zürich &amp; 北京",
]


def pictures() -> list[PIL.Image.Image]:
    """Noise, gradients and flat colour, of several shapes."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (300, 200, 3), dtype=np.uint8)
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (100, 1, 3))
    flat = np.full((500, 700, 3), (200, 30, 30), np.uint8)
    small = rng.integers(0, 256, (17, 40, 3), dtype=np.uint8)
    return [PIL.Image.fromarray(pixels) for pixels in (noise, ramp, flat, small, noise[:150])]


def cosines(left: Any, right: Any) -> Any:
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def vectors(encoder: OpenClipEncoder, modality: Modality, contents: Any) -> Any:
    return encoder.encode(modality, [encoder.prepare(modality, content) for content in contents])


def expected(model: Any, transform: Any, tokenizer: Any) -> tuple[Any, Any]:
    """What open_clip itself gives for the pictures and the texts."""
    with torch.inference_mode():
        images = model.encode_image(torch.stack([transform(p) for p in pictures()]))
        texts = model.encode_text(tokenizer(TEXTS[:2] + TEXTS[3:]))
    return images.numpy(), texts.numpy()


def assert_agrees(encoder: OpenClipEncoder, model: Any, transform: Any, tokenizer: Any) -> None:
    images, texts = expected(model, transform, tokenizer)
    assert cosines(images[:1], images[1:2]) < 0.9999  # so that the next lines can fail
    assert cosines(vectors(encoder, Modality.IMAGE, pictures()), images).min() > 1 - 1e-4
    assert cosines(vectors(encoder, Modality.TEXT, TEXTS[:2] + TEXTS[3:]), texts).min() > 1 - 1e-4


def create(arch: str, **options: Any) -> Any:
    torch.manual_seed(7)
    return open_clip.create_model(arch, pretrained_text=False, **options).eval()


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """open_clip warns, through the root logger, of models without weights."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def rn50(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """RN50 in a checkpoint of open_clip's training script."""
    model = create("RN50")
    path = tmp_path_factory.mktemp("rn50") / "epoch_3.pt"
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(2))])
    torch.save(
        {
            "epoch": 3,
            "name": "run",
            "state_dict": {f"module.{name}": value for name, value in model.state_dict().items()},
            "optimizer": optimizer.state_dict(),
            "loss": np.float64(1.5),
        },
        path,
    )
    return model, path


@pytest.fixture(scope="session")
def rn50_encoder(rn50: tuple[Any, Path]) -> OpenClipEncoder:
    return load(f"RN50/{rn50[1]}", "cpu")


@pytest.fixture(scope="session")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    """ViT-B-32 in safetensors: 600 MB, removed at the end."""
    model = create("ViT-B-32")
    folder = tmp_path_factory.mktemp("vit")
    save_file(model.state_dict(), folder / "vit.safetensors")
    yield model, folder / "vit.safetensors"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def vit_encoder(vit: tuple[Any, Path]) -> OpenClipEncoder:
    return load(f"ViT-B-32/{vit[1]}", "cpu")


def put_in_cache(cache: Path, repository: str, files: dict[str, Path | bytes]) -> None:
    """Lay files out as the hub's client does after a download."""
    root = cache / f"models--{repository.replace('/', '--')}"
    snapshot = root / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("a" * 40)
    for name, content in files.items():
        if isinstance(content, bytes):
            (snapshot / name).write_bytes(content)
        else:
            (snapshot / name).symlink_to(content)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_checkpoint_of_training_gives_open_clips_vectors(
    rn50: tuple[Any, Path], rn50_encoder: OpenClipEncoder
) -> None:
    transform = open_clip.create_model_and_transforms("RN50")[2]
    assert_agrees(rn50_encoder, rn50[0], transform, open_clip.get_tokenizer("RN50"))


def test_safetensors_give_open_clips_vectors(
    vit: tuple[Any, Path], vit_encoder: OpenClipEncoder
) -> None:
    transform = open_clip.image_transform(
        224, is_train=False, mean=open_clip.OPENAI_DATASET_MEAN, std=open_clip.OPENAI_DATASET_STD
    )
    assert_agrees(vit_encoder, vit[0], transform, open_clip.get_tokenizer("ViT-B-32"))


def test_vectors_do_not_depend_on_the_batch(
    rn50_encoder: OpenClipEncoder, vit_encoder: OpenClipEncoder
) -> None:
    for encoder in (rn50_encoder, vit_encoder):
        for modality, contents in ((Modality.IMAGE, pictures()), (Modality.TEXT, TEXTS)):
            prepared = [encoder.prepare(modality, content) for content in contents]
            together = encoder.encode(modality, prepared)
            turned = encoder.encode(modality, prepared[::-1])[::-1]
            alone = np.concatenate([encoder.encode(modality, [one]) for one in prepared])
            assert np.array_equal(together, turned)
            assert np.array_equal(together, alone)


def test_a_query_is_the_vector_that_indexing_gives(
    vit_encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    paths = []
    for number, picture in enumerate(pictures()):
        paths.append(tmp_path / f"{number}.png")
        picture.save(paths[-1])
    results = list(encode_sources([vit_encoder], [MediaSource(p, p) for p in paths], batch_size=2))
    for result in results:
        query = encode_query(vit_encoder, Modality.IMAGE, result.source.content)
        assert np.allclose(query, result.segments[0].vector, rtol=0, atol=1e-6)


def test_texts_of_queries_have_the_vectors_of_items_to_rounding(
    rn50_encoder: OpenClipEncoder,
) -> None:
    texts = ["a dog", "red", "the harbour at night " * 4, "a b " * 20, "x " * 75, "a cat"]
    prepared = [rn50_encoder.prepare(Modality.TEXT, text) for text in texts]
    assert {len(ids) for ids in prepared} == {16, 32, 48, 77}
    items = rn50_encoder.encode(Modality.TEXT, prepared)
    assert cosines(items[:1], items[1:2]) < 0.9999
    with as_query():
        together = rn50_encoder.encode(Modality.TEXT, prepared)
        alone = [rn50_encoder.encode(Modality.TEXT, [ids])[0] for ids in prepared]
    assert cosines(items, together).min() > 1 - 1e-6
    assert cosines(items, alone).min() > 1 - 1e-6


def test_attention_works_on_the_sequence_first_on_the_cpu() -> None:
    """Its agreement with open_clip's own order is that of all other tests here."""
    model = create("ViT-B-32")
    assert model.transformer.batch_first
    assert model.visual.transformer.batch_first
    put_sequence_first(model)
    for transformer in (model.transformer, model.visual.transformer):
        assert not transformer.batch_first
        assert not any(block.attn.batch_first for block in transformer.resblocks)
    decoder = MultimodalTransformer(
        width=64, layers=1, heads=2
    )  # of CoCa: it looks at pictures too
    put_sequence_first(decoder)
    assert decoder.batch_first


def test_long_texts_are_split_and_not_cut(vit_encoder: OpenClipEncoder) -> None:
    text = "A boat lies in the harbour. " * 60
    passages = vit_encoder.passages(text)
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    counts = [len(tokenizer.encode(p.text)) for p in passages]
    assert max(counts) <= 75
    assert sum(counts) == len(tokenizer.encode(text))
    assert all(p.text.endswith(".") for p in passages)
    assert min(counts[:-1]) > 60  # and no more of them than needed


def test_sections_fit_with_their_headings(vit_encoder: OpenClipEncoder) -> None:
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    check_passages(vit_encoder, lambda text: len(tokenizer.encode(text)), 75)


@pytest.fixture(scope="session")
def siglip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SigLIP with a sentencepiece-like vocabulary, in open_clip's form of a folder."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    folder = tmp_path_factory.mktemp("siglip")
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train(
        [__file__],
        trainers.UnigramTrainer(
            vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "pad_token": "<pad>",
                "eos_token": "</s>",
                "unk_token": "<unk>",
            }
        )
    )
    config = open_clip.get_model_config("ViT-B-16-SigLIP")
    config.update(embed_dim=192)
    config["vision_cfg"].update(
        timm_model_name="vit_tiny_patch16_224", timm_pool="avg", image_size=224
    )
    config["text_cfg"].update(vocab_size=300, width=192, heads=3, layers=2)
    preprocess = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    )
    model = create(f"local-dir:{folder}")
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def test_siglip_pads_its_texts_to_64_tokens(siglip_folder: Path) -> None:
    encoder = load(f"local-dir:{siglip_folder}", "cpu")
    name = f"local-dir:{siglip_folder}"
    model, _, transform = open_clip.create_model_and_transforms(name)
    assert_agrees(encoder, model.eval(), transform, open_clip.get_tokenizer(name))
    ids = encoder.prepare(Modality.TEXT, "a dog")
    assert ids.shape == (64,)
    assert int((ids == 0).sum()) > 50
    passages = encoder.passages(TEXTS[2])
    rows = [encoder.prepare(Modality.TEXT, p.text) for p in passages]
    assert len(rows) > 1
    assert all((row == 1).sum() == 1 for row in rows)  # the end mark of each was not cut off


def test_published_weights_come_from_the_hubs_cache(cache: Path, rn50: tuple[Any, Path]) -> None:
    """With the activation that they were trained with, though the architecture's name lacks it."""
    bare = torch.load(rn50[1], weights_only=False)["state_dict"]
    path = rn50[1].parent / "bare.bin"
    torch.save({name.removeprefix("module."): value for name, value in bare.items()}, path)
    put_in_cache(cache, "timm/resnet50_clip.openai", {"open_clip_pytorch_model.bin": path})
    encoder = load("RN50/openai", "cpu")
    assert encoder.space.id == "openclip:RN50/openai"
    quick = create("RN50-quickgelu")
    quick.load_state_dict(rn50[0].state_dict())
    transform = open_clip.create_model_and_transforms("RN50-quickgelu")[2]
    assert_agrees(encoder, quick, transform, open_clip.get_tokenizer("RN50"))


def test_models_of_the_hub_come_from_its_cache(cache: Path, siglip_folder: Path) -> None:
    files = {path.name: path for path in siglip_folder.iterdir()}
    config = json.loads(files["open_clip_config.json"].read_text())
    config["model_cfg"]["text_cfg"]["hf_tokenizer_name"] = "someone/model"
    content: dict[str, Any] = {**files, "open_clip_config.json": json.dumps(config).encode()}
    put_in_cache(cache, "someone/model", content)
    hub = load("hf-hub:someone/model", "cpu")
    folder = load(f"local-dir:{siglip_folder}", "cpu")
    texts = [vectors(encoder, Modality.TEXT, TEXTS[:2]) for encoder in (hub, folder)]
    assert hub.space.id == "openclip:hf-hub:someone/model"
    assert np.array_equal(*texts)


def test_a_revision_is_that_of_the_weights(
    rn50: tuple[Any, Path], rn50_encoder: OpenClipEncoder, tmp_path: Path
) -> None:
    copied = tmp_path / "copied.pt"
    shutil.copy(rn50[1], copied)
    again = load(f"RN50/{copied}", "cpu")
    assert again.space.revision == rn50_encoder.space.revision
    assert again.space.id == f"openclip:RN50/{copied}"
    content = torch.load(rn50[1], weights_only=False)
    content["state_dict"]["module.logit_scale"] += 1
    torch.save(content, copied)
    assert load(f"RN50/{copied}", "cpu").space.revision != again.space.revision


def test_names() -> None:
    assert parse_name("ViT-B-32//data/w.pt").path == Path("/data/w.pt")
    assert parse_name("ViT-B-32/./w.pt").path == Path("w.pt").resolve()
    assert parse_name("ViT-B-32/~/w.pt").path == Path.home() / "w.pt"
    assert parse_name("ViT-B-32/openai").tag == "openai"
    for name, message in (
        ("VIT-B32/openai", "did you mean ViT-B-32"),
        ("ViT-B-32/opnai", "it has openai, "),
        ("ViT-B-32", "it has openai, "),
        ("", "no architecture"),
    ):
        with pytest.raises(UnknownEncoderError, match=message):
            parse_name(name)


def test_weights_that_are_not_here(cache: Path, tmp_path: Path) -> None:
    for name in ("ViT-B-32/openai", "hf-hub:someone/model"):
        with pytest.raises(MissingWeightsError, match=f"`anysense models pull openclip:{name}`"):
            load(name, "cpu")
    for name in (f"RN50/{tmp_path}/none.pt", f"local-dir:{tmp_path}"):
        with pytest.raises(MissingWeightsError, match="no such file"):
            load(name, "cpu")


def test_a_tokenizer_that_is_not_here(cache: Path, siglip_folder: Path) -> None:
    weights = siglip_folder / "open_clip_model.safetensors"
    put_in_cache(cache, "timm/ViT-B-16-SigLIP", {"open_clip_model.safetensors": weights})
    with pytest.raises(MissingWeightsError, match="tokenizer files of 'openclip:ViT-B-16-SigLIP"):
        load("ViT-B-16-SigLIP/webli", "cpu")


def test_checkpoints_that_cannot_be_used(rn50: tuple[Any, Path], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not fit 'RN50x4'"):
        load(f"RN50x4/{rn50[1]}", "cpu")
    (tmp_path / "cut.pt").write_bytes(rn50[1].read_bytes()[:1_000_000])
    with pytest.raises(CheckpointError, match=r"cut\.pt: is damaged"):
        load(f"RN50/{tmp_path}/cut.pt", "cpu")
    (tmp_path / "cut.safetensors").write_bytes(b"\x00" * 1000)
    with pytest.raises(CheckpointError, match=r"cut\.safetensors: is damaged"):
        load(f"RN50/{tmp_path}/cut.safetensors", "cpu")


def test_what_it_does_not_take(rn50_encoder: OpenClipEncoder) -> None:
    with pytest.raises(EncoderError, match="does not take audio"):
        rn50_encoder.prepare(Modality.AUDIO, pictures()[0])
    with pytest.raises(EncoderError, match="does not take image"):
        rn50_encoder.prepare(Modality.IMAGE, "a text")


@pytest.mark.slow
def test_siglip_of_full_size(cache: Path, siglip_folder: Path, tmp_path: Path) -> None:
    """ViT-B-16-SigLIP as published, but for its weights and vocabulary."""
    model = create("ViT-B-16-SigLIP")
    save_file(model.state_dict(), tmp_path / "w.safetensors")
    names = ("tokenizer.json", "tokenizer_config.json")
    put_in_cache(
        cache,
        "timm/ViT-B-16-SigLIP",
        {
            "open_clip_model.safetensors": tmp_path / "w.safetensors",
            **{name: siglip_folder / name for name in names},
        },
    )
    encoder = load("ViT-B-16-SigLIP/webli", "cpu")
    transform = open_clip.image_transform(
        224,
        is_train=False,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        interpolation="bicubic",
        resize_mode="squash",
    )
    tokenizer = open_clip.tokenizer.HFTokenizer(
        str(siglip_folder), context_length=64, clean="canonicalize"
    )
    assert_agrees(encoder, model, transform, tokenizer)
    own = load(f"ViT-B-16-SigLIP/{tmp_path}/w.safetensors", "cpu")  # a file of one's own
    images = [vectors(e, Modality.IMAGE, pictures()[:2]) for e in (encoder, own)]
    assert np.array_equal(*images)
