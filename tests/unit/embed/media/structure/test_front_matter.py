"""YAML and TOML before a text, also broken, hostile and none at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from anysense.embed.media.document import read_document
from anysense.embed.media.pieces import Piece, ReadOptions, read_pieces
from anysense.embed.media.structure.front_matter import part_front_matter

if TYPE_CHECKING:
    from pathlib import Path

BODY = "\n# A\n\nwords\n"


def parted(text: str) -> tuple[Any, str]:
    found = part_front_matter(text, "a.md")
    return found.metadata, text[found.start :]


@pytest.mark.parametrize(
    ("written", "metadata"),
    [
        ("title: A b\ntags: [x, y]\nn: 3", {"title": "A b", "tags": ["x", "y"], "n": 3}),
        (
            "date: 2024-05-06\nat: 2024-05-06 07:08:09",
            {"date": "2024-05-06", "at": "2024-05-06T07:08:09"},
        ),
        ("a: {b: {c: null}}\n1: true", {"a": {"b": {"c": None}}, "1": True}),
        ("f: .nan\ng: 1.5", {"f": "nan", "g": 1.5}),
        ("s: !!set {x, y}", {"s": ["x", "y"]}),
    ],
)
def test_yaml_is_metadata(written: str, metadata: dict[str, Any]) -> None:
    assert parted(f"---\n{written}\n---\n{BODY}") == (metadata, BODY)
    assert parted(f"\ufeff---\r\n{written}\r\n...\r\n{BODY}")[1] == BODY


def test_toml_is_metadata() -> None:
    written = 'title = "A"\ndate = 2024-05-06\nat = 07:08:09\n[more]\nx = [1, 2]'
    assert parted(f"+++\n{written}\n+++\n{BODY}") == (
        {"title": "A", "date": "2024-05-06", "at": "07:08:09", "more": {"x": [1, 2]}},
        BODY,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        BODY,
        "---\n",
        "---\nwords alone\n---\nmore",
        "---\n---\nmore",
        "---\n- a\n- b\n---\nmore",
        "---\na: b\n",
        "words\n---\na: b\n---\n",
        "----\na: b\n----\n",
        "---\n" + "a: b\n" * 20_000 + "---\nmore",
    ],
)
def test_lines_alone_are_no_front_matter(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert parted(text) == ({}, text)
    assert caplog.text == ""


ALIASES = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)


@pytest.mark.parametrize(
    "text",
    [
        "---\na: [\n---\nmore",
        "---\na: b: c\n---\nmore",
        "---\na: !!python/object/apply:os.system [ls]\n---\nmore",
        "---\na: !!binary aGVsbG8=\n---\nmore",
        f"---\n{ALIASES}---\nmore",
        "---\na: &a [*a]\n---\nmore",
        "---\na: " + "[" * 30 + "]" * 30 + "\n---\nmore",
        "---\na: " + "[" * 30_000 + "\n---\nmore",
        "---\nn: " + "9" * 10_000 + "\n---\nmore",
        "---\nn: 0x" + "f" * 4_000 + "\n---\nmore",
        "---\nn: 0b" + "1" * 20_000 + "\n---\nmore",
        "---\nn: [1" + ":59" * 3_000 + "]\n---\nmore",
        "---\nn: 1" + ":59" * 3_000 + ".5\n---\nmore",
        "---\na: !!bool x\n---\nmore",
        "---\na: !!timestamp x\n---\nmore",
        "---\na: {" + ",".join(map(chr, range(0x20000, 0x20000 + 30_000))) + "}\n---\nmore",
        "+++\nn = 0x" + "f" * 4_000 + "\n+++\nmore",
        '+++\na = "\n+++\nmore',
        "+++\na = 1\na = 2\n+++\nmore",
    ],
)
def test_broken_front_matter_stays_text(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert parted(text) == ({}, text)
    assert "a.md: its front matter is broken, and kept as text: " in caplog.text


def test_toml_of_which_each_key_takes_long_is_not_parsed(caplog: pytest.LogCaptureFixture) -> None:
    text = "+++\n" + "a." * 10_000 + "a = 1\n+++\nmore"
    assert parted(text) == ({}, text)
    assert "a.md: its front matter is broken, and kept as text: it has over 16,384" in caplog.text
    words = "a" * 10_000
    assert parted(f"+++\na = '{words}'\n+++\nmore") == ({"a": words}, "more")


def pieces(path: Path, text: str) -> list[Piece]:
    path.write_text(text)
    return list(read_pieces(path, ReadOptions())[1])


def test_a_markdown_text_begins_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    [piece] = pieces(path, "---\ntitle: T\nyear: 2020\n---\nwords\n\n## B\n\nmore\n")
    assert piece.said == {"title": "T", "year": 2020}
    assert piece.content == "words\n\n## B\n\nmore\n" == read_document(path)
    assert piece.structure is not None
    assert [section.heading for section in piece.structure.sections] == [("T",), ("T", "B")]
    [piece] = pieces(path, f"---\ntitle: T\n---\n{BODY}")
    assert piece.structure is not None
    assert [section.heading for section in piece.structure.sections] == [("A",)]
    [piece] = pieces(path, "---\ntitle: 3\n---\nwords")
    assert (piece.said, piece.structure) == ({"title": 3}, None)


def test_what_says_nothing_else_is_a_text(tmp_path: Path) -> None:
    [piece] = pieces(tmp_path / "a.md", "---\ntitle: T\n---\n\n")
    assert (piece.said, piece.content) == ({}, "---\ntitle: T\n---\n\n")


def test_other_texts_have_none(tmp_path: Path) -> None:
    [piece] = pieces(tmp_path / "a.txt", "---\ntitle: T\n---\nwords")
    assert (piece.said, piece.content) == ({}, "---\ntitle: T\n---\nwords")
