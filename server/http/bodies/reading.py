"""Bodies of requests made into models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from anysense.server.http.errors import RequestError, problem_sentence

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["read_json", "validate"]

ModelT = TypeVar("ModelT", bound=BaseModel)


async def read_json(request: Request, model: type[ModelT]) -> ModelT:
    """The JSON body of a request as a model.

    Raises:
        RequestError: the body is not JSON, or not what the model wants.
    """
    body = await request.body()
    try:
        return await run_in_threadpool(model.model_validate_json, body)
    except ValidationError as error:
        raise refusal(error) from None


def validate(model: type[ModelT], values: dict[str, Any]) -> ModelT:
    """Values as a model.

    Raises:
        RequestError: they are not what the model wants.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise refusal(error) from None


def refusal(error: ValidationError) -> RequestError:
    problems = error.errors(include_url=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        reason = str(problems[0]["msg"]).removeprefix("Invalid JSON: ").rstrip(".")
        return RequestError(f"The body is not JSON: {reason}.", 400, "invalid_json")
    message, param = problem_sentence(problems)
    return RequestError(message, 422, "invalid_value", param)
