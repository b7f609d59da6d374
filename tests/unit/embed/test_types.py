"""Words of anysense that are written out: in JSON, in catalogs and in messages."""

from __future__ import annotations

import json

import pytest

from anysense.embed.types import Kind, Modality


@pytest.mark.parametrize("word", [*Kind, *Modality])
def test_words_are_their_values(word: Kind | Modality) -> None:
    assert str(word) == f"{word}" == word.value == word
    assert json.dumps(word) == f'"{word}"'
    assert type(word)(str(word)) is word


def test_every_modality_is_a_kind_too() -> None:
    assert {str(m) for m in Modality} < {str(kind) for kind in Kind}
