from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, index

from anysense import Collection, NewItem
from anysense.adapters.langchain import AnysenseEmbeddings, AnysenseVectorStore
from anysense.adapters.langchain.diversity import choose_diverse
from anysense.embed.errors import CollectionLockedError, FilterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = ["red one", "red one", "blue sky", "green grass"]
YEARS: list[dict[str, Any]] = [{"year": 2020}, {"year": 2021}, {"year": 2022}, {"year": 2023}]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnysenseVectorStore]:
    store = AnysenseVectorStore.from_texts(
        TEXTS, AnysenseEmbeddings("tiny"), YEARS, ids=["a", "b", "c", "d"], path=tmp_path / "s"
    )
    yield store
    store.close()


def ids(documents: list[Document]) -> list[str | None]:
    return [document.id for document in documents]


def test_texts_of_one_content_stay_two(store: AnysenseVectorStore) -> None:
    assert set(ids(store.similarity_search("red one", k=2))) == {"a", "b"}
    made = store.add_texts(["red one", "red one"])
    assert len(set(made)) == 2
    assert set(ids(store.similarity_search("red one", k=4))) == {"a", "b", *made}


def test_what_was_added_is_there_when_it_is_opened_again(
    store: AnysenseVectorStore, tmp_path: Path
) -> None:
    again = AnysenseVectorStore(str(tmp_path / "s"))
    [found] = again.similarity_search("blue", k=1)
    assert found == Document("blue sky", id="c", metadata={"year": 2022})
    again.close()
    with Collection.open(tmp_path / "s") as collection:
        open_one = AnysenseVectorStore(collection)
        open_one.close()
        assert open_one.collection is collection
        assert ids(open_one.similarity_search("blue", k=1)) == ["c"]  # it is still open


@pytest.mark.parametrize(
    "text",
    [
        "red " * 100,
        "Two paragraphs,\n\n\twith  room between. " * 12,
        " red ",
        "re\u0301d",  # not the form in which texts are encoded
    ],
)
def test_a_text_comes_back_as_it_was(store: AnysenseVectorStore, text: str) -> None:
    document = Document(text, id="long", metadata={"year": 1999})
    store.add_documents([document])
    assert store.get_by_ids(["long"]) == [document]
    assert store.similarity_search(text, k=1) == [document]
    # Beside a text that one passage holds, no copy of it is kept.
    assert store.collection.snapshot().item("a").metadata == {"year": 2020}


def test_filters_are_texts_or_mappings(store: AnysenseVectorStore) -> None:
    assert ids(store.similarity_search("red one", k=4, filter={"year": 2021})) == ["b"]
    found = store.similarity_search("red one", filter="year > 2021")
    assert set(ids(found)) == {"c", "d"}
    with pytest.raises(FilterError):
        store.similarity_search("red one", filter="year >")


def test_scores_are_those_of_anysense(store: AnysenseVectorStore) -> None:
    found = store.similarity_search_with_score("blue sky", k=4)
    hits = store.collection.search("blue sky", 4)
    assert [(document.id, score) for document, score in found] == [(h.id, h.score) for h in hits]
    relevant = store.similarity_search_with_relevance_scores("blue sky", k=4)
    shares = [share for _, share in relevant]
    assert shares == sorted(shares, reverse=True)
    assert shares == [pytest.approx(1 - 10**-hit.score) for hit in hits]
    assert all(0 <= share <= 1 for share in shares)
    some = store.as_retriever(
        search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.99}
    )
    assert ids(some.invoke("blue sky")) == ["c"]


def test_vectors_are_searched_with(store: AnysenseVectorStore) -> None:
    vector = store.embeddings.embed_query("green grass")
    assert ids(store.similarity_search_by_vector(vector, k=1)) == ["d"]
    with pytest.raises(UsageError, match="has no space named other"):
        store.similarity_search_by_vector(vector, space="other")
    with pytest.raises(UsageError, match="has 32 floating numbers"):
        store.similarity_search_by_vector([1.0])


def test_marginal_relevance_leaves_out_what_is_alike(store: AnysenseVectorStore) -> None:
    similar = store.max_marginal_relevance_search("red one blue", k=3, lambda_mult=1.0)
    assert set(ids(similar)[:2]) == {"a", "b"}
    diverse = ids(store.max_marginal_relevance_search("red one blue", k=3, lambda_mult=0.5))
    assert len({"a", "b"} & set(diverse[:2])) == 1
    assert "c" in diverse[:2]
    vector = store.embeddings.embed_query("red one blue")
    by_vector = store.max_marginal_relevance_search_by_vector(vector, k=3)
    assert ids(by_vector) == diverse
    none = store.max_marginal_relevance_search("red", filter="year = 1999")
    assert none == []
    assert len(store.max_marginal_relevance_search("red", k=4, fetch_k=2)) == 2
    assert ids(store.as_retriever(search_type="mmr").invoke("red one blue"))[:3] == diverse


def test_marginal_relevance_over_two_spaces(tmp_path: Path, media: Path) -> None:
    """It weighs relevance against likeness as it does in one space."""
    names = ["tiny:text-image", "tiny:text-audio"]
    with Collection.create(tmp_path / "two", names) as collection:
        store = AnysenseVectorStore(collection)
        store.add_files([media / "red.png", media / "low.wav"], ids=["red", "low"])
        collection.add([NewItem(media / "high.wav", id="high")])
        chosen = store.max_marginal_relevance_search("red low", k=3, lambda_mult=0.5)
        snapshot = collection.snapshot()
        queries = {
            encoder.space.id: np.asarray(AnysenseEmbeddings(encoder).embed_query("red low"))
            for encoder in collection.encoders()
        }
        vectors = {
            item: (partition.space, vectors[0])
            for item in ("red", "low", "high")
            for partition, vectors in snapshot.item_vectors(item).items()
        }
        relevance = {item: float(v @ queries[s]) for item, (s, v) in vectors.items()}
        assert chosen[0].id == max(relevance, key=relevance.__getitem__)

        def worth(item: str, others: list[str]) -> float:
            space, vector = vectors[item]
            alike = [float(vector @ vectors[o][1]) for o in others if vectors[o][0] == space]
            return 0.5 * relevance[item] - 0.5 * max([*alike, 0.0])

        taken = [str(chosen[0].id)]
        while len(taken) < 3:
            left = [item for item in vectors if item not in taken]
            taken.append(max(left, key=lambda item: worth(item, taken)))
        assert ids(chosen) == taken


def test_marginal_relevance_passes_over_what_was_removed_meanwhile(
    store: AnysenseVectorStore,
) -> None:
    hits = store.collection.search("red one blue", 4)
    store.delete(["a"])
    queries = {"tiny": store.embeddings.embed_query("red one blue")}
    chosen = choose_diverse(store.collection.snapshot(), hits, queries, 4, 0.5)
    assert {hit.id for hit in chosen} == {"b", "c", "d"}


def test_the_index_is_brought_up_to_date_when_much_has_changed(tmp_path: Path) -> None:
    store = AnysenseVectorStore(tmp_path / "c", AnysenseEmbeddings("tiny"), publish_after=3)
    store.add_texts(["one", "two"], ids=["1", "2"])
    assert store.collection.needs_publish
    store.add_texts(["three"])
    assert not store.collection.needs_publish
    store.delete(["1", "2"])
    assert store.collection.needs_publish
    store.delete()
    assert not store.collection.needs_publish
    store.close()


def test_others_may_write_as_well(store: AnysenseVectorStore, tmp_path: Path) -> None:
    with Collection.open(tmp_path / "s") as other:
        other.add([NewItem("dark", id="e")])
        with pytest.raises(CollectionLockedError):
            store.add_texts(["low"], ids=["f"])
        other.release()
        store.add_texts(["low"], ids=["f"])
        assert other.remove(["e"]) == 1
    mine = AnysenseVectorStore(store.collection)  # whoever has opened it lets go of it
    mine.add_texts(["high"], ids=["g"])
    with Collection.open(tmp_path / "s") as other, pytest.raises(CollectionLockedError):
        other.remove(["g"])


def test_files_are_found_with_their_facts(store: AnysenseVectorStore, media: Path) -> None:
    files = [media / "red.png", str(media / "low.wav"), media / "note.txt"]
    given: list[dict[str, Any]] = [{"year": 1}, {}, {"source": "Ada"}]
    assert store.add_files(files, given, ids=["red", "low", "note"]) == ["red", "low", "note"]
    [red] = store.similarity_search("red", k=1, modalities=["image"])
    assert (red.id, red.page_content, red.metadata["uri"]) == (
        "red",
        "red.png",
        "anysense://item/red",
    )
    assert (red.metadata["year"], red.metadata["kind"]) == (1, "image")
    [low] = store.similarity_search("low", k=1, modalities=["audio"])
    assert (low.id, low.metadata["unit"]) == ("low", "seconds")  # an id to delete it by
    [kept_red, kept_note] = store.get_by_ids(["red", "note", "gone"])
    assert kept_red.page_content == "red.png"
    assert kept_red.metadata["mime_type"] == "image/png"
    assert kept_note.page_content == "a green note"
    assert kept_note.metadata["source"].endswith("note.txt")
    assert kept_note.metadata["metadata"] == {"source": "Ada"}
    store.delete(["red"])
    assert store.get_by_ids(["red"]) == []


def test_captions_stand_for_pictures(store: AnysenseVectorStore, media: Path) -> None:
    item = NewItem(media / "blue.png", id="blue", captions=["The blue door.", "A wall."])
    store.collection.add([item])
    [found] = store.get_by_ids(["blue"])
    assert found.page_content == "The blue door."
    [found] = store.similarity_search("blue door", k=1, filter="id = 'blue'")
    assert found.page_content == "The blue door."


def test_items_go_by_id_by_filter_or_all(store: AnysenseVectorStore) -> None:
    assert store.delete(["a", "gone"]) is True
    assert store.delete(filter={"year": 2021}) is True
    assert set(ids(store.similarity_search("red", k=9))) == {"c", "d"}
    with pytest.raises(UsageError, match="not both"):
        store.delete(["c"], filter="year = 1")
    assert store.delete(filter="year = 1") is True
    assert store.delete([]) is True
    assert len(store.similarity_search("red", k=9)) == 2
    assert store.delete() is True
    assert store.similarity_search("red", k=9) == []


def test_what_cannot_be_kept_is_told_and_the_rest_is_kept(store: AnysenseVectorStore) -> None:
    with pytest.raises(UsageError, match=r"1 of 2 could not be added, .* number 1, counted from 0"):
        store.add_texts(["dark", "..."], ids=["e", "f"])
    assert ids(store.get_by_ids(["e", "f"])) == ["e"]
    with pytest.raises(UsageError, match="1 metadatas for 2 items"):
        store.add_texts(["a", "b"], [{}])
    with pytest.raises(UsageError, match="1 ids for 2 items"):
        store.add_texts(["a", "b"], ids=["1"])
    with pytest.raises(UsageError, match="page_content is no name for metadata"):
        store.add_texts(["a"], [{"page_content": "b"}])
    with pytest.raises(UsageError, match="no option namespace"):
        store.add_texts(["a"], namespace="x")
    with pytest.raises(UsageError, match="no option namespace"):
        store.delete(["a"], namespace="x")


def test_other_embeddings_are_refused(store: AnysenseVectorStore, tmp_path: Path) -> None:
    fake = DeterministicFakeEmbedding(size=6)
    with pytest.raises(UsageError, match="cannot embed with DeterministicFakeEmbedding"):
        AnysenseVectorStore.from_texts(["a"], fake, path=tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(UsageError, match="embeds with tiny, not starter"):
        AnysenseVectorStore(tmp_path / "s", AnysenseEmbeddings("starter"))
    with pytest.raises(UsageError, match="say where, with path="):
        AnysenseVectorStore.from_texts(["a"], AnysenseEmbeddings("tiny"))


def test_documents_are_indexed_by_what_they_hold(store: AnysenseVectorStore) -> None:
    """By LangChain's own indexing, which adds what is new and removes what is gone."""
    store.delete()
    records = InMemoryRecordManager("notes")
    records.create_schema()
    red, blue, green = (
        Document(text, metadata={"source": text}) for text in ("red", "blue", "green")
    )
    options: dict[str, Any] = {"cleanup": "full", "key_encoder": "sha256"}
    told = index([red, blue], records, store, **options)
    assert (told["num_added"], told["num_deleted"]) == (2, 0)
    told = index([blue, green], records, store, **options)
    assert (told["num_added"], told["num_skipped"], told["num_deleted"]) == (1, 1, 1)
    found = store.similarity_search("red", k=9)
    assert {document.page_content for document in found} == {"blue", "green"}


def test_services_are_refused() -> None:
    with pytest.raises(UsageError, match="AnysenseRetriever searches services"):
        AnysenseVectorStore("http://127.0.0.1:8000")


def test_queries_may_be_blocks(store: AnysenseVectorStore, media: Path) -> None:
    store.add_files([media / "red.png"], ids=["red"])
    with_files = AnysenseVectorStore(store.collection, files=media)
    asked = [{"type": "image", "file_id": "red.png"}]
    assert ids(with_files.similarity_search(asked, k=1, modalities=["image"])) == ["red"]
    with pytest.raises(UsageError, match="give files="):
        store.similarity_search(asked)


@pytest.mark.asyncio
async def test_it_works_asynchronously(store: AnysenseVectorStore) -> None:
    assert ids(await store.asimilarity_search("blue sky", k=1)) == ["c"]
    assert ids(await store.amax_marginal_relevance_search("blue sky", k=1)) == ["c"]
    assert await store.adelete(["c"]) is True
