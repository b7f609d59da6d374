"""The reader and the measure of benchmarks/ranking/mixbench.py, on a folder in its layout."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PHOTOS = ("matterhorn", "clownfish", "polar-bear")
TEXTS = ("a mountain of rock and snow", "an orange fish with white stripes", "a white bear")


@pytest.fixture(scope="module")
def mixbench() -> Iterator[Any]:
    before = list(sys.path)
    sys.path.insert(0, str(ROOT / "benchmarks/ranking"))
    yield importlib.import_module("mixbench")
    sys.path[:] = before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, a text, and a picture with a text; a query for each."""
    (tmp_path / "images").mkdir()
    (tmp_path / "qrels").mkdir()
    for name in PHOTOS:
        shutil.copy(ROOT / f"server/sample/photos/{name}.jpg", tmp_path / "images")
    rows: list[dict[str, Any]] = [
        {"corpus_id": "c1", "text": "", "image": f"{PHOTOS[0]}.jpg"},
        {"corpus_id": "c2", "text": TEXTS[1], "image": None},
        {"corpus_id": "c3", "text": TEXTS[2], "image": f"{PHOTOS[2]}.jpg"},
    ]
    write(tmp_path / "mixed_corpus.jsonl", rows)
    queries = [{"query_id": f"q{i}", "text": text} for i, text in enumerate(TEXTS, 1)]
    write(tmp_path / "queries.jsonl", [*queries, {"query_id": "q4", "text": "asked of nothing"}])
    lines = ["query_id\tcorpus_id\tscore", *(f"q{i}\tc{i}\t1" for i in (1, 2, 3))]
    (tmp_path / "qrels/qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_documents_are_texts_pictures_or_both(mixbench: Any, folder: Path) -> None:
    subset = mixbench.read_subset(folder)
    assert [d.kind for d in subset.documents] == ["image", "text", "image+text"]
    assert [q.id for q in subset.queries] == ["q1", "q2", "q3"]  # what has an answer
    assert subset.relevant["q2"] == {"c2": 1}
    made = mixbench.items(subset.documents)
    assert [item.modality for item in made] == [Modality.IMAGE, Modality.TEXT, Modality.IMAGE]
    assert [item.captions for item in made] == [(), (), (TEXTS[2],)]


def test_a_query_may_be_a_picture_with_a_text(mixbench: Any, folder: Path) -> None:
    query = {"query_id": "q1", "text": "where?", "image": f"images/{PHOTOS[1]}.jpg"}
    write(folder / "queries.jsonl", [query])
    [asked] = mixbench.read_subset(folder).queries
    assert [term.modality for term in mixbench.terms(asked)] == [Modality.TEXT, Modality.IMAGE]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("mixed_corpus.jsonl", "mixed_corpus.jsonl is not there"),
        ("qrels/qrels.tsv", "qrels.tsv is not there"),
        (f"images/{PHOTOS[0]}.jpg", f"The picture {PHOTOS[0]}.jpg is not in"),
    ],
)
def test_what_is_missing_is_told(mixbench: Any, folder: Path, broken: str, told: str) -> None:
    (folder / broken).unlink()
    with pytest.raises(UsageError, match=told):
        mixbench.read_subset(folder)


def test_an_answer_that_is_no_document_is_told(mixbench: Any, folder: Path) -> None:
    path = folder / "qrels/qrels.tsv"
    path.write_text(path.read_text("utf-8") + "q1\tc9\t1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="c9"):
        mixbench.read_subset(folder)


def test_the_measure_counts_where_the_answer_stands(mixbench: Any) -> None:
    assert mixbench.ndcg(["a", "b", "c"], {"a": 1}) == 1
    assert mixbench.ndcg(["b", "c", "a"], {"a": 1}) == pytest.approx(1 / 2)
    assert mixbench.ndcg([*"bcdefghijkl", "a"], {"a": 1}) == 0
    assert mixbench.ndcg(["b", "a"], {"a": 1, "b": 1}) == 1


def test_a_centred_document_leaves_its_modalities_means_behind(mixbench: Any) -> None:
    text, image = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([0.0, 0.0, 1.0])
    rows = [{Modality.TEXT: text[0]}, {Modality.TEXT: text[1], Modality.IMAGE: image}]
    joined = mixbench._joined(rows, True)  # what measure() does with all the vectors of a set
    assert joined[0] == pytest.approx(np.array([1.0, -1.0, 0.0]) / np.sqrt(2))
    assert joined[1] == pytest.approx(np.array([-1.0, 1.0, 0.0]) / np.sqrt(2))
    assert mixbench._joined(rows, False)[1] == pytest.approx(  # and without centring
        np.array([0.0, 1.0, 1.0]) / np.sqrt(2)
    )


@pytest.mark.slow
def test_every_way_runs_with_an_encoder(mixbench: Any, folder: Path) -> None:
    found = mixbench.measure(mixbench.read_subset(folder), "starter", "cpu")
    assert found["documents"] == {"image": 1, "image+text": 1, "text": 1}
    assert found["queries"] == 3
    assert set(found["ndcg"]) == {"raw cosine", "GR-CLIP", *mixbench.WAYS}
    assert found["ndcg"]["calibrated"] > 0.8
