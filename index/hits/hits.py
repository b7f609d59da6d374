"""The hits of a search as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.hits.context import context_of
from anysense.index.hits.hit import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anysense.index.hits.context import Tokenizer

__all__ = ["Hits"]


class Hits(list[Hit]):
    """The hits of a search, best first: a list, and what is to be said of all of them.

    Attributes:
        no_match: whether chance alone may have found the best of them, so that probably nothing in
            the collection answers the query.
        state: names the state of the collection that was searched; given back with an `offset`,
            the next page comes from the same state.
    """

    def __init__(
        self, hits: Iterable[Hit] = (), *, no_match: bool = False, state: str = ""
    ) -> None:
        super().__init__(hits)
        self.no_match = no_match
        self.state = state

    def _repr_html_(self) -> str:
        """The hits as a notebook shows them: small pictures, players and passages."""
        from anysense.index.hits.notebook import html_of

        return html_of(self, no_match=self.no_match)

    def as_context(
        self,
        max_tokens: int | None = None,
        tokenizer: Tokenizer | Callable[[str], Any] | None = None,
    ) -> str:
        """The hits as text that a language model can read and cite.

        Each begins with a line of its number (that of its rank, from 1), source, headings, place,
        kind and score. Its passages follow, those that touch as one, with ``[...]`` between others.
        None is cut: what has no room is left out as a whole, and the end says which.

        Args:
            max_tokens: the most tokens of the whole text; no limit if None.
            tokenizer: what counts them: an object with `encode`, such as tiktoken's or one of
                Hugging Face, or a function that gives tokens or their number. If None, a token is
                taken for three bytes of UTF-8, which is rather too short.

        Raises:
            UsageError: `max_tokens` is no whole number from 1 on.
            Exception: what the tokenizer raises.
        """
        return context_of(self, max_tokens, tokenizer)

    def as_messages(
        self,
        provider: str = "openai",
        *,
        max_bytes: int | None = None,
        attachment_bytes: int | None = None,
    ) -> list[dict[str, Any]]:
        """The hits as the content of a message to a language model: text, pictures and sounds.

        Each hit is a text, as in `as_context`, followed by its picture (a JPEG, scaled to what the
        provider takes, without what the camera wrote into it), the page of its PDF, or the seconds
        of its sound that matched (a WAV). What is left out, as it is too large, is gone, or is
        nothing that the provider's models take, is said in the text.

        Args:
            provider: ``openai`` (Chat Completions), ``openai-responses``, ``anthropic`` or
                ``google``.
            max_bytes: the most bytes of all media, before base64 makes them a third longer: 14 MiB
                if None.
            attachment_bytes: the most of each: 3.75 MiB if None. What has more is made smaller.

        Returns:
            Content parts, as JSON holds them.

        Raises:
            UsageError: there is no such provider, or a number is below 0.
        """
        from anysense.index.hits.messages import ATTACHMENT_BYTES, MESSAGE_BYTES, parts_of

        return parts_of(
            self,
            provider,
            max_bytes=MESSAGE_BYTES if max_bytes is None else max_bytes,
            attachment_bytes=ATTACHMENT_BYTES if attachment_bytes is None else attachment_bytes,
        )
