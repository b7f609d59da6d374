"""The vectors of the inputs of one request, made together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import MediaError
from anysense.embed.pipeline.queries import Amounts, encode_queries
from anysense.embed.pipeline.query import unit_mean
from anysense.server.http.bodies.embeddings import InputPart, sources_of
from anysense.server.http.errors import RequestError, code_of, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.embed.types import Encoder, FloatArray, Modality, Space
    from anysense.server.http.service.encoders import ServedEncoder

__all__ = ["check_modalities", "embed"]


def check_modalities(
    parts: Sequence[InputPart], chosen: ServedEncoder, encoders: Sequence[ServedEncoder]
) -> None:
    """Refuse what an encoder does not take, and tell which one does.

    Raises:
        RequestError: it does not take one of the parts.
    """
    for part in parts:
        if part.modality not in chosen.space.modalities:
            others = [e.name for e in encoders if part.modality in e.space.modalities]
            hint = f"; {others[0]} does" if others else ""
            message = f"{part.param}: the model {chosen.name} takes no {part.modality}{hint}."
            raise RequestError(message, 422, "modality_not_taken", part.param)


def embed(
    chosen: ServedEncoder,
    parts: list[InputPart],
    fetched: Mapping[str, bytes],
    dimensions: int | None,
    *,
    as_queries: bool = False,
) -> tuple[list[FloatArray], Amounts]:
    """One unit vector for each input, in their order, and how much they hold.

    The vector of an input of several parts is the normalised mean of theirs.

    Args:
        chosen: what encodes them.
        parts: of the inputs, at least one of each.
        fetched: what addresses among them gave.
        dimensions: how long the vectors are to be; the encoder's own if None.
        as_queries: whether they are to search by; otherwise they are encoded as items are.

    Raises:
        RequestError: an input cannot be used, or the encoder has no such dimensions.
        EncoderError: the model cannot be used.
    """
    import numpy as np

    encoder = chosen.load()
    check_dimensions(encoder, dimensions)
    try:
        forms = query_forms(encoder.space) if as_queries else {}
        vectors, amounts = encode_queries(encoder, sources_of(parts, fetched), forms=forms)
    except MediaError as error:
        message = f"{error}".rstrip(".") + "."
        raise RequestError(message, status_of(error), code_of(error), error.source) from None
    inputs: list[list[FloatArray]] = [[] for _ in range(parts[-1].place + 1)]
    for part, vector in zip(parts, vectors, strict=True):
        inputs[part.place].append(vector)
    return [cut(unit_mean(np.stack(of_one)), dimensions) for of_one in inputs], amounts


def query_forms(space: Space) -> dict[Modality, str]:
    """The form of queries of each modality: the first, where it depends on what they look for."""
    forms: dict[Modality, str] = {}
    for form in space.query_forms:
        forms.setdefault(form.modality, form.name)
    return forms


def check_dimensions(encoder: Encoder, dimensions: int | None) -> None:
    """Refuse a length that an encoder's vectors cannot have.

    Raises:
        RequestError: its vectors are longer and cannot be cut, or are shorter.
    """
    own = encoder.space.dimension
    shorter = tuple(getattr(encoder, "shorter_dimensions", ()))
    if dimensions is None or dimensions == own or dimensions in shorter:
        return
    able = ", ".join(map(str, sorted({*shorter, own})))
    message = f"dimensions: the vectors of {encoder.space.id} have {able}, not {dimensions}."
    raise RequestError(message, 422, "invalid_value", "dimensions")


def cut(vector: FloatArray, dimensions: int | None) -> FloatArray:
    """The first numbers of a vector, of length 1 again."""
    import numpy as np

    if dimensions is None or dimensions == len(vector):
        return vector
    first = vector[:dimensions]
    unit: FloatArray = first / np.float32(max(float(np.linalg.norm(first)), 1e-12))
    return unit
