"""Revisions stand in collections: their form may never change."""

from __future__ import annotations

from anysense.embed.encoders.revision import digest_parts, revision_of

PARTS = {"weights": "abc", "mel": {"slaney": True, "lowest": 50.0}, "tokens": [1, 2], "code": "1"}


def test_a_revision_is_the_same_for_ever() -> None:
    assert digest_parts(PARTS) == "d2eb24445f8f4c96801566b60906894df95c99875fd968622476acfb4c6531f9"
    assert revision_of(PARTS) == "d2eb24445f8f4c96"


def test_every_part_counts_and_their_order_does_not() -> None:
    assert revision_of(dict(reversed(PARTS.items()))) == revision_of(PARTS)
    for name in PARTS:
        assert revision_of({**PARTS, name: "other"}) != revision_of(PARTS)
