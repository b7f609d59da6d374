"""What a search over HTTP finds, with the tiny encoder."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from http_client import (
    TestClient,
    add_file,
    client_of,
    data_uri,
    error_of,
    ids,
    png,
    search,
    wav,
)

from anysense.embed.types import Modality
from anysense.index.ranking.retriever import Retriever
from anysense.index.ranking.states import PINNED
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from anysense.index.collection import Collection


def test_a_text_finds_items_of_every_modality(client: TestClient, collection: Collection) -> None:
    hits = search(client, text="red", k=3)
    assert set(ids(hits)[:2]) == {"red", "red-text"}
    assert hits == [hit.to_dict() for hit in Retriever(collection).retrieve("red", k=3)]


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
    assert hits == search(client, text="green", k=1)


def test_modalities_filters_and_thresholds(client: TestClient) -> None:
    assert set(ids(search(client, text="red", modalities=["audio"]))) == {"low", "high"}
    notes = search(client, text="red", where="kind = 'note' and length > 3")
    assert set(ids(notes)) == {"blue-text", "low-text"}
    same = search(client, text="red", where={"kind": "note", "length": {"$gt": 3}})
    assert same == notes
    everything = search(client, text="red", k=8)
    least = everything[2]["score"]
    above = [hit for hit in everything if hit["score"] >= least]
    assert 3 <= len(above) < len(everything)
    assert search(client, text="red", min_score=least) == above
    assert len(search(client, text="red", per_modality_k=1)) == 3


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
        told: bool = client.post("/v1/search", json=body).json()["no_match"]
        return told

    assert no_match(text="hello") is True
    assert no_match(like="red", k=1) is False  # its text has its very vector
    assert no_match(like="red", k=1, min_score=99) is False  # and is there all the same


def page(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/search", json={"text": "red", **body})
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


def test_pages_of_one_state_fit_together_while_items_come_and_the_index_is_published(
    collection: Collection,
) -> None:
    with client_of(collection, Settings(publish_after=5)) as client:
        for number in range(30):
            client.post("/v1/items", json={"text": f"a reddish thing {number}", "id": f"r{number}"})
        whole = page(client, k=38)
        enough = threading.Event()

        def add() -> None:
            for number in range(200):
                if enough.is_set():
                    return
                client.post("/v1/items", json={"text": "red", "id": f"new-{number}"})

        adding = threading.Thread(target=add)
        adding.start()
        try:
            seen: list[str] = []
            for offset in range(0, 38, 4):
                wait_for_another_item(collection)
                told = page(client, k=4, offset=offset, state=whole["state"])
                assert told["state"] == whole["state"]
                seen += ids(told["hits"])
        finally:
            enough.set()
            adding.join()
        assert seen == ids(whole["hits"])
        newest = page(client, k=4)
        assert newest["state"] != whole["state"]
        assert all(found.startswith("new-") for found in ids(newest["hits"][1:]))
    assert collection.folder.snapshot().version[0] > int(whole["state"].split("-")[1])


def wait_for_another_item(collection: Collection) -> None:
    before, deadline = collection.folder.snapshot().version, time.monotonic() + 30
    while collection.folder.snapshot().version == before:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_state_is_let_go_when_many_others_were_searched(client: TestClient) -> None:
    first = page(client)["state"]
    for number in range(PINNED):
        assert page(client, offset=1, state=first)["state"] == first  # still in use
        client.post("/v1/items", json={"text": f"a green thing {number}"})
        page(client)
    last = page(client)["state"]
    for number in range(PINNED):
        client.post("/v1/items", json={"text": f"a blue thing {number}"})
        page(client)
    for state in (first, last):
        response = client.post("/v1/search", json={"text": "red", "state": state})
        assert (response.status_code, error_of(response)["code"]) == (410, "state_gone")
        assert "search again from the first page" in response.text


def test_the_api_describes_every_field_of_a_search(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/search"]["post"]["requestBody"]["content"]
    fields = set(document["components"]["schemas"]["SearchRequest"]["properties"])
    assert {"not", "per_modality_k", "offset", "state", "fusion", "collapse"} <= fields
    assert set(body["multipart/form-data"]["schema"]["properties"]) == fields


def test_a_form_has_the_fields_of_json(client: TestClient) -> None:
    data = {
        "text": "red",
        "not": ["blue", "green"],
        "modalities": "image,text",
        "where": '{"kind": {"$in": ["photo", "note"]}}',
        "terms": '[{"text": "dark", "weight": 0.1}]',
        "k": "2",
        "min_score": "-100",
        "per_modality_k": "2",
        "offset": "1",
        "fusion": "rrf",
        "collapse": "0.999",
    }
    files = {"image": ("a.png", png("red"))}
    response = client.post("/v1/search", files=files, data=data)
    assert response.status_code == 200, response.text
    assert response.json()["hits"] == search(
        client,
        text="red",
        image=data_uri(png("red"), "image/png"),
        **{"not": ["blue", "green"]},
        modalities=["image", "text"],
        where={"kind": {"$in": ["photo", "note"]}},
        terms=[{"text": "dark", "weight": 0.1}],
        k=2,
        min_score=-100,
        per_modality_k=2,
        offset=1,
        fusion="rrf",
        collapse=0.999,
    )


def test_a_file_that_was_not_chosen_is_left_out(client: TestClient) -> None:
    parts = (
        '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nred\r\n'
        '--x\r\nContent-Disposition: form-data; name="image"; filename=""\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    response = client.post("/v1/search", content=parts.encode(), headers=kind)
    assert response.status_code == 200, response.text
    assert response.json()["hits"] == search(client, text="red")
