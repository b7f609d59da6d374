from __future__ import annotations

import re
from typing import TYPE_CHECKING

from command_line import run, run_json

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path


def test_info_says_what_a_collection_holds(built: Path) -> None:
    facts = run_json("info", built)
    assert {
        "items", "items_by_kind", "segments", "segments_by_modality", "quarantined", "bytes",
        "encoders", "partitions", "generation", "target_recall", "measured_recall",
    } <= set(facts)  # fmt: skip
    assert (facts["items"], facts["items_by_kind"]) == (3, {"image": 2, "text": 1})
    assert (facts["segments"], facts["segments_by_modality"]) == (3, {"image": 2, "text": 1})
    assert "tiny" in run("info", built).stdout


def test_info_says_whether_there_is_a_map(built: Path) -> None:
    assert run_json("info", built)["maps"] == []
    assert re.search(r"map\s+none", run("info", built).stdout)
    with Collection.open(built) as collection:
        collection.add([NewItem(f"red {number}") for number in range(10)])
        collection.publish()
    assert run_json("info", built)["maps"] == [{"space": "tiny", "items": 13}]
    assert re.search(r"map\s+13 items in tiny", run("info", built).stdout)
