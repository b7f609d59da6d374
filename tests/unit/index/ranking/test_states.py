"""How long states are kept for later pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import StateGoneError
from anysense.index.collection import Collection
from anysense.index.ranking import states
from anysense.index.ranking.states import States
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([NewItem("red", id="a")])
        yield collection


def test_a_state_goes_when_its_time_is_over_and_the_newest_stays(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(states.time, "monotonic", lambda: now[0])
    kept = States(collection, 10.0)
    first = kept.find(None)
    collection.add([NewItem("blue", id="b")])
    second = kept.find(None)
    now[0] += 9
    assert kept.find(first.name) is first
    now[0] += 9
    assert kept.find(first.name) is first  # asked for 9 seconds ago
    now[0] += 11
    kept.forget_old()
    assert kept.find(second.name) is second
    with pytest.raises(StateGoneError):
        kept.find(first.name)


def test_two_generations_of_the_index_are_kept(collection: Collection) -> None:
    kept = States(collection)
    names = []
    for number in range(3):
        collection.add([NewItem(f"blue {number}", id=str(number))])
        collection.publish()
        names.append(kept.find(None).name)
    with pytest.raises(StateGoneError):
        kept.find(names[0])
    assert [kept.find(name).name for name in names[1:]] == names[1:]
