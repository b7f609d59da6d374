from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from anysense import Collection, Hit, Modality, NewItem, Retriever, Term, Waveform
from anysense.embed.errors import ItemNotFoundError, NoRouteError, UsageError

COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}
TONES = {"low": 100, "middle": 600, "high": 3000}


def tone(frequency: float, seconds: float = 1.0) -> Waveform:
    time = np.arange(int(8000 * seconds)) / 8000
    return Waveform((0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32), 8000)


def items() -> Iterator[NewItem]:
    """Fifteen of each modality: concepts in turn, with details that differ."""
    for i in range(15):
        colour, pitch = list(COLOURS)[i % 3], list(TONES)[i % 3]
        shade = tuple(max(0, c - i) for c in COLOURS[colour])
        yield NewItem(Image.new("RGB", (32, 32), shade), id=f"image-{colour}-{i}")
        yield NewItem(tone(TONES[pitch] + i), id=f"audio-{pitch}-{i}")
        text = f"a {colour} thing, number {i}" if i % 2 else f"a {pitch} note, number {i}"
        word = text.split()[1]
        yield NewItem(text, id=f"text-{word}-{i}", metadata={"number": i, "word": word})


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    import tiny

    tiny.register()
    with Collection.create(tmp_path_factory.mktemp("retriever") / "c", ["tiny"]) as made:
        report = made.add(items())
        assert report.added == 45
        yield made


@pytest.fixture(params=["fresh", "published"])
def retriever(request: pytest.FixtureRequest, collection: Collection) -> Retriever:
    """Before and after the segments have moved from the delta to the FAISS index."""
    if request.param == "published":
        collection.publish()
    return Retriever(collection)


def kinds(hits: list[Hit]) -> list[str]:
    return [hit.id.rsplit("-", 1)[0] for hit in hits]


def test_a_text_finds_every_modality_in_one_list(retriever: Retriever) -> None:
    hits = retriever.retrieve("red", k=8)
    assert {hit.modality for hit in hits} == {Modality.TEXT, Modality.IMAGE}
    assert set(kinds(hits)) == {"text-red", "image-red"}
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert set(kinds(retriever.retrieve("low", k=8))) == {"text-low", "audio-low"}


def test_an_image_and_a_sound_find_texts(retriever: Retriever) -> None:
    found = retriever.retrieve(Image.new("RGB", (8, 8), (210, 10, 10)), k=6)
    assert {"text-red", "image-red"} <= set(kinds(found))
    found = retriever.retrieve(tone(3010), k=6)
    assert {"text-high", "audio-high"} <= set(kinds(found))


def test_raw_cosines_would_have_put_one_modality_first(retriever: Retriever) -> None:
    hits = retriever.retrieve("red", k=45)
    relevant = {m: min(h.raw_score for h in hits if h.id.startswith(f"{m}-red")) for m in
                ("text", "image")}
    unrelated = max(h.raw_score for h in hits if h.id.startswith("text-") and "red" not in h.id)
    assert relevant["image"] < relevant["text"]
    assert unrelated > 0  # the gap lifts every text above every sound
    assert max(h.score for h in hits if h.modality == Modality.AUDIO) < 2


def test_modalities_where_and_quotas_narrow(retriever: Retriever) -> None:
    assert {h.modality for h in retriever.retrieve("red", modalities=["image"])} == {"image"}
    narrow = retriever.retrieve("red", where="number >= 5 and word = 'blue'", k=45)
    assert sorted(kinds(narrow)) == ["text-blue", "text-blue"]
    found = retriever.retrieve("red", k=45, per_modality_k=2)
    assert sorted(h.modality.value for h in found) == ["audio"] * 2 + ["image"] * 2 + ["text"] * 2
    assert retriever.retrieve("red", min_score=1e9) == []


def test_terms_combine_and_subtract(retriever: Retriever) -> None:
    both = retriever.retrieve([Term("red"), Term("low")], k=12)
    assert {"text-red", "text-low", "image-red", "audio-low"} <= set(kinds(both))
    without = retriever.retrieve([Term("red low"), Term("low", weight=-1.0)], k=4)
    assert "audio-low" not in kinds(without)
    with pytest.raises(UsageError, match="cancel"):
        retriever.retrieve([Term("red"), Term("red", weight=-1.0)])


def test_more_like_an_item_leaves_the_item_out(retriever: Retriever) -> None:
    hits = retriever.retrieve(Term(like="image-blue-2"), k=5)
    assert "image-blue-2" not in [hit.id for hit in hits]
    assert set(kinds(hits)) <= {"image-blue", "text-blue"}
    with pytest.raises(ItemNotFoundError, match="nothing-here"):
        retriever.retrieve(Term(like="nothing-here"))


def test_a_vector_asks_in_its_space(retriever: Retriever, collection: Collection) -> None:
    vectors = collection.snapshot().item_vectors("image-green-1")
    [(partition, vector)] = vectors.items()
    hits = retriever.retrieve(
        Term(vector=vector[0], space=partition.space, modality=Modality.IMAGE), k=1
    )
    assert hits[0].id == "image-green-1"
    assert hits[0].raw_score == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "1 to 1000"),
        ({"k": 1001}, "1 to 1000"),
        ({"per_modality_k": 0}, "1 to 1000"),
        ({"modalities": ["video"]}, "one of text, image, audio"),
        ({"query": Term(vector=np.ones(3, np.float32), space="tiny")}, "32 floating"),
        ({"query": Term(vector=np.ones(32, np.float32), space="other")}, "no space named other"),
        ({"query": Term(vector=np.zeros(32, np.float32), space="tiny")}, "not all zeros"),
        ({"query": Term(vector=np.full(32, np.nan), space="tiny")}, "finite"),
    ],
)
def test_wrong_arguments(retriever: Retriever, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        retriever.retrieve(**{"query": "red", **arguments})


def test_segments_of_one_item_make_one_hit(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        sound = np.concatenate([tone(100, 10).samples, tone(3000, 10).samples] * 40)
        collection.add([NewItem(Waveform(sound, 8000), id="long")])
        collection.add([NewItem(tone(3000 + i), id=f"short-{i}") for i in range(3)])
        hits = collection.search("high", k=4)
        assert sorted(hit.id for hit in hits) == ["long", "short-0", "short-1", "short-2"]
        [long] = [hit for hit in hits if hit.id == "long"]
        assert (long.start, long.end) in {(10.0 + 20 * i, 20.0 + 20 * i) for i in range(40)}


def test_several_spaces_are_searched_by_their_own_encoders(tmp_path: Path) -> None:
    names = ["tiny:text-image", "tiny:text-audio"]
    with Collection.create(tmp_path / "c", names) as collection:
        collection.add(items())
        spaces = {hit.modality.value: hit.space for hit in collection.search("red low", k=45)}
        assert spaces == {"text": names[0], "image": names[0], "audio": names[1]}
        found = collection.search(tone(100), k=45)
        assert {hit.modality.value for hit in found} == {"text", "audio"}
        with pytest.raises(NoRouteError, match="from audio to image"):
            collection.search(tone(100), modalities=["image"])


def test_an_empty_collection_has_no_hits(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        assert collection.search("anything") == []


def test_a_hit_is_plain_values(retriever: Retriever) -> None:
    hit = retriever.retrieve("red", modalities=["text"])[0].to_dict()
    assert hit["modality"] == "text"
    assert type(hit["modality"]) is str
    assert set(hit) == {"id", "modality", "score", "raw_score", "route", "source", "space",
                        "start", "end", "text", "metadata"}
