"""Bodies of requests made into models, in threads: what a client sends takes time to understand.

What is small takes less time than a thread to take it up, and is understood at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from anysense.server.http.bodies.parsing import parse_json
from anysense.server.http.errors import RequestError, problem_sentence
from anysense.server.http.schemas.values import Input

if TYPE_CHECKING:
    from starlette.requests import Request

    from anysense.server.http.bodies.forms import Form

__all__ = ["read_fields", "read_json", "validate"]

ModelT = TypeVar("ModelT", bound=BaseModel)
SMALL_BYTES = 2048
"""A body that is no longer takes a fraction of a millisecond, whatever it holds."""


async def read_json(request: Request, model: type[ModelT]) -> ModelT:
    """The JSON body of a request as a model.

    Raises:
        RequestError: the body holds too much, is not JSON, or not what the model wants.
    """
    body = bytearray()  # grown in place: pieces that are joined would be there twice
    async for piece in request.stream():
        body += piece
    if len(body) <= SMALL_BYTES:
        return model_of(body, model)
    return await run_in_threadpool(model_of, body, model)


async def read_fields(form: Form, model: type[ModelT], lists: tuple[str, ...] = ()) -> ModelT:
    """The fields of a form as a model.

    Args:
        form: the form.
        model: what they are to be.
        lists: the fields that may be repeated.

    Raises:
        RequestError: they cannot be read, or are not what the model wants.
    """
    return await run_in_threadpool(lambda: validate(model, form.values(lists)))


def model_of(body: bytearray, model: type[ModelT]) -> ModelT:
    try:
        values = parse_json(body)
    except ValueError as error:  # also for what is nested too deep
        message = f"The body is not JSON: {str(error).rstrip('.')}."
        raise RequestError(message, 400, "invalid_json") from None
    finally:
        body.clear()  # whoever waits for the answer holds it still
    return validate(model, values)


def validate(model: type[ModelT], values: Any) -> ModelT:
    """Values as a model.

    Raises:
        RequestError: they are not what the model wants.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    hints = model.hints if issubclass(model, Input) else {}
    message, param = problem_sentence(problems, hints)
    raise RequestError(message, 422, "invalid_value", param)
