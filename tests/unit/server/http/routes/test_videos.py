"""Videos over HTTP: uploaded, found and searched by, shown, cut and sent in ranges."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from animations import animation, card
from http_client import TestClient, error_of
from PIL import Image
from video_files import Scene, film, tones

from anysense.embed.media.identify import media_type
from anysense.embed.media.video.hearing import read_soundtrack

if TYPE_CHECKING:
    from httpx import Response

COLOURS = {"red": (220, 20, 20), "blue": (20, 20, 220)}
HERTZ = {"red": 110, "blue": 3000}


def scene(name: str) -> Scene:
    picture = Image.new("RGB", (320, 180), COLOURS[name])
    return Scene(picture, 3.0, tones((HERTZ[name], 3.0)))


FILM = film([scene("red"), scene("blue")])


@pytest.fixture
def shown(client: TestClient) -> TestClient:
    """A service with an uploaded video of three red seconds and three blue ones."""
    added = client.post(
        "/v1/items", data={"id": "film"}, files={"file": ("film.mp4", FILM, "video/mp4")}
    )
    assert (added.status_code, added.json()["kind"]) == (201, "video")
    return client


def colour_of(response: Response) -> str:
    with Image.open(io.BytesIO(response.content)) as picture:
        red, _, blue = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    return "red" if red > blue else "blue"


def test_a_video_is_sent_in_ranges_to_be_played(shown: TestClient) -> None:
    whole = shown.get("/v1/items/film/media")
    assert (whole.content, whole.headers["content-type"]) == (FILM, "video/mp4")
    assert whole.headers["content-disposition"].startswith("inline")
    part = shown.get("/v1/items/film/media", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, FILM[100:200])


def test_a_thumbnail_is_of_the_second_that_is_asked_for(shown: TestClient) -> None:
    for query, colour in (("w=160", "red"), ("w=160&start=1", "red"), ("w=160&start=4", "blue")):
        response = shown.get(f"/v1/items/film/media?{query}")
        assert response.headers["content-type"] == "image/jpeg"
        assert colour_of(response) == colour
    tags = {
        shown.get(f"/v1/items/film/media?w=160&start={at}").headers["etag"] for at in (1, 4, 4.0)
    }
    assert len(tags) == 2
    again = shown.get(
        "/v1/items/film/media?w=160&start=4", headers={"if-none-match": ", ".join(tags)}
    )
    assert again.status_code == 304


def test_seconds_are_cut_as_an_mp4(shown: TestClient) -> None:
    address = "/v1/items/film/media?start=2&end=4"
    response = shown.get(address)
    assert (response.status_code, response.headers["content-type"]) == (200, "video/mp4")
    assert media_type(response.content) == "video/mp4"
    assert abs(read_soundtrack(response.content, 0, 60).seconds - 2) < 0.1
    part = shown.get(address, headers={"range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, response.content[:10])
    same = shown.get(address, headers={"if-none-match": response.headers["etag"]})
    assert same.status_code == 304


@pytest.mark.parametrize("query", ["start=4", "w=160&start=1&end=2", "start=4&end=4", "end=3"])
def test_what_does_not_go_together_is_refused(shown: TestClient, query: str) -> None:
    response = shown.get(f"/v1/items/film/media?{query}")
    assert (response.status_code, error_of(response)["code"]) == (422, "invalid_value")


def test_a_hit_tells_its_moments(shown: TestClient) -> None:
    body = {"text": "blue", "kinds": ["video"], "modalities": ["image"]}
    [hit] = shown.post("/v1/search", json=body).json()["hits"]
    assert hit["moments"][0]["frame"] == hit["start"] == 3.0
    assert hit["moments"][0]["modalities"] == ["image"]
    fields = shown.post("/v1/search", json={**body, "fields": ["moments"]}).json()["hits"]
    assert fields == [{"moments": hit["moments"]}]


@pytest.mark.parametrize("way", ["data", "form", "kept"])
def test_a_search_by_a_video_goes_by_its_frames_and_its_sound(client: TestClient, way: str) -> None:
    clip = film([scene("blue")])
    if way == "form":
        response = client.post("/v1/search", files={"video": ("a.mp4", clip)}, data={"k": "9"})
    elif way == "kept":
        kept = client.post("/v1/queries", files={"file": ("a.mp4", clip)}).json()
        assert kept["media_type"] == "video/mp4"
        response = client.post("/v1/search", json={"upload": kept["id"], "k": 9})
    else:
        uri = f"data:video/mp4;base64,{base64.b64encode(clip).decode()}"
        response = client.post("/v1/search", json={"terms": [{"video": uri}], "k": 9})
    hits = response.json()["hits"]
    for modality, best in (("image", "blue"), ("audio", "high")):
        found = [hit for hit in hits if hit["modality"] == modality]
        assert (found[0]["id"], found[0]["raw_score"] > 0.95) == (best, True)


def test_a_film_finds_itself_first_and_what_each_of_its_scenes_shows(shown: TestClient) -> None:
    uri = f"data:video/mp4;base64,{base64.b64encode(FILM).decode()}"
    body = {"terms": [{"video": uri}], "k": 20}
    answer = shown.post("/v1/search", json=body).json()
    hits = answer["hits"]
    assert hits[0]["id"] == "film"
    pictures = {hit["id"]: hit for hit in hits if hit["modality"] == "image"}
    for name in COLOURS:
        assert pictures[name]["raw_score"] > 0.9  # of one scene, not of a mean of two
    pages = [
        hit["id"]
        for offset in range(0, 20, 3)
        for hit in shown.post(
            "/v1/search", json={**body, "k": 3, "offset": offset, "state": answer["state"]}
        ).json()["hits"]
    ]
    assert pages == [hit["id"] for hit in hits]
    told = shown.post("/v1/search/explain", json={**body, "id": "red"}).json()
    assert (told["id"], told["cosine"]) == ("red", pictures["red"]["raw_score"])


MOVING = animation("GIF", [card("red"), card("blue")], 3.0)


@pytest.fixture
def animated(client: TestClient) -> TestClient:
    """A service with an uploaded GIF of three red seconds and three blue ones."""
    files = {"file": ("moving.gif", MOVING, "image/gif")}
    added = client.post("/v1/items", data={"id": "moving"}, files=files)
    assert (added.status_code, added.json()["kind"]) == (201, "video")
    return client


def test_an_animated_picture_is_sent_as_the_picture_that_it_is(animated: TestClient) -> None:
    whole = animated.get("/v1/items/moving/media")
    assert (whole.content, whole.headers["content-type"]) == (MOVING, "image/gif")
    assert whole.headers["content-disposition"].startswith("inline")
    for seconds, colour in ((1, "red"), (4, "blue")):
        small = animated.get(f"/v1/items/moving/media?w=160&start={seconds}")
        assert (colour_of(small), small.headers["content-type"]) == (colour, "image/jpeg")


def test_seconds_of_an_animated_picture_are_a_video(animated: TestClient) -> None:
    cut = animated.get("/v1/items/moving/media?start=2&end=4")
    assert (cut.status_code, cut.headers["content-type"]) == (200, "video/mp4")
    assert media_type(cut.content) == "video/mp4"


@pytest.mark.parametrize("field", ["image", "video"])
def test_an_animated_picture_asks_by_its_frames(shown: TestClient, field: str) -> None:
    data = animation("GIF", [card("blue"), card("blue").rotate(180)], 1.0)
    uri = "data:image/gif;base64," + base64.b64encode(data).decode()
    found = shown.post("/v1/search", json={field: uri, "modalities": ["image"]})
    assert found.status_code == 200
    [hit] = [hit for hit in found.json()["hits"] if hit["id"] == "film"]
    assert hit["start"] >= 3
    files = {field: ("moving.gif", data, "image/gif")}
    assert shown.post("/v1/search", files=files).json()["hits"][0]["id"]
