"""What of the model hub is on this machine, looked up without the network.

Encoders load from the hub's cache alone; only `anysense.embed.encoders.pull` downloads.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import MissingWeightsError
from anysense.embed.forking import new_rlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.encoders.cards.card import ModelCard

__all__ = [
    "cached_file",
    "cached_folder",
    "is_card_here",
    "missing_file",
    "missing_model",
    "offline",
]

_lock = new_rlock()


def cached_file(repository: str, *names: str) -> Path | None:
    """The first of these files of a hub repository that is in the cache here, or None."""
    from huggingface_hub import try_to_load_from_cache

    for name in names:
        path = try_to_load_from_cache(repository, name)
        if isinstance(path, str):
            return Path(path)
    return None


def cached_folder(repository: str, name: str = "config.json") -> Path | None:
    """The folder of a hub repository's newest cached revision, if it holds that file."""
    file = cached_file(repository, name)
    return file.parent if file is not None else None


def missing_model(encoder: str, what: str = "weights") -> MissingWeightsError:
    """The error for an encoder that was not pulled."""
    return MissingWeightsError(
        f"The {what} of '{encoder}' are not on this machine: run `anysense models pull {encoder}`."
    )


def missing_file(path: Path) -> MissingWeightsError:
    """The error for a file of the user's own that is not there, as part of a model or alone."""
    if not path.parent.is_dir():
        return MissingWeightsError(
            f"{path.parent}: there is no such folder; name one with a model."
        )
    return MissingWeightsError(f"{path}: there is no such file; name a model that is complete.")


def is_card_here(card: ModelCard) -> bool:
    """Whether every file of a card is on this machine."""
    return all(
        any(
            cached_file(*file.rsplit("/", maxsplit=1)) is not None
            for file in alternatives.split("|")
        )
        for alternatives in card.files
    )


@contextmanager
def offline() -> Iterator[None]:
    """Keep huggingface_hub, and the libraries on it, from the network while this is open.

    Loading must not wait for a server, nor take newer weights than were pulled.
    """
    from huggingface_hub import constants

    with _lock:
        before = constants.HF_HUB_OFFLINE
        constants.HF_HUB_OFFLINE = True
        try:
            yield
        finally:
            constants.HF_HUB_OFFLINE = before
