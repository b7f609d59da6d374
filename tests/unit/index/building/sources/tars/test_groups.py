from __future__ import annotations

import pytest

from anysense.index.building.sources.tars.groups import Groups, group_key, group_members
from anysense.index.building.sources.tars.headers import Extent

SUFFIXES = (".jpg", ".ogg", ".txt", ".md", ".pdf")


def grouped(*names: str, with_words: bool = True) -> Groups:
    return group_members({name: Extent(0, 0, 1) for name in names}, SUFFIXES, with_words=with_words)


def said(groups: Groups) -> dict[str, list[str]]:
    return {key: [words.ending for words in found] for key, found in groups.words.items()}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("0001.jpg", "0001"),
        ("a/b.c/d.e.jpg", "a/b.c/d"),
        ("./a.jpg", "./a"),
        ("../a.jpg", "../a"),
        ("/a.input.jpg", "/a"),
        ("README", None),
        ("a/.hidden.jpg", None),
    ],
)
def test_a_key_ends_at_the_first_dot_after_the_last_slash(name: str, key: str | None) -> None:
    assert group_key(name) == key


def test_texts_and_metadata_belong_to_the_media_of_their_group() -> None:
    groups = grouped("1.in.jpg", "1.out.jpg", "1.json", "1.txt", "1.cls", "1.caption", "2.jpg")
    assert list(groups.items) == ["1.in.jpg", "1.out.jpg", "2.jpg"]
    assert said(groups) == {"1": ["txt", "caption", "cls", "json"]}
    assert groups.others == []


def test_the_parts_of_a_group_need_not_lie_together() -> None:
    assert said(grouped("1.jpg", "2.jpg", "1.txt", "2.txt")) == {"1": ["txt"], "2": ["txt"]}


def test_texts_without_a_picture_or_a_sound_are_items() -> None:
    groups = grouped("notes/1.txt", "1.jpg", "2.md", "2.json", "3.pdf", "3.txt")
    assert list(groups.items) == ["notes/1.txt", "1.jpg", "2.md", "3.pdf", "3.txt"]
    assert said(groups) == {"2": ["json"]}


def test_what_is_neither_is_told() -> None:
    groups = grouped("1.jpg", "1.npy", "2.json", "README", "3.psdx", "3.txt")
    assert list(groups.items) == ["1.jpg", "3.txt"]
    assert sorted(groups.others) == ["1.npy", "2.json", "3.psdx", "README"]


def test_without_words_texts_are_items_and_metadata_is_told() -> None:
    groups = grouped("1.jpg", "1.txt", "1.json", with_words=False)
    assert (list(groups.items), groups.words) == (["1.jpg", "1.txt"], {})
    assert groups.others == ["1.json"]
