from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

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
