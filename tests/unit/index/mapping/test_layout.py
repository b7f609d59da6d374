"""Places in two dimensions: what is alike lies near, whatever its modality, and again the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clusters import World

from anysense.embed.types import Modality
from anysense.index.mapping.layout import lay_out, place
from anysense.index.mapping.likeness import Likeness, code_of, fit_likeness

TOPICS, EACH = 8, 20
PICTURE, TEXT = code_of(Modality.IMAGE), code_of(Modality.TEXT)


def topical(draws: int, gap: int, each: int = EACH) -> tuple[Any, Any]:
    """Vectors about eight topics, `each` about every one of them, and the numbers of the topics."""
    world = World(draws=draws)
    topics = np.repeat(np.arange(TOPICS), each)
    rng = np.random.default_rng(draws)
    vectors = world.topics[topics] + 0.5 * rng.standard_normal((len(topics), 48))
    vectors += 2 * world.gaps[gap]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), topics


@pytest.fixture(scope="module")
def mixed() -> tuple[Any, Any, Any, Likeness]:
    """Pictures and texts about the same topics: vectors, codes, topics, and their likeness."""
    (pictures, topics), (texts, same) = topical(1, 0), topical(2, 1)
    codes = np.repeat([PICTURE, TEXT], len(topics)).astype(np.uint8)
    likeness = fit_likeness({Modality.IMAGE: pictures, Modality.TEXT: texts}, pictures.shape[1])
    vectors = likeness.centred(np.concatenate([pictures, texts]), codes)
    return vectors, codes, np.concatenate([topics, same]), likeness


def nearest_share(places: Any, of: Any, among: Any, topics: Any) -> float:
    """The share of the five nearest of the one among the others that are of the same topic."""
    distances = np.linalg.norm(places[of][:, None] - places[among][None], axis=2)
    distances[distances == 0] = np.inf
    nearest = np.argsort(distances, axis=1)[:, :5]
    return float((topics[among][nearest] == topics[of][:, None]).mean())


def test_a_topic_lies_together_whatever_its_modality(mixed: Any) -> None:
    vectors, codes, topics, likeness = mixed
    places = lay_out(vectors, codes, likeness)
    pictures, texts = codes == PICTURE, codes == TEXT
    assert nearest_share(places, pictures, pictures, topics) > 0.9
    assert nearest_share(places, pictures, texts, topics) > 0.9
    assert nearest_share(places, texts, pictures, topics) > 0.9
    bare = Likeness(likeness.centres * 0, likeness.means * 0, likeness.deviations * 0 + 1)
    raw = np.concatenate([topical(1, 0)[0], topical(2, 1)[0]])
    islands = lay_out(raw, codes, bare)
    assert nearest_share(islands, pictures, texts, topics) < 0.5


def test_the_same_vectors_lie_in_the_same_places(mixed: Any) -> None:
    vectors, codes, _, likeness = mixed
    first = lay_out(vectors, codes, likeness)
    assert np.array_equal(first, lay_out(vectors, codes, likeness))
    extent = first.max(axis=0) - first.min(axis=0)
    assert first.min() >= 0
    assert first.max() <= 1
    assert extent.max() == pytest.approx(1, abs=1e-5)


def test_what_is_laid_out_again_hardly_moves(mixed: Any) -> None:
    vectors, codes, topics, likeness = mixed
    turned = lay_out(vectors, codes, likeness)[:, ::-1] * [1, -1] + [0, 1]
    again = lay_out(vectors, codes, likeness, turned.astype(np.float32))
    moved = np.linalg.norm(again - turned, axis=1)
    apart = np.linalg.norm(turned[:, None] - turned[None], axis=2)
    assert np.median(moved) < np.median(apart) / 4
    assert nearest_share(again, codes == PICTURE, codes == TEXT, topics) > 0.9


def test_others_are_placed_among_those_they_are_like(mixed: Any) -> None:
    vectors, codes, topics, likeness = mixed
    first = np.random.default_rng(0).permutation(len(vectors))
    known, new = first[:240], first[240:]
    places = np.empty((len(vectors), 2), np.float32)
    places[known] = lay_out(vectors[known], codes[known], likeness)
    placed = place(vectors[new], codes[new], vectors[known], codes[known], places[known], likeness)
    places[new] = placed
    assert nearest_share(places, new, known, topics) > 0.9
    assert placed.min() >= 0
    assert placed.max() <= 1


@pytest.mark.parametrize("count", [10, 11, 40])
def test_few_and_equal_vectors_have_places(count: int) -> None:
    vectors = np.zeros((count, 16), np.float32)
    vectors[:, 0] = 1.0
    codes = np.full(count, PICTURE, np.uint8)
    likeness = fit_likeness({Modality.IMAGE: vectors}, 16)
    places = lay_out(likeness.centred(vectors, codes), codes, likeness)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()


def test_a_single_sound_keeps_its_direction() -> None:
    pictures, _ = topical(1, 0)
    sound = topical(3, 1)[0][:1]
    samples = {Modality.IMAGE: pictures, Modality.AUDIO: sound}
    likeness = fit_likeness(samples, pictures.shape[1])
    codes = np.array([code_of(Modality.AUDIO)], np.uint8)
    centred = likeness.centred(sound, codes)
    assert float(centred[0] @ sound[0]) == pytest.approx(1, abs=1e-5)
    own = likeness.between(centred, codes, centred, codes)
    assert np.isfinite(own).all()
