"""Which ids items may have."""

from __future__ import annotations

import pytest

from anysense.index.catalog.records import is_id


@pytest.mark.parametrize(
    "name",
    ["a", "new one", "a/b.jpg", "x" * 512, "https://example.com/a.jpg", "é", "a:b", "media", "..a"],
)
def test_an_id_can_stand_in_a_url(name: str) -> None:
    assert is_id(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " a", "a ", "a\nb", "\udcff", "x" * 513, "/a", "a/", "a//b", ".", "a/../b", "a/."),
        *("a/media", "a/waveform", "a/segments", "https://", "https://a//b", "https:///a", "://a"),
    ],
)
def test_what_is_tidied_up_on_the_way_is_no_id(name: str) -> None:
    assert not is_id(name)
