"""`/embeddings`: vectors of texts, pictures and sounds."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from anysense.embed.types import Modality
from anysense.server.http.bodies.addresses import fetch_addresses
from anysense.server.http.bodies.embeddings import InputPart, input_parts
from anysense.server.http.bodies.forms import check_json
from anysense.server.http.bodies.reading import read_json
from anysense.server.http.openapi.bodies import json_body, one_of_bodies
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import service_of
from anysense.server.http.schemas.embeddings import EmbeddingList, EmbeddingRequest
from anysense.server.http.service.embedding import check_modalities, embed
from anysense.server.http.service.encoders import ServedEncoder, find_encoder, served_encoders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.embed.pipeline.queries import Amounts
    from anysense.embed.types import FloatArray

__all__ = ["router"]

router = APIRouter(tags=["embeddings"])


@router.post(
    "/v1/embeddings",
    response_model=EmbeddingList,
    responses=refusals(404),
    openapi_extra=one_of_bodies(json_body("EmbeddingRequest")),
)
async def create_embeddings(request: Request) -> Response:
    """Give the vectors of texts, pictures and sounds, each as a search by it would use it.

    The body may have the shape of OpenAI's API, and those of infinity, vLLM, Cohere, Voyage and
    Jina; the answer has OpenAI's. An input of several parts is one vector: the mean of theirs.
    """
    check_json(request)
    service = service_of(request)
    body = await read_json(request, EmbeddingRequest)
    encoder = find_encoder(service, body.model)
    parts = input_parts(body)
    check_modalities(parts, encoder, served_encoders(service))
    media = [part for part in parts if part.modality is not Modality.TEXT]
    fetched = await fetch_addresses(service, ((part.param, part.value) for part in media))
    content = await service.turns.searching(
        embedding_list,
        body,
        encoder,
        parts,
        fetched,
        has_media=bool(media),
    )
    return Response(content, media_type="application/json")


def embedding_list(
    body: EmbeddingRequest,
    encoder: ServedEncoder,
    parts: list[InputPart],
    fetched: Mapping[str, bytes],
) -> bytes:
    """The answer to a request as JSON, made here in pieces: one large one would stop all threads.

    Raises:
        RequestError: an input cannot be used.
        EncoderError: the model cannot be used.
    """
    vectors, amounts = embed(
        encoder, parts, fetched, body.dimensions or body.output_dimension, as_queries=body.is_query
    )
    entries = (
        json.dumps(
            {
                "object": "embedding",
                "index": index,
                "embedding": in_base64(vector) if body.is_base64 else vector.tolist(),
            }
        )
        for index, vector in enumerate(vectors)
    )
    head = json.dumps({"object": "list", "model": encoder.name, "usage": usage(amounts)})
    return f'{head[:-1]}, "data": [{", ".join(entries)}]}}'.encode()


def in_base64(vector: FloatArray) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def usage(amounts: Amounts) -> dict[str, float]:
    """How much was encoded; clients of OpenAI's API want it counted as tokens."""
    return {
        "prompt_tokens": amounts.characters,
        "total_tokens": amounts.characters,
        "characters": amounts.characters,
        "pixels": amounts.pixels,
        "seconds": round(amounts.seconds, 3),
    }
