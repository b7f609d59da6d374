"""A text cut into passages by an encoder, whether or not it knows what texts are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import UsageError
from anysense.embed.types import Passage, Structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.embed.types import Encoder

    Cut: TypeAlias = Callable[[str, Structure, int], list[Passage]]

__all__ = ["cut_passages"]


def cut_passages(
    encoder: Encoder, text: str, structure: Structure | None = None, overlap: int = 0
) -> list[Passage]:
    """The passages of a normalised text, as an encoder takes them.

    Args:
        encoder: takes texts.
        text: the text.
        structure: of the text, if its format has any.
        overlap: how much of a passage may repeat the one before it, in percent of its tokens.

    Raises:
        UsageError: an overlap is asked of an encoder that does not know how.
    """
    if structure is None and overlap == 0:
        return encoder.passages(text)
    cut: Cut | None = getattr(encoder, "structured_passages", None)
    if cut is not None:
        return cut(text, structure or Structure(), overlap)
    if overlap:
        name = encoder.space.id
        raise UsageError(f"The encoder '{name}' cuts no overlapping passages: use --overlap 0.")
    assert structure is not None
    if not structure.sections:
        return encoder.passages(text)
    return [
        Passage(section.start + p.start, section.start + p.end, p.text, section.heading)
        for section in structure.sections
        for p in encoder.passages(text[section.start : section.end])
    ]
