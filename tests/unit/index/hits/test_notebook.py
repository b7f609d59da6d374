"""Hits as a notebook shows them: whole, within bounds, and harmless whatever they hold."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from tiny_files import write_media

from anysense import Collection, NewItem
from anysense.embed.types import Kind, Modality, Unit
from anysense.index.hits import notebook
from anysense.index.hits.hit import Hit
from anysense.index.hits.hits import Hits
from anysense.index.hits.media import MediaFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ELEMENTS = {
    *("div", "p", "b", "bdi", "br", "img", "audio", "blockquote", "details", "summary"),
}
ATTRIBUTES = {"style", "title", "alt", "src", "controls", "preload"}
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> \u202e & \x00 </div>'


def page_of(hits: Hits) -> str:
    return hits._repr_html_()  # the name that notebooks call


class Shown(HTMLParser):
    """What elements and texts a page has."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("img", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def media(self, tag: str) -> list[bytes]:
        """The bytes of the pictures, or the sounds."""
        sources = [str(attributes["src"]) for name, attributes in self.elements if name == tag]
        kind = {"img": "image/jpeg", "audio": "audio/mpeg"}[tag]
        assert all(source.startswith(f"data:{kind};base64,") for source in sources)
        return [base64.b64decode(source.partition(",")[2]) for source in sources]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    write_media(tmp_path / "media")
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        items = [NewItem(path, id=path.name) for path in sorted((tmp_path / "media").iterdir())]
        assert made.add(items).failed == []
        yield made


def made_hit(**values: Any) -> Hit:
    """A hit of no collection."""
    usual = {"id": "a", "kind": Kind.TEXT, "modality": Modality.TEXT, "score": 1.0}
    others = {"raw_score": 0.5, "route": "native", "source": "a.txt", "space": "s", "text": "words"}
    return Hit(**{**usual, **others, **values})


def test_pictures_sounds_and_passages_are_shown(collection: Collection) -> None:
    shown = Shown(page_of(collection.search("red low green")))
    sizes = {Image.open(io.BytesIO(data)).size for data in shown.media("img")}
    assert len(shown.media("img")) == 3
    assert sizes == {(24, 24)}
    [sound] = shown.media("audio")
    samples, rate = soundfile.read(io.BytesIO(sound))
    assert (rate, round(len(samples) / rate)) == (8000, 1)
    assert "a green note" in shown.text
    assert "low.wav" in shown.text
    assert "0:00-0:01" in shown.text
    assert "score " in shown.text


def test_whatever_a_hit_holds_is_text() -> None:
    hit = made_hit(
        id=HOSTILE,
        source=f"/photos/{HOSTILE}",
        text=HOSTILE * 2,
        heading=(HOSTILE, "b"),
        metadata={HOSTILE: HOSTILE, "nested": {"x": [HOSTILE]}, "long": "w" * 5000, "n": 7},
    )
    page = page_of(Hits([hit]))
    shown = Shown(page)
    assert {name for name, _ in shown.elements} <= ELEMENTS
    for _, attributes in shown.elements:
        assert set(attributes) <= ATTRIBUTES
    assert shown.media("img") == []
    assert "<script" not in page.lower()
    assert "alert(1)" in shown.text, "it is shown, as the words that it is"
    assert "\x00" not in page
    assert "w" * 201 not in page
    assert len(page) < 20_000


def test_a_service_cannot_send_what_is_no_picture() -> None:
    class Sending:
        def thumbnail(
            self, item_id: str, width: int, page: int | None = None, start: float | None = None
        ) -> MediaFile:
            return MediaFile(b"<svg onload=alert(1)>", 'image/svg+xml" onload="alert(1)', "a")

        def media(self, item_id: str) -> MediaFile:
            raise AssertionError

        def clip(self, item_id: str, start: float, end: float) -> MediaFile:
            return MediaFile(b"<html>", "text/html", "a")

    hits = Hits(
        [
            made_hit(kind=Kind.IMAGE, modality=Modality.IMAGE, text=None, reader=Sending()),
            made_hit(
                kind=Kind.AUDIO,
                modality=Modality.AUDIO,
                text=None,
                reader=Sending(),
                start=0.0,
                end=1.0,
                unit=Unit.SECONDS,
            ),
        ]
    )
    page = page_of(hits)
    assert (Shown(page).media("img"), Shown(page).media("audio")) == ([], [])
    assert "svg" not in page
    assert "onload" not in page


def test_media_that_have_no_room_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(3)
    for i in range(4):
        pixels = noise.integers(0, 255, (600, 600, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add(sorted(tmp_path.glob("*.png")))
        hits = collection.search("red")
        pictures = Shown(page_of(hits)).media("img")
        assert len(pictures) == 4
        assert {max(Image.open(io.BytesIO(data)).size) for data in pictures} == {320}
        monkeypatch.setattr(notebook, "MEDIA_BYTES", len(pictures[0]) + len(pictures[1]) + 10_000)
        shown = Shown(page_of(hits))
        assert len(shown.media("img")) == 2
        assert "2 pictures and sounds are left out: those shown have " in shown.text
        for i in range(4):
            (tmp_path / f"{i}.png").unlink()
        shown = Shown(page_of(hits))
        assert shown.media("img") == []
        assert shown.text.count("is gone, or is not the one that was added") == 4


def test_what_is_said_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*hits: Hit, no_match: bool = False) -> str:
        return Shown(page_of(Hits(hits, no_match=no_match))).text

    assert told() == "No hits."
    assert "Nothing stands out" in told(made_hit(), no_match=True)
    monkeypatch.setattr(notebook, "MOST_HITS", 2)
    assert "3 more hits are not shown." in told(*[made_hit()] * 5)


def test_lines_that_a_window_has_broken_are_joined() -> None:
    wrapped = "word " * 15 + "end\nof it\n\nkey = 1\nother = 2"
    page = page_of(Hits([made_hit(text=wrapped)]))
    assert "end of it\n\nkey = 1\nother = 2" in page
