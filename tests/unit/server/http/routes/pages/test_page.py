"""The page for people: what is given of it, to whom, and that nothing else is."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, client_of, error_of
from pydantic import SecretStr

from anysense.server.http.routes.pages.page import FOLDER, takes_gzip
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from anysense.index.collection import Collection

PLAIN = {"accept-encoding": "identity"}
ESCAPES = (
    "/web/../settings.py",
    "/web/%2e%2e/settings.py",
    "/web/..%2fsettings.py",
    "/web/..%5csettings.py",
    "/web//etc/passwd",
    "/web/%2fetc/passwd",
    "/web/%2e/index.html",
    "/web/style/%2e%2e/index.html",
    "/web/.hidden.js",
    "/web/index.html%00.js",
    "/web/index.html/",
    "/web/style",
    "/web/",
    "/web/nothing.js",
    "/web/a%0a.js",
    f"/web/{'a' * 5000}.js",
    "/web/C:/windows/win.ini",
)


def test_the_page_is_html_under_a_strict_policy(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "microphone=(self)" in page.headers["permissions-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in page.headers


def test_what_the_page_names_is_there_beside_it(client: TestClient) -> None:
    page = client.get("/").text
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith("web/"), address  # a proxy may put something before it
        asset = client.get(f"/{address}")
        assert asset.status_code == 200, address
        assert asset.headers["x-content-type-options"] == "nosniff"


def test_every_file_of_the_page_can_be_had(client: TestClient) -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".ts"]
    assert len(files) >= 1
    for path in files:
        answer = client.get(f"/web/{path.relative_to(FOLDER).as_posix()}", headers=PLAIN)
        assert answer.status_code == 200, path
        assert answer.content == path.read_bytes()


def test_a_file_that_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert client.get("/", headers={"if-none-match": '"other"'}).status_code == 200
    since = {"if-modified-since": "Sun, 06 Nov 2044 08:49:37 GMT"}  # there is no such time of it
    assert client.get("/", headers=since).status_code == 200


def test_it_is_packed_for_whoever_can_unpack_it(client: TestClient) -> None:
    with client.stream("GET", "/", headers={"accept-encoding": "br;q=1, gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    plain = client.get("/", headers=PLAIN)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers
    assert packed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "is_taken"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br, gzipped", False),
        ("", False),
    ],
)
def test_who_can_unpack_it(accepted: str, is_taken: bool) -> None:
    assert takes_gzip(accepted) == is_taken


def test_head_and_other_methods(client: TestClient) -> None:
    for path in ("/", "/web/index.html"):
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) > 0
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            refused = client.request(method, path)
            assert error_of(refused)["code"] == "method_not_allowed"
            assert refused.headers["allow"] == "GET, HEAD"
        assert client.options(path).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ESCAPES)
def test_nothing_else_is_given(client: TestClient, path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 404, path
    error_of(answer)


def test_no_link_leads_out_of_the_folder() -> None:
    assert [path for path in FOLDER.rglob("*") if path.is_symlink()] == []


def test_the_page_needs_no_key(collection: Collection) -> None:
    settings = Settings(api_key=SecretStr("a-key"))
    with client_of(collection, settings, lifespan=False) as client:
        assert client.get("/").status_code == 200
        assert client.get("/web/index.html").status_code == 200
        assert client.get("/web/nothing.js").status_code == 404
        assert client.get("/v1/items").status_code == 401


def test_it_can_be_left_out(collection: Collection) -> None:
    with client_of(collection, Settings(page=False), lifespan=False) as client:
        assert client.get("/").status_code == 404
        assert client.get("/web/index.html").status_code == 404
        assert client.get("/docs").status_code == 200


def test_below_the_path_of_a_proxy_it_has_a_slash_at_its_end(collection: Collection) -> None:
    with client_of(collection, Settings(root_path="/any"), lifespan=False) as client:
        moved = client.get("/any", follow_redirects=False)
        assert moved.status_code in (307, 308)
        assert moved.headers["location"].endswith("/any/")
        assert client.get("/any/").headers["content-type"].startswith("text/html")
        assert client.get("/any/web/index.html").status_code == 200
