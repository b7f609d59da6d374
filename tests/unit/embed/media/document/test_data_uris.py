"""Pictures inside a text are pictures of its item, and no words of it."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

import pytest
from media_files import photo, saved, write

from anysense.embed.errors import EmptyMediaError
from anysense.embed.media.document.data_uris import drop_data_uris
from anysense.embed.media.document.document import read_document
from anysense.embed.media.document.text_pieces import text_pieces
from anysense.embed.media.pieces import ReadOptions
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = base64.b64encode(saved(photo(), "PNG")).decode()
URI = f"data:image/png;base64,{PICTURE}"
WRAPPED = "\n".join(PICTURE[at : at + 76] for at in range(0, len(PICTURE), 76))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"# Harbour\n\n![boats]({URI})\n\nGulls.", "# Harbour\n\n![boats]()\n\nGulls."),
        (
            f"![][image1]\n\n[image1]: <{URI}>\n[b]: https://b.org\n",
            "![][image1]\n\n[b]: https://b.org\n",
        ),
        (f'a <img alt="boats" src="{URI}"> b', 'a <img alt="boats" src=""> b'),
        (f"a <img src='data:image/png;base64,\n{WRAPPED}'> b", "a <img src=''> b"),
        (f"p {{ background: url({URI}) }}", "p { background: url() }"),
        ("![d](data:image/svg+xml;utf8,<svg a='b'><path d='M0 0'/></svg>) x", "![d]() x"),
        ("![d](data:image/svg+xml," + "%3Csvg%20" * 9 + ") x", "![d]() x"),
    ],
)
def test_data_uris_leave_the_text(text: str, words: str) -> None:
    assert drop_data_uris(text) == words


@pytest.mark.parametrize(
    "text", ["The data: five, six.", "data:image/png;base64,iVBOR...", "metadata:a/b,c"]
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert drop_data_uris(text) == text


def pieces(path: Path) -> list[tuple[Modality, object]]:
    return [(piece.modality, piece.content) for piece in text_pieces(path, ReadOptions())]


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.md", f"Boats ![b]({URI}) ![b]({URI})"), ("a.html", f'<p>Boats <img src="{URI}"></p>')],
)
def test_pictures_are_pieces(name: str, text: str, tmp_path: Path) -> None:
    (_, words), (modality, picture) = pieces(write(tmp_path, name, text.encode()))
    assert "Boats" in str(words)
    assert "base64" not in str(words)
    assert modality is Modality.IMAGE
    assert getattr(picture, "size", None) == photo().size


def test_broken_pictures_and_icons_are_passed_over(tmp_path: Path) -> None:
    icon = base64.b64encode(saved(photo().resize((16, 16)), "PNG")).decode()
    uris = [
        f"data:image/png;base64,{payload}"
        for payload in (icon, PICTURE[: len(PICTURE) // 2], "A" * 41, "=" * 40)
    ]
    text = "Words. " + " ".join(f"![x]({uri})" for uri in uris)
    assert pieces(write(tmp_path, "a.md", text.encode())) == [
        (Modality.TEXT, "Words. ![x]() ![x]() ![x]() ![x]()")
    ]


def test_a_text_of_nothing_else_is_its_pictures(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", f"[image1]: <{URI}>".encode())
    assert [modality for modality, _ in pieces(path)] == [Modality.IMAGE]
    with pytest.raises(EmptyMediaError):
        read_document(path)


@pytest.mark.parametrize(
    "text",
    [
        "data:" * 200_000,
        "data:image/png;base64," * 50_000,
        "data:image/svg+xml,<svg" * 40_000,
        "data:a/b" + ";a=b" * 200_000,
        "data:image/png;base64," + "A" * 20 + "\n" * 500_000,
        "data:image/png;base64," + ("\n" + "A" * 60) * 15_000 + "\n" * 1000,
        "[a]: " * 200_000 + URI,
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    start = time.perf_counter()
    drop_data_uris(text)
    assert time.perf_counter() - start < 5
