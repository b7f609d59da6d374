from __future__ import annotations

import pytest

from anysense.embed.errors import UsageError
from anysense.server.http.watched import sources_by_name


def test_sources_are_of_the_first_collection_or_of_the_one_that_is_named() -> None:
    written = ["photos", "b=notes", "b=more", "./a=b", "c.d=e"]
    assert sources_by_name(written, ["a", "b"]) == {
        "a": ["photos", "./a=b", "c.d=e"],
        "b": ["notes", "more"],
    }
    assert sources_by_name([], ["a"]) == {}
    with pytest.raises(UsageError, match=r"watch: there is no collection 'z' here; there are: a\."):
        sources_by_name(["z=photos"], ["a"])
    with pytest.raises(UsageError, match="watch: 'a=' names no folder"):
        sources_by_name(["a="], ["a"])
