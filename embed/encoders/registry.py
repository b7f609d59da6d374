"""From an encoder's name to the encoder: the built-in kinds, those registered, and entry points.

A name is ``KIND`` or ``KIND:REST``. The kinds that come with the package are ``starter``,
``openclip``, ``clap``, ``peav``, ``text`` and ``st``. Any installed distribution adds more by an
entry point:

    [project.entry-points."anysense.encoders"]
    mykind = "my_package.encoders:load"     # load(rest: str, device: str) -> Encoder
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, TypeAlias, cast

from anysense.embed.encoders.cards.documented import CARDS, find_card
from anysense.embed.encoders.cards.profiles import PROFILES
from anysense.embed.errors import (
    AnysenseError,
    EncoderError,
    MissingWeightsError,
    UnknownEncoderError,
    UsageError,
)
from anysense.embed.types import Encoder

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from anysense.embed.encoders.cards.card import ModelCard
    from anysense.embed.encoders.pull import Progress
    from anysense.embed.encoders.weights.downloads import Downloads

__all__ = [
    "GROUP",
    "PROFILES",
    "Factory",
    "encoder_kinds",
    "list_models",
    "load_encoder",
    "profile_encoders",
    "pull_model",
    "register_encoder",
]

log = logging.getLogger(__name__)
GROUP = "anysense.encoders"
Factory: TypeAlias = Callable[[str, str], Encoder]
"""``factory(rest, device)``, where rest is the name after its first colon, or the empty string."""

_BUILT_IN = {
    "starter": "anysense.embed.encoders.starter.encoder",
    "openclip": "anysense.embed.encoders.openclip.encoder",
    "clap": "anysense.embed.encoders.clap.encoder",
    "peav": "anysense.embed.encoders.peav.encoder",
    "text": "anysense.embed.encoders.sentence.encoder",
    "st": "anysense.embed.encoders.sentence_transformers.encoder",
}
# What each kind downloads; one that is not here needs no download.
_DOWNLOADS = {
    "openclip": "anysense.embed.encoders.openclip.names",
    "clap": "anysense.embed.encoders.clap.names",
    "peav": "anysense.embed.encoders.peav.names",
    "text": "anysense.embed.encoders.sentence.names",
    "st": "anysense.embed.encoders.sentence_transformers.names",
    "whisper": "anysense.embed.encoders.whisper.names",  # no encoder: it writes down speech
}
_factories: dict[str, Factory] = {}


def register_encoder(prefix: str, factory: Factory) -> None:
    """Make names that begin with `prefix` loadable in this process; the last registration wins.

    Raises:
        UsageError: the prefix is empty, has a colon, or is one of the built-in kinds.
    """
    if not prefix or ":" in prefix or prefix in _BUILT_IN:
        raise UsageError(
            f"'{prefix}' cannot name a new kind of encoder: choose a word without a colon "
            f"that is none of {', '.join(_BUILT_IN)}."
        )
    _factories[prefix] = factory


def load_encoder(name: str, *, device: str = "auto") -> Encoder:
    """Load an encoder, with its weights, from this machine; nothing is downloaded.

    Args:
        name: such as ``starter``, ``openclip:ViT-B-32/laion2b_s34b_b79k``,
            ``openclip:ViT-B-32//data/finetuned.pt``, ``clap:laion/clap-htsat-unfused``,
            ``peav:facebook/pe-av-small``, ``text:sentence-transformers/all-MiniLM-L6-v2`` or
            ``st:google/embeddinggemma-2``.
        device: ``auto`` (CUDA where there is one, otherwise the CPU), ``cpu``, ``cuda`` or
            ``cuda:N``.

    Raises:
        UnknownEncoderError: no encoder of that name.
        MissingWeightsError: its weights, or a package it needs, are not here.
        CheckpointError: its weights are damaged, or refused as unsafe.
        EncoderError: it cannot be loaded for another reason, an entry point does not give an
            encoder, or there is no such device.
    """
    kind, _, rest = name.partition(":")
    factory = _factory(kind, name)
    _warn(name)
    try:
        encoder = factory(rest, device)
    except AnysenseError:
        raise
    except ImportError as error:
        raise MissingWeightsError(
            f"The encoder '{name}' needs the package '{error.name or error}', which is not "
            f"installed."
        ) from error
    except Exception as error:  # others' factories, and the libraries behind ours, raise anything
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise EncoderError(
            f"The encoder '{name[:200]}' cannot be loaded ({type(error).__name__}: {reason})."
        ) from error
    if not isinstance(encoder, Encoder):
        raise EncoderError(
            f"The factory of '{kind}' gave a {type(encoder).__name__}, which is not an encoder."
        )
    return encoder


def encoder_kinds() -> dict[str, str]:
    """Every kind of encoder here, and where it comes from: the package, or who registered it."""
    kinds = {entry.name: _provider(entry) for entry in entry_points(group=GROUP)}
    kinds.update(dict.fromkeys(_factories, "registered in this process"))
    return {**kinds, **dict.fromkeys(_BUILT_IN, "anysense")}


def profile_encoders(profile: str) -> tuple[str, ...]:
    """The names of a profile's encoders.

    Raises:
        UsageError: no profile of that name.
    """
    if profile not in PROFILES:
        raise UsageError(f"There is no profile '{profile}': choose {' or '.join(PROFILES)}.")
    return PROFILES[profile]


def list_models() -> list[ModelCard]:
    """The documented models, each with whether its weights are on this machine.

    Any other model that `load_encoder` describes works as well; these are those with a card.
    """
    from anysense.embed.encoders.weights.hub import is_card_here

    return [card.here(is_card_here(card)) for card in CARDS]


def pull_model(name: str, *, progress: Progress | None = None) -> Path:
    """Download what an encoder needs, verify it, and return where its weights lie.

    See `anysense.embed.encoders.pull.pull`.
    """
    from anysense.embed.encoders.pull import pull

    kind = name.partition(":")[0]
    if kind not in encoder_kinds() and kind not in _DOWNLOADS:
        raise _unknown(kind, name)
    _warn(name)
    module = _module(kind, _DOWNLOADS[kind]) if kind in _DOWNLOADS else None
    return pull(name, cast("Downloads | None", module), progress=progress)


def _warn(name: str) -> None:
    """Say what the card of a model warns of."""
    card = find_card(name)
    if card is not None and card.warning:
        log.warning("%s", card.warning)


def _factory(kind: str, name: str) -> Factory:
    if kind in _BUILT_IN:
        return cast("Factory", _module(kind, _BUILT_IN[kind]).load)
    if kind in _factories:
        return _factories[kind]
    entry = next((entry for entry in entry_points(group=GROUP) if entry.name == kind), None)
    if entry is None:
        raise _unknown(kind, name)
    return _from_entry_point(entry)


def _unknown(kind: str, name: str) -> UnknownEncoderError:
    names = [*encoder_kinds(), *(card.name for card in CARDS)]
    close = get_close_matches(name, names, n=1) or get_close_matches(kind, names, n=1)
    kinds = f"the kinds here are {', '.join(encoder_kinds())}."
    hint = f"did you mean '{close[0]}'?" if close else kinds
    return UnknownEncoderError(f"There is no encoder '{name}': {hint}")


def _module(kind: str, name: str) -> ModuleType:
    """A module of a built-in kind of encoder.

    Raises:
        MissingWeightsError: a package that it needs is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        if error.name and error.name.startswith("anysense"):
            raise  # a broken installation, not a missing extra
        raise MissingWeightsError(
            f"Encoders of the kind '{kind}' need the package '{error.name}': "
            f"install it, or install anysense again."
        ) from error


def _from_entry_point(entry: EntryPoint) -> Factory:
    try:
        factory = entry.load()
    except Exception as error:  # a third party's module can raise anything while it is imported
        raise EncoderError(
            f"The encoder '{entry.name}' of {_provider(entry)} could not be loaded: "
            f"{type(error).__name__}: {error}."
        ) from error
    if not callable(factory):
        raise EncoderError(
            f"The entry point '{entry.name}' of {_provider(entry)} is no function (rest, device)."
        )
    return cast("Factory", factory)


def _provider(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
