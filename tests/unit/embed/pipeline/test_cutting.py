"""Encoders that know what texts are made of, and encoders of others that do not."""

from __future__ import annotations

import pytest
from tiny import TinyEncoder

from anysense.embed.errors import UsageError
from anysense.embed.pipeline.batching import SharedEncoder
from anysense.embed.pipeline.cutting import cut_passages
from anysense.embed.types import Encoder, Passage, Section, Structure

TEXT = "# A\n\none two\n\n# B\n\nthree"
STRUCTURE = Structure((Section(5, 14, ("A",)), Section(19, 24, ("B",))))


class Plain:
    """An encoder that was written before there were structures."""

    def __init__(self) -> None:
        tiny = TinyEncoder()
        self.space, self.sample_rate, self.window_seconds = tiny.space, 8000, 10.0
        self.passages, self.prepare, self.encode = tiny.passages, tiny.prepare, tiny.encode


def test_an_encoder_cuts_by_structure_itself() -> None:
    assert cut_passages(TinyEncoder(), TEXT, STRUCTURE) == [
        Passage(5, 12, "one two", ("A",), "A"),
        Passage(19, 24, "three", ("B",), "B"),
    ]


@pytest.mark.parametrize("encoder", [Plain(), SharedEncoder(Plain())])
def test_others_get_one_section_after_the_other(encoder: Encoder) -> None:
    assert cut_passages(encoder, TEXT, STRUCTURE) == [
        Passage(5, 12, "one two", ("A",)),
        Passage(19, 24, "three", ("B",)),
    ]
    assert cut_passages(encoder, TEXT, Structure()) == encoder.passages(TEXT)
    with pytest.raises(UsageError, match="'tiny' cuts no overlapping passages"):
        cut_passages(encoder, TEXT, overlap=10)


def test_a_text_without_structure_is_cut_by_passages() -> None:
    encoder = TinyEncoder()
    assert cut_passages(encoder, TEXT) == encoder.passages(TEXT)
