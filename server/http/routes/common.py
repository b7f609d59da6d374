"""What the groups of addresses share: replies, the service behind them, bodies in OpenAPI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi.responses import Response

from anysense.server.http import schemas

if TYPE_CHECKING:
    from fastapi import Request

    from anysense.server.http.service import Service

__all__ = ["ERROR", "FILE", "TEXT", "body_of", "reply", "service_of"]

ERROR: dict[int | str, dict[str, Any]] = {"default": {"model": schemas.ErrorBody}}
"""The answer of every address that cannot do what it was called for."""

FILE = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON in ASCII, as names of files may hold what is not Unicode."""
    return Response(json.dumps(content), status, headers, "application/json")


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def body_of(json_model: str, form: dict[str, Any]) -> dict[str, Any]:
    """How OpenAPI describes a body that is JSON or multipart."""
    schema = {"allOf": [{"$ref": f"#/components/schemas/{json_model}"}]}
    content = {
        "application/json": {"schema": schema},
        "multipart/form-data": {"schema": {"type": "object", "properties": form}},
    }
    return {"requestBody": {"required": True, "content": content}}
