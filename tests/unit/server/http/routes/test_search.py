"""What a search over HTTP finds, with the tiny encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from http_client import TestClient, add_file, data_uri, ids, png, search, wav
from media_files import page, pdf

from anysense.embed.types import Modality
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.server.http.schemas.items import ItemBody

if TYPE_CHECKING:
    from anysense.index.collection import Collection


def test_a_text_finds_items_of_every_modality(client: TestClient, collection: Collection) -> None:
    hits = search(client, text="red", k=3)
    assert set(ids(hits)[:2]) == {"red", "red-text"}
    assert hits == [hit.to_dict() for hit in CollectionRetriever(collection).retrieve("red", k=3)]


def test_a_document_is_one_hit_with_its_pages(client: TestClient) -> None:
    red = b"1 0 0 rg 20 20 572 752 re f"
    item = add_file(client, pdf([page("a dark word"), red]), "lamp.pdf", id="lamp")
    ItemBody.model_validate(item, extra="forbid")
    assert item["kind"] == "document"
    assert [(s["modality"], s["unit"], s["page"]) for s in item["segments"]] == [
        ("text", "characters", 1),
        ("image", "pages", 1),
        ("image", "pages", 2),
    ]
    [hit] = search(client, text="red", where="kind = 'document'")
    assert (hit["id"], hit["kind"], hit["modality"]) == ("lamp", "document", "image")
    assert (hit["page"], hit["start"], hit["end"], hit["unit"]) == (2, 2.0, 3.0, "pages")
    [hit] = search(client, text="dark", modalities=["text"], where="id = 'lamp'")
    assert (hit["text"], hit["page"], hit["origin"]) == ("a dark word", 1, "content")
    both = search(client, text="dark red", k=20)
    assert ids(both).count("lamp") == 1


def test_a_picture_may_be_a_data_uri_or_an_upload(client: TestClient) -> None:
    inline = search(client, image=data_uri(png("blue", 9), "image/png"), k=4)
    assert {"blue", "blue-text"} == set(ids(inline)[:2])
    files = {"image": ("anything.bin", png("blue", 9))}
    uploaded = client.post("/v1/search", files=files, data={"k": "4"})
    assert uploaded.json()["hits"] == inline


def test_a_sound_may_be_a_data_uri_or_an_upload(client: TestClient) -> None:
    inline = search(client, audio=data_uri(wav(100), "audio/wav"), k=2)
    assert set(ids(inline)) == {"low", "low-text"}
    uploaded = client.post("/v1/search", files={"audio": ("x", wav(100))}, data={"k": "2"})
    assert uploaded.json()["hits"] == inline


def test_kinds_narrow_in_json_and_in_a_form(client: TestClient) -> None:
    in_json = search(client, text="red", kinds=["image", "audio"], k=8)
    assert {hit["kind"] for hit in in_json} == {"image", "audio"}
    assert len(in_json) == 5
    for kinds in (["image,audio"], ["image", "audio"]):
        form = client.post(
            "/v1/search",
            files=[("text", (None, "red")), ("k", (None, "8"))]
            + [("kinds", (None, kind)) for kind in kinds],
        )
        assert form.json()["hits"] == in_json
    assert client.post("/v1/search", json={"text": "red", "kinds": ["song"]}).status_code == 422
    query = {"text": "red", "k": 2, "kinds": ["image"]}
    cursor = client.post("/v1/search", json=query).json()["next_cursor"]
    rest = search(client, text="red", kinds=["image"], cursor=cursor)
    assert [hit["kind"] for hit in rest] == ["image"]
    other = client.post("/v1/search", json={"text": "red", "kinds": ["audio"], "cursor": cursor})
    assert other.status_code == 422


def test_several_inputs_combine(client: TestClient) -> None:
    both = search(client, text="red", audio=data_uri(wav(100), "audio/wav"), k=4)
    assert set(ids(both)) == {"red", "red-text", "low", "low-text"}
    as_terms = search(
        client,
        terms=[{"text": "red"}, {"audio": data_uri(wav(100), "audio/wav"), "weight": 1.0}],
        k=4,
    )
    assert as_terms == both
    weighted = search(client, terms=[{"text": "red", "weight": 5}, {"text": "blue"}], k=2)
    assert set(ids(weighted)) == {"red", "red-text"}


def test_not_subtracts(client: TestClient) -> None:
    assert "blue" in ids(search(client, text="red blue", k=4))
    hits = search(client, text="red blue", **{"not": "blue"}, k=8)
    assert ids(hits).index("red") < ids(hits).index("blue")
    assert hits == search(client, text="red blue", **{"not": ["blue"]}, k=8)
    term = {"text": "blue", "weight": -1.0}
    assert hits == search(client, text="red blue", terms=[term], k=8)


def test_like_finds_others(client: TestClient) -> None:
    hits = search(client, like="red", k=1)
    assert ids(hits) == ["red-text"]


def test_a_vector_searches_its_space(client: TestClient, collection: Collection) -> None:
    [encoder] = collection.encoders()
    prepared = encoder.prepare(Modality.TEXT, "green")
    [vector] = encoder.encode(Modality.TEXT, [prepared])
    hits = search(client, vector=[float(x) for x in vector], space="tiny", k=1)
    assert ids(hits) == ["green"]
    assert hits == search(client, text="green", k=1, match="vector")


def test_modalities_filters_and_thresholds(client: TestClient) -> None:
    assert set(ids(search(client, text="red", modalities=["audio"]))) == {"low", "high"}
    pictures = search(client, text="red", where="kind = 'image'")
    assert set(ids(pictures)) == {"red", "green", "blue"}
    notes = search(client, text="red", where="label = 'note' and length > 3")
    assert set(ids(notes)) == {"blue-text", "low-text"}
    same = search(client, text="red", where={"label": "note", "length": {"$gt": 3}})
    assert same == notes
    everything = search(client, text="red", k=8)
    least = everything[2]["score"]
    above = [hit for hit in everything if hit["score"] >= least]
    assert 3 <= len(above) < len(everything)
    assert search(client, text="red", min_score=least) == above
    assert len(search(client, text="red", per_modality_k=1)) == 3


def test_texts_and_names_are_found_by_their_words(client: TestClient) -> None:
    client.post("/v1/items", json={"text": "restart on ERR_2041", "id": "runbook"})
    for match in ("both", "words"):
        hit = search(client, text="ERR_2041", match=match)[0]
        assert (hit["id"], hit["route"]) == ("runbook", "words")
        assert hit["raw_score"] > 1  # BM25
    by_vector = search(client, text="ERR_2041", match="vector")
    assert {hit["route"] for hit in by_vector} == {"native"}
    answer = client.post("/v1/search", json={"like": "runbook", "match": "words"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "usage")


def test_a_page_goes_on_only_with_the_same_match(client: TestClient) -> None:
    page = client.post("/v1/search", json={"text": "red", "k": 2, "match": "vector"}).json()
    more = {"text": "red", "cursor": page["next_cursor"]}
    assert client.post("/v1/search", json={**more, "match": "vector"}).status_code == 200
    assert client.post("/v1/search", json={**more, "match": "words"}).status_code == 422


def test_ways_to_merge_and_near_copies(client: TestClient) -> None:
    turns = [hit["modality"] for hit in search(client, text="red", fusion="round_robin", k=6)]
    assert set(turns[:3]) == set(turns[3:]) == {"text", "image", "audio"}
    for shade in ("#fe0000", "#fd0000"):
        add_file(client, png(shade), "again.png", id=shade[1:])
    alike = {"red", "fe0000", "fd0000"}
    assert alike <= set(ids(search(client, text="red", k=20)))
    assert len(alike & set(ids(search(client, text="red", k=20, collapse=0.99)))) == 1


def test_a_search_says_whether_chance_would_find_as_much(client: TestClient) -> None:
    def no_match(**body: Any) -> bool:
        answer: bool = client.post("/v1/search", json=body).json()["no_match"]
        return answer

    assert no_match(text="hello") is True
    assert no_match(like="red", k=1) is False  # its text has its very vector
    assert no_match(like="red", k=1, min_score=99) is False  # and is there all the same
