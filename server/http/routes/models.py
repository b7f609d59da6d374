"""`/models`: the encoders that embed and search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import reply, service_of
from anysense.server.http.schemas.embeddings import ModelBody, ModelList
from anysense.server.http.service.encoders import find_encoder, served_encoders

if TYPE_CHECKING:
    from anysense.server.http.service.encoders import ServedEncoder

__all__ = ["router"]

router = APIRouter(tags=["embeddings"])


@router.get("/v1/models", response_model=ModelList)
async def get_models(request: Request) -> Response:
    """List the encoders of the collections that are served, the first collection's first."""
    encoders = served_encoders(service_of(request))
    return reply({"object": "list", "data": [model_body(encoder) for encoder in encoders]})


@router.get("/v1/models/{model:path}", response_model=ModelBody, responses=refusals(404))
async def get_model(
    request: Request,
    model: Annotated[str, Path(description="The `id` of an encoder.", examples=["starter"])],
) -> Response:
    """Give an encoder by its name."""
    return reply(model_body(find_encoder(service_of(request), model)))


def model_body(encoder: ServedEncoder) -> dict[str, Any]:
    return {
        "id": encoder.name,
        "object": "model",
        "created": 0,
        "owned_by": "anysense",
        "dimension": encoder.space.dimension,
        "modalities": sorted(encoder.space.modalities),
        "space": encoder.space.id,
        "revision": encoder.space.revision,
        "collections": [served.name for served in encoder.collections],
    }
