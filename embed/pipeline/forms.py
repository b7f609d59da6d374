"""An encoder as a query of some form sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from anysense.embed.types import Content, Encoder, Modality

__all__ = ["in_form"]


def in_form(encoder: Encoder, form: str) -> Encoder:
    """The encoder, preparing all that it is given as queries of a form; see `Space.form`.

    Args:
        encoder: what prepares.
        form: the name of one of the forms of its space; empty, it prepares as for items.
    """
    return cast("Encoder", _InForm(encoder, form)) if form else encoder


class _InForm:
    """Prepares as `prepare_query` of an encoder does, and is that encoder otherwise."""

    def __init__(self, encoder: Encoder, form: str) -> None:
        self._encoder = encoder
        self._form = form

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """The content as a query of the form."""
        encoder: Any = self._encoder
        return encoder.prepare_query(modality, content, self._form)
