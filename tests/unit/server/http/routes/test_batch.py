"""Adding and removing many items at once over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from http_client import (
    DEEP,
    TestClient,
    client_of,
    data_uri,
    error_of,
    ids,
    png,
    search,
    stored,
    wav,
)

from anysense.embed.errors import CollectionLockedError, StorageError
from anysense.index.collection import Collection
from anysense.index.folder.folder import CollectionFolder
from anysense.server.http.batches import candidates
from anysense.server.http.schemas.batch import BatchBody
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

LINES = {"content-type": "application/x-ndjson"}


def add(client: TestClient, items: list[Any]) -> list[dict[str, Any]]:
    return results_of(client.post("/v1/items/batch", json={"items": items}))


def results_of(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    body = response.json()
    BatchBody.model_validate(body, extra="forbid")
    results: list[dict[str, Any]] = body["results"]
    assert body["failed"] == sum(result["error"] is not None for result in results)
    return results


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["status"] for result in results]


def test_texts_pictures_and_sounds_are_added_in_their_order(
    client: TestClient, collection: Collection
) -> None:
    items = [
        {"text": "dark high", "id": "t", "metadata": {"n": 1}},
        {"image": data_uri(png("red", 9), "image/png"), "id": "i"},
        {"audio": data_uri(wav(500), "audio/wav"), "id": "a"},
    ]
    results = add(client, items)
    assert [(r["id"], r["status"], r["error"]) for r in results] == [
        ("t", 201, None),
        ("i", 201, None),
        ("a", 201, None),
    ]
    assert ids(search(client, text="dark high", k=1)) == ["t"]
    assert client.get("/v1/items/i/media").content == png("red", 9)
    assert client.get("/v1/items/t").json()["metadata"] == {"n": 1}
    with Collection.open(collection.path) as other:
        assert {"t", "i", "a"} <= other.folder.existing(["t", "i", "a"])


@pytest.mark.parametrize(
    ("item", "status", "code"),
    [
        ({"text": " \n"}, 422, "empty_media"),
        ({}, 422, "invalid_value"),
        ([], 422, "invalid_value"),
        ("text", 422, "invalid_value"),
        (None, 422, "invalid_value"),
        ({"text": "a", "image": "data:,"}, 422, "invalid_value"),
        ({"text": "a", "extra": 1}, 422, "invalid_value"),
        ({"text": "a", "id": "/media"}, 422, "invalid_value"),
        ({"text": "a", "metadata": DEEP}, 422, "invalid_value"),
        ({"text": "\ud800"}, 422, None),
        ({"image": "http://example.org/a.png"}, 400, "address_not_fetched"),
        ({"image": "data:image/png;base64,!"}, 400, "invalid_data_uri"),
        ({"image": data_uri(b"", "image/png")}, 422, "empty_media"),
        ({"image": data_uri(png("red")[:50], "image/png")}, 422, "corrupt_media"),
        ({"image": data_uri(b"PK\x03\x04" * 50, "image/png")}, 415, "unsupported_media"),
        ({"path": "/etc/passwd"}, 403, "path_not_allowed"),
    ],
)
def test_a_bad_item_stops_no_other(
    client: TestClient, collection: Collection, item: Any, status: int, code: str | None
) -> None:
    good = [{"text": "first", "id": "1"}, item, {"text": "last", "id": "3"}]
    response = client.post("/v1/items/batch", content=json.dumps({"items": good}))
    assert response.status_code == 415  # nothing is taken for JSON that does not say so
    json_type = {"content-type": "application/json"}
    body = json.dumps({"items": good})
    response = client.post("/v1/items/batch", content=body, headers=json_type)
    if code is None and response.status_code == 400:
        return  # half a surrogate pair is no JSON
    results = results_of(response)
    assert statuses(results) == [201, status, 201]
    error = results[1]["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert error["code"] == code
    assert str(collection.path) not in error["message"]
    assert stored(collection) == []
    by_lines = "\n".join(map(json.dumps, good))
    assert results_of(client.post("/v1/items/batch", content=by_lines, headers=LINES)) == results


def test_a_batch_is_as_one_added_after_the_other(
    client: TestClient, collection: Collection
) -> None:
    red, dark = data_uri(png("red", 9), "image/png"), data_uri(png("black"), "image/png")
    results = add(
        client,
        [
            {"image": red, "metadata": {"n": 1}},
            {"image": red, "metadata": {"m": 2}},
            {"text": "low", "id": "x"},
            {"image": dark, "id": "x"},
            {"text": "twice"},
            {"text": "twice"},
            {"image": data_uri(b"nothing", "image/png")},
            {"image": data_uri(b"nothing", "image/png")},
        ],
    )
    assert statuses(results) == [201, 200, 201, 201, 201, 200, *[results[6]["status"]] * 2]
    assert results[6]["status"] in (415, 422)
    assert results[0]["id"] == results[1]["id"]
    assert results[4]["id"] == results[5]["id"]
    assert client.get(f"/v1/items/{results[0]['id']}").json()["metadata"] == {"n": 1, "m": 2}
    assert client.get("/v1/items/x/media").content == png("black")
    assert len(stored(collection)) == 2
    again = add(client, [{"image": red}, {"text": "high", "id": "x"}])
    assert statuses(again) == [200, 201]
    assert again[0]["id"] == results[0]["id"]
    assert len(stored(collection)) == 1  # that of the item which is a text now is gone
    assert add(client, [{"image": dark, "id": "x"}, {"text": "", "id": "x"}])[1]["status"] == 422
    assert client.get("/v1/items/x/media").status_code == 200


def removing_red(patch: pytest.MonkeyPatch) -> None:
    """Let somebody else remove the item red as soon as the items of a batch are written."""
    write = CollectionFolder.write

    def write_then_remove(folder: CollectionFolder, records: Any, **kwargs: Any) -> None:
        write(folder, records, **kwargs)
        folder.remove(["red"])

    patch.setattr(CollectionFolder, "write", write_then_remove)


@pytest.mark.parametrize("metadata", [{}, {"n": 1}])
def test_a_copy_whose_item_has_gone_meanwhile_stops_no_other(
    client: TestClient, metadata: dict[str, Any]
) -> None:
    copy = {"image": data_uri(png("red"), "image/png"), "metadata": metadata}
    with pytest.MonkeyPatch.context() as patch:
        removing_red(patch)
        results = add(client, [{"text": "a", "id": "a"}, copy, {"text": "b", "id": "b"}])
    assert statuses(results) == [201, 409, 201]
    assert (results[1]["id"], results[1]["error"]["code"]) == (None, "item_gone")
    assert client.get("/v1/items/b").status_code == 200
    assert statuses(add(client, [copy])) == [201]


def test_a_file_on_this_machine_whose_item_has_gone_meanwhile_is_told_so(
    collection: Collection, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "copy.png").write_bytes(png("red"))
    with client_of(collection, Settings(roots=(str(tmp_path / "root"),))) as client:
        with pytest.MonkeyPatch.context() as patch:
            removing_red(patch)
            results = add(client, [{"text": "a", "id": "a"}, {"path": "copy.png"}])
        assert statuses(results) == [201, 409]
        assert statuses(add(client, [{"path": "copy.png"}])) == [201]


def test_a_copy_of_what_came_before_it_may_find_that_gone(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = CollectionFolder.write

    def write_then_remove(folder: CollectionFolder, records: Any, **kwargs: Any) -> None:
        write(folder, records, **kwargs)
        folder.remove([records[0].id])

    monkeypatch.setattr(CollectionFolder, "write", write_then_remove)
    image = {"image": data_uri(png("red", 9), "image/png"), "metadata": {"n": 1}}
    assert statuses(add(client, [image, image])) == [201, 409]


def test_what_a_client_calls_a_copy_is_no_name_of_its_item(client: TestClient) -> None:
    names = ["first.png", "second.png", "image"]
    files = [("file", (name, png("red", 9))) for name in names]
    results = results_of(client.post("/v1/items/batch", files=files))
    assert statuses(results) == [201, 200, 200]
    address = f"/v1/items/{results[0]['id']}"
    assert client.get(address).json()["metadata"] == {"filename": "first.png"}
    more = {"metadata": json.dumps({"second.png": {"n": 1}, "image": {"filename": "new.png"}})}
    again = results_of(client.post("/v1/items/batch", files=files[1:2], data={}))
    assert statuses(again) == [200]
    assert client.get(address).json()["metadata"] == {"filename": "first.png"}
    results_of(client.post("/v1/items/batch", files=files[1:], data=more))
    assert client.get(address).json()["metadata"] == {"filename": "new.png", "n": 1}


def test_the_metadata_of_an_item_and_its_copies_are_limited_together(
    collection: Collection, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "copy.png").write_bytes(png("red"))
    many, more = {"a": "x" * 200_000}, {"b": "y" * 200_000}
    red = {"image": data_uri(png("red"), "image/png")}
    new = {"image": data_uri(png("red", 9), "image/png")}
    with client_of(collection, Settings(roots=(str(tmp_path / "root"),))) as client:
        items = [
            {**red, "metadata": many},
            {**red, "metadata": more},
            {"path": "copy.png", "metadata": more},
            {**new, "metadata": many},
            {**new, "metadata": more},
            {"text": "last"},
        ]
        results = add(client, items)
        assert statuses(results) == [200, 422, 422, 201, 422, 201]
        for result in (results[1], results[2], results[4]):
            assert (result["error"]["code"], result["error"]["param"]) == (
                "invalid_value",
                "metadata",
            )
        item = client.get("/v1/items/red").json()
        assert item["metadata"] == {"label": "photo", **many}
        assert item["aliases"] == []  # nor has it got the path of the copy


def test_a_disk_that_refuses_a_copy_takes_back_no_other_item(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise StorageError("No space left on device.")

    monkeypatch.setattr(CollectionFolder, "describe", refuse)
    copy = {"image": data_uri(png("red"), "image/png"), "metadata": {"n": 1}}
    assert statuses(add(client, [copy, {"text": "a"}])) == [507, 201]


def test_lines_may_be_many_and_empty(client: TestClient) -> None:
    with client_of(
        client.app.state.service.collection().collection, Settings(batch_lines=300)
    ) as c:
        lines = "\n\n".join(json.dumps({"text": f"word {n}", "id": f"l{n}"}) for n in range(300))
        results = results_of(c.post("/v1/items/batch", content=lines + "\r\n", headers=LINES))
        assert [r["id"] for r in results] == [f"l{n}" for n in range(300)]
        more = c.post("/v1/items/batch", content=lines + '\n{"text": "a"}', headers=LINES)
        assert (more.status_code, error_of(more)["code"]) == (413, "batch_too_large")
        assert c.get("/v1/collections/current").json()["items"] == 308
        empty = c.post("/v1/items/batch", content="\n" * 10_000_000, headers=LINES)
        assert (empty.status_code, error_of(empty)["code"]) == (413, "batch_too_large")
        none = c.post("/v1/items/batch", content="\n \n", headers=LINES)
        assert none.status_code == 422
        broken = results_of(c.post("/v1/items/batch", content='{"text": "b"}\n{"t', headers=LINES))
        assert statuses(broken) == [201, 400]


def test_a_line_of_a_million_values_is_not_looked_at(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(candidates, "from_json", refuse)
    monkeypatch.setattr(candidates, "validate", refuse)
    for line in (
        '{"text": "a", "metadata": {"x": [' + "1," * 1_000_000 + "1]}}",
        "{" + ",".join(f'"k{n}":1' for n in range(300_000)) + "}",
        "[" * 1_000_000,
    ):
        [result] = results_of(client.post("/v1/items/batch", content=line, headers=LINES))
        assert (result["status"], "values" in result["error"]["message"]) == (422, True)


def test_an_item_of_many_fields_is_not_looked_at(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = {f"k{n}": 1 for n in range(2000)}
    looked_at: list[Any] = []
    validate = candidates.validate

    def note(model: Any, values: Any) -> Any:
        looked_at.append(values)
        return validate(model, values)

    monkeypatch.setattr(candidates, "validate", note)
    results = add(client, [wide, {"text": "a"}])
    assert statuses(results) == [422, 201]
    assert looked_at == [{"text": "a"}]


def test_the_size_of_a_batch_is_limited(client: TestClient) -> None:
    for items in ([], [{"text": "a"}] * 1001, {}, "a"):
        response = client.post("/v1/items/batch", json={"items": items})
        assert (response.status_code, error_of(response)["param"]) == (422, "items")
    with client_of(
        client.app.state.service.collection().collection, Settings(body_bytes=1000)
    ) as small:
        line = json.dumps({"text": "a" * 2000}).encode()
        response = small.post("/v1/items/batch", content=line, headers=LINES)
        assert response.status_code == 413


def test_a_form_has_several_files(client: TestClient, collection: Collection) -> None:
    files = [
        ("file", ("a.png", png("red", 9))),
        ("file", ("b.png", png("blue", 9))),
        ("file", ("c.png", b"broken")),
    ]
    fields = {"id": json.dumps({"a.png": "A"}), "metadata": json.dumps({"b.png": {"n": 1}})}
    results = results_of(client.post("/v1/items/batch", files=files, data=fields))
    assert statuses(results)[:2] == [201, 201]
    assert results[2]["error"]["message"].startswith("c.png")
    assert results[0]["id"] == "A"
    described = client.get(f"/v1/items/{results[1]['id']}").json()["metadata"]
    assert described == {"filename": "b.png", "n": 1}
    assert len(stored(collection)) == 2


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        (["a.png"], {"id": '{"b.png": "x"}'}),
        (["a.png", "a.png"], {"id": '{"a.png": "x"}'}),
        (["a.png"], {"id": "[]"}),
        (["a.png"], {"id": "{"}),
        (["a.png"], {"other": "{}"}),
        ([], {"id": "{}"}),
    ],
)
def test_a_form_that_names_no_file_of_its_own_is_refused(
    client: TestClient, names: list[str], fields: dict[str, str]
) -> None:
    files = [("file", (name, png("red", 9))) for name in names] or {"id": (None, "{}")}
    response = client.post("/v1/items/batch", files=files, data=fields)
    assert response.status_code == 422
    error_of(response)


def test_what_is_safe_is_told_when_the_rest_fails(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "CHUNK_ITEMS", 2)
    write, calls = CollectionFolder.write, []

    def fail_later(folder: CollectionFolder, *args: Any, **kwargs: Any) -> None:
        calls.append(args)
        if len(calls) > 1:
            raise CollectionLockedError("Another process is writing.")
        write(folder, *args, **kwargs)

    monkeypatch.setattr(CollectionFolder, "write", fail_later)
    results = add(client, [{"text": f"word {n}"} for n in range(7)])
    assert statuses(results) == [201, 201, *[503] * 5]
    assert len(calls) == 2
    refused = client.post("/v1/items/batch", json={"items": [{"text": "a"}]})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


def test_a_disk_that_refuses_leaves_no_files(
    client: TestClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise CollectionLockedError("Another process is writing.")

    monkeypatch.setattr(CollectionFolder, "write", refuse)
    body = {"items": [{"image": data_uri(png("red", 9), "image/png")}]}
    assert client.post("/v1/items/batch", json=body).status_code == 503
    assert stored(collection) == []


def test_many_items_are_removed_at_once(client: TestClient, collection: Collection) -> None:
    add(client, [{"image": data_uri(png("red", 9), "image/png"), "id": "i"}])
    body = {"ids": ["i", "nothing", "red-text", "i"]}
    results = results_of(client.post("/v1/items/batch/delete", json=body))
    assert statuses(results) == [200, 404, 200, 200]
    assert [r["id"] for r in results] == body["ids"]
    assert results[1]["error"]["code"] == "item_not_found"
    assert stored(collection) == []
    assert client.get("/v1/items/red-text").status_code == 404
    for wrong in ({"ids": []}, {"ids": ["a"] * 1001}, {"ids": "a"}, {"ids": [1]}, {}):
        assert client.post("/v1/items/batch/delete", json=wrong).status_code == 422


def test_no_temporary_files_stay(client: TestClient, tmp_path: Path) -> None:
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        (tmp_path / "tmp").mkdir()
        patch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
        client.post("/v1/items/batch", content='{"text": "b"}\n{"t', headers=LINES)
        assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_a_batch_without_a_place_for_temporary_files_is_told(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    item = {"text": "word", "id": "w"}
    content = json.dumps(item if "nd" in kind else {"items": [item]})
    response = client.post("/v1/items/batch", content=content, headers={"content-type": kind})
    assert (response.status_code, error_of(response)["code"]) == (507, "storage")
    assert str(tmp_path) not in str(error_of(response)["message"])
    assert client.get("/v1/items/w").status_code == 404
