"""`/map`: a collection in two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from anysense.index.mapping.drawing import MOST
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import collection_of, reply
from anysense.server.http.schemas.maps import MapBody

if TYPE_CHECKING:
    from anysense.index.mapping.collection_map import CollectionMap

__all__ = ["router"]

DIGITS = 4  # of places: a map may be looked at ten times as large

router = APIRouter(tags=["items"])


@router.get("/map", response_model=MapBody, responses=refusals(404))
async def get_map(
    request: Request,
    space: Annotated[
        str | None,
        Query(max_length=300, description="The id of a space; the first that has a map if none."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")] = MOST,
) -> Response:
    """Tell where items lie in two dimensions, of which those near each other are alike.

    Fewer than all are a sample of all. It is drawn when the index is brought up to date: what was
    added since is not in it.
    """
    served = collection_of(request)
    # Some 20,000 numbers take a while to be written out: not where other requests wait.
    return await served.reading(lambda: reply(_columns(served.collection.map(space, limit))))


def _columns(found: CollectionMap) -> dict[str, Any]:
    modalities = sorted(set(found.modalities))
    codes = {modality: code for code, modality in enumerate(modalities)}
    return {
        "generation": found.generation,
        "space": found.space,
        "spaces": list(found.spaces),
        "method": found.method,
        "total": found.total,
        "ids": list(found.ids),
        "modalities": [modality.value for modality in modalities],
        "modality": [codes[modality] for modality in found.modalities],
        "x": found.x.astype(float).round(DIGITS).tolist(),
        "y": found.y.astype(float).round(DIGITS).tolist(),
    }
