"""The document store: what Haystack's suites do not ask."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest
from haystack.dataclasses import ByteStream, Document, SparseEmbedding
from haystack.document_stores.errors import DocumentStoreError, DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from media_files import photo, saved, sndfile, tone
from tiny_files import write_media

from anysense import Collection, NewItem
from anysense.adapters.haystack import AnysenseDocumentStore
from anysense.errors import CollectionLockedError, MediaGoneError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnysenseDocumentStore]:
    store = AnysenseDocumentStore(tmp_path / "documents.anysense", encoders=["tiny"])
    yield store
    store.close()


RED = saved(photo().point(lambda value: value // 4), "PNG")
LOW = sndfile(tone(1.0, 8000, hz=200), 8000)


# What comes back


@pytest.mark.parametrize(
    "document",
    [
        Document(content="red\n\n  low\tgreen " + "words " * 60 + "e\u0301 end\n"),
        Document(
            content="red",
            meta={"nested": {"list": [1, 2.5, None, {"deep": True}]}, "": 0, "kind": "mine"},
        ),
        Document(content="red", meta={"when": "1969-07-21T20:17:40", "metadata": {"id": 1}}),
        Document(content="red", meta={"large": 2**70, "odd": "\ud800\x00", "anysense": {"a": 1}}),
        Document(content="red", score=0.1, embedding=[0.1, 1e-300]),
        Document(content="red", sparse_embedding=SparseEmbedding([1, 5], [0.5, 0.25])),
        Document(blob=ByteStream(RED, {"file_path": "/photos/red.png"}, "image/png")),
        Document(blob=ByteStream(LOW)),
        Document(content="green", blob=ByteStream(LOW, mime_type="audio/x-wav"), meta={"n": 1}),
        Document(blob=ByteStream(b"a green note", mime_type="text/plain")),
        Document(id="notes/2021#3", content="red"),
    ],
    ids=lambda document: str(document.id)[:12],
)
def test_a_document_comes_back_as_it_was(store: AnysenseDocumentStore, document: Document) -> None:
    assert store.write_documents([document]) == 1
    assert store.filter_documents() == [document]
    kept = store.filter_documents({"field": "id", "operator": "==", "value": document.id})
    assert kept[0].to_dict() == document.to_dict()


def test_a_blob_and_its_content_find_a_document(store: AnysenseDocumentStore) -> None:
    store.write_documents(
        [
            Document(id="both", content="a green thing", blob=ByteStream(LOW)),
            Document(id="other", content="blue"),
        ]
    )
    for query, modality in (("low", "audio"), ("green", "text")):
        [best, *_] = store.collection.search(query)
        assert (best.id, best.modality) == ("both", modality)


def test_blobs_need_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "documents.anysense"
    store = AnysenseDocumentStore(path, encoders=["tiny"], return_blobs=False)
    store.write_documents([Document(id="sound", content="low", blob=ByteStream(LOW))])
    assert store.filter_documents() == [Document(id="sound", content="low")]
    store.close()


def test_a_blob_stays_readable_where_a_collection_is_copied_to(
    store: AnysenseDocumentStore, tmp_path: Path
) -> None:
    document = Document(content="green", blob=ByteStream(LOW))
    store.write_documents([document])
    store.close()
    shutil.copytree(store.path, tmp_path / "copy.anysense")
    shutil.rmtree(store.path)
    copy = AnysenseDocumentStore(tmp_path / "copy.anysense")
    assert copy.filter_documents() == [document]
    assert copy.collection.verify().ok
    copy.close()


def test_a_blob_that_is_gone_is_told(store: AnysenseDocumentStore) -> None:
    store.write_documents([Document(id="sound", blob=ByteStream(LOW))])
    [file] = store.collection.folder.files()
    (store.path / "media" / file.rpartition("/")[2]).unlink()
    with pytest.raises(MediaGoneError, match="sound is gone"):
        store.filter_documents()


def test_a_blob_goes_with_its_document(store: AnysenseDocumentStore) -> None:
    blob = ByteStream(LOW)
    store.write_documents([Document(id=name, blob=blob) for name in ("one", "two")])
    media = store.path / "media"
    assert len(list(media.iterdir())) == 2
    store.write_documents([Document(id="one", content="red")], DuplicatePolicy.OVERWRITE)
    assert len(list(media.iterdir())) == 1
    store.delete_documents(["two"])
    assert list(media.iterdir()) == []


def test_items_that_were_no_documents_are_seen_as_some(tmp_path: Path) -> None:
    write_media(tmp_path / "files")
    (tmp_path / "files" / "long.txt").write_text("green " * 20 + "\n\n" + "low " * 5)
    path = tmp_path / "my.anysense"
    with Collection.create(path, ["tiny"]) as collection:
        names = ("red.png", "low.wav", "note.txt", "long.txt")
        collection.add([tmp_path / "files" / name for name in names])
        collection.add([NewItem("a red boat", id="boat", metadata={"year": 2021})])
    store = AnysenseDocumentStore(path)
    red, low, note, long, boat = store.filter_documents()
    assert store.count_documents() == 5
    assert red.content is None
    assert red.blob == ByteStream(
        (tmp_path / "files" / "red.png").read_bytes(), {"file_name": "red.png"}, "image/png"
    )
    assert low.blob is not None
    assert note.content == "a green note"
    assert long.content == " ".join(["green"] * 20 + ["low"] * 5)
    assert boat == Document(id="boat", content="a red boat", meta={"year": 2021})
    (tmp_path / "files" / "low.wav").unlink()
    assert store.filter_documents()[1].blob is None
    assert store.delete_by_filter({"field": "meta.year", "operator": "==", "value": 2021}) == 1
    store.close()


# What is written


def test_an_empty_list_writes_nothing(store: AnysenseDocumentStore) -> None:
    assert store.write_documents([]) == 0
    assert store.filter_documents() == []


def test_policies_hold_within_one_list(store: AnysenseDocumentStore) -> None:
    one, other = Document(id="1", content="red"), Document(id="1", content="green")
    with pytest.raises(DuplicateDocumentError, match="document 1 already"):
        store.write_documents([Document(id="0", content="low"), one, other])
    assert store.count_documents() == 0
    assert store.write_documents([one, other], DuplicatePolicy.SKIP) == 1
    assert store.filter_documents() == [one]
    assert store.write_documents([one, other], DuplicatePolicy.OVERWRITE) == 2
    assert store.filter_documents() == [other]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (Document(id="a"), "document a has neither content nor a blob"),
        (Document(id="a", content=""), "document a has neither content nor a blob"),
        (Document(id="a", content="red", blob=ByteStream(b"")), "document a has no bytes"),
        (Document(id="a/../b", content="red"), "'a/../b'"),
        (Document(id="a", content="red", meta={"haystack_document": 1}), "'haystack_document'"),
        (Document(id="a", content="red", meta={"n": float("nan")}), "metadata of a cannot be kept"),
        (Document(id="a", content="red", meta={"n": {1, 2}}), "metadata of a cannot be kept"),
    ],
)
def test_what_cannot_be_kept_stops_all_that_is_written_with_it(
    store: AnysenseDocumentStore, document: Document, said: str
) -> None:
    with pytest.raises(DocumentStoreError) as refused:
        store.write_documents([Document(content="green", blob=ByteStream(LOW)), document])
    assert said in str(refused.value)
    assert store.count_documents() == 0
    assert not store.collection.folder.media.exists() or not any((store.path / "media").iterdir())


def test_what_cannot_be_encoded_does_not_stop_the_others(store: AnysenseDocumentStore) -> None:
    broken = [Document(id=f"b{n}", blob=ByteStream(RED[: 40 + n])) for n in range(6)]
    empty = Document(id="none", blob=ByteStream(b"\x00\x01\x02\xff" * 20, {"file_name": "x.bin"}))
    with pytest.raises(DocumentStoreError) as told:
        store.write_documents([Document(id="good", content="red"), *broken, empty])
    assert str(told.value).startswith("7 of 8 documents could not be written (b0: ")
    assert str(told.value).endswith("; and 2 more); the others were written.")
    assert [document.id for document in store.filter_documents()] == ["good"]
    assert list((store.path / "media").iterdir()) == []
    with pytest.raises(DocumentStoreError, match=r"1 of 1 documents .*\)\.$"):
        store.write_documents([empty])


def test_a_key_that_the_store_needs_is_not_overwritten(store: AnysenseDocumentStore) -> None:
    store.write_documents([Document(content="red")])
    with pytest.raises(DocumentStoreError, match="'haystack_document'"):
        store.update_by_filter({}, {"haystack_document": {}})
    assert store.update_by_filter({}, {"seen": True}) == 1
    assert store.filter_documents()[0].meta == {"seen": True}


def test_many_threads_write_each_document_once(store: AnysenseDocumentStore) -> None:
    documents = [Document(id=str(number), content=f"red {number}") for number in range(12)]
    written: list[int] = []

    def write() -> None:
        written.extend(store.write_documents([d], DuplicatePolicy.SKIP) for d in documents)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) == store.count_documents() == 12


# The collection


def test_a_store_lets_others_write_when_it_has_written(store: AnysenseDocumentStore) -> None:
    store.write_documents([Document(content="red")])
    with Collection.open(store.path) as other:
        other.add([NewItem("green")])
        with pytest.raises(CollectionLockedError):
            store.write_documents([Document(content="blue")])
        other.release()
        store.delete_all_documents()
    assert store.count_documents() == 0


def test_a_store_of_an_open_collection_leaves_it_open(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "my.anysense", ["tiny"]) as collection:
        store = AnysenseDocumentStore(collection)
        store.write_documents([Document(content="red")])
        store.close()
        assert collection.info()["items"] == 1
        assert store.count_documents() == 1


def test_a_store_opens_again_after_it_was_closed(store: AnysenseDocumentStore) -> None:
    store.write_documents([Document(content="red")])
    store.close()
    store.close()
    assert store.count_documents() == 1


def test_a_store_is_named_by_where_it_is(store: AnysenseDocumentStore) -> None:
    data: dict[str, Any] = store.to_dict()
    assert data["init_parameters"] == {
        "path": str(store.path),
        "encoders": ["tiny"],
        "device": "auto",
        "return_blobs": True,
        "publish_after": 2000,
    }
    assert not store.path.exists()  # it was not opened for that
    store.write_documents([Document(content="red")])
    other = AnysenseDocumentStore.from_dict(data)
    assert other.filter_documents() == store.filter_documents()
    other.close()


def test_a_store_brings_the_index_up_to_date_when_much_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "documents.anysense"
    store = AnysenseDocumentStore(path, encoders=["tiny"], publish_after=3)
    store.write_documents([Document(id="0", content="red"), Document(id="1", content="green")])
    assert store.collection.needs_publish
    store.write_documents([Document(id="2", content="blue")])
    assert not store.collection.needs_publish
    store.delete_documents(["0", "1"])
    assert store.collection.needs_publish
    store.delete_documents(["2"])
    assert not store.collection.needs_publish
    store.close()


# Fields


def test_fields_of_several_types(store: AnysenseDocumentStore) -> None:
    metas: list[dict[str, Any]] = [
        {"n": 1, "mixed": 1, "flag": True, "none": None, "many": [1, 2]},
        {"n": 2.5, "mixed": "1", "flag": False, "none": None, "many": [1, 2]},
    ]
    store.write_documents([Document(content="red", meta=meta) for meta in metas])
    assert store.get_metadata_fields_info() == {
        "n": {"type": "float"},
        "mixed": {"type": "keyword"},
        "flag": {"type": "boolean"},
        "many": {"type": "keyword"},
    }
    assert store.get_metadata_field_min_max("mixed") == {"min": None, "max": None}
    assert store.get_metadata_field_min_max("meta.n") == {"min": 1, "max": 2.5}
    assert store.get_metadata_field_unique_values("many") == ([[1, 2]], 1)
    assert store.count_unique_metadata_by_filter({}, ["meta.many", "none"]) == {
        "many": 1,
        "none": 0,
    }
