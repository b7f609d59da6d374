"""How many tokens a model makes of a text, and the passages that fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.encoders.letters import plain_letters
from anysense.embed.encoders.passages import split_passages
from anysense.embed.encoders.sections import split_sections
from anysense.embed.encoders.sentence_transformers.inputs import transformers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.encoders.sentence_transformers.inputs import Inputs
    from anysense.embed.encoders.sentence_transformers.prompts import Task
    from anysense.embed.types import Passage, Structure

__all__ = ["Texts"]

_MOST_TOKENS = 8192
"""Of a passage, whatever a model can read: longer ones say too much to be found by any of it."""
_SLACK = 4
"""What a text may have in a chat beyond its own tokens, where words of the chat touch it."""


class Texts:
    """Cuts texts for one model, whose tokenizer it does not touch: threads may be using that.

    Args:
        model: of sentence-transformers.
        inputs: what prepares for it.
        tasks: what a text may be prepared for; with the longest prompt of them it has to fit.
    """

    def __init__(self, model: Any, inputs: Inputs, tasks: Sequence[Task]) -> None:
        tokenizer = model.tokenizer
        self._hidden = _media_tokens(model)
        self._encode = _encoder_of(tokenizer)
        self._prompts: list[tuple[str, int]] = []
        most = min(int(model.max_seq_length or _MOST_TOKENS), _MOST_TOKENS)
        if "message" in model.modalities:
            ids = [inputs.prepare("a", task).values["input_ids"] for task in tasks]
            around = max(ids.shape[-1] for ids in ids) - self._encode("a", marks=False)
            self._limit = most - around - _SLACK
        else:
            self._prompts = [(p, self._encode(p)) for p in dict.fromkeys(t.prompt for t in tasks)]
            self._limit = most - max(length for _, length in self._prompts)
        self._limit = max(1, self._limit)

    def plain(self, text: str) -> str:
        """A text in plain letters, without the words by which the model knows media."""
        text = plain_letters(text)
        for token in self._hidden:
            text = text.replace(token, " ")
        return text

    def passages(self, text: str) -> list[Passage]:
        return split_passages(text, self._count, self._limit)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        return split_sections(text, structure, overlap, self._count, self._limit)

    def _count(self, text: str) -> int:
        """How many tokens it adds to those of a prompt, behind which it may have others."""
        text = self.plain(text)
        if not self._prompts:
            return self._encode(text, marks=False)
        return max(self._encode(prompt + text) - length for prompt, length in self._prompts)


class _Count:
    """How many tokens a text has, with the marks that each input gets, or without."""

    def __init__(self, encode: Any) -> None:
        self._ids = encode

    def __call__(self, text: str, *, marks: bool = True) -> int:
        return len(self._ids(text, marks))


def _encoder_of(tokenizer: Any) -> _Count:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:  # written in Python: it has no settings that a call would change
        return _Count(
            lambda text, marks: tokenizer(text, add_special_tokens=marks, verbose=False).input_ids
        )
    from tokenizers import Tokenizer

    own = Tokenizer.from_str(backend.to_str())
    own.no_truncation()
    own.no_padding()
    return _Count(lambda text, marks: own.encode(text, add_special_tokens=marks).ids)


def _media_tokens(model: Any) -> list[str]:
    """What stands in a text for a picture, a sound or a video; a text of one's own has none."""
    names = ("image_token", "video_token", "audio_token")
    processors = [module.processor for module in transformers_of(model)]
    tokens = {getattr(one, name, None): None for one in processors for name in names}
    return [token for token in tokens if isinstance(token, str) and len(token) > 3]
