"""JSON as values, without a step that keeps other threads from running for long."""

from __future__ import annotations

import secrets
from typing import Any

from pydantic_core import from_json

from anysense.embed.limits import DEFAULT_LIMITS
from anysense.server.http.bodies.structure import outline
from anysense.server.http.errors import RequestError

__all__ = ["parse_json"]


def parse_json(body: bytes | bytearray) -> Any:
    """What a JSON text holds: mappings, lists, strings, numbers, booleans and null.

    Args:
        body: JSON in UTF-8.

    Raises:
        RequestError: it holds too much; see `outline`.
        ValueError: it is not JSON, or is nested too deep.
    """
    mark = secrets.token_hex(16)
    sketch = outline(body, mark)
    value = from_json(sketch.text)
    if not sketch.cuts:
        return value
    pieces = [[from_json(b'"%b"' % bytes(body[i:j])) for i, j in cut] for cut in sketch.cuts]
    return filled(value, mark, pieces)


def filled(value: Any, mark: str, texts: list[list[str]]) -> Any:
    """A value in which each string that has a mark has its text instead, without recursion.

    Args:
        value: as it was parsed; it is changed.
        mark: how a mark begins, as `outline` was told.
        texts: of each mark, by its number, in pieces.

    Raises:
        RequestError: a mark is in a name.
    """
    holder = [value]
    containers: list[Any] = [holder]
    while containers:
        container = containers.pop()
        is_mapping = isinstance(container, dict)
        for place, part in list(container.items() if is_mapping else enumerate(container)):
            if is_mapping and mark in place:
                message = "The JSON holds a name of over 16,384 bytes, which is too long."
                raise RequestError(message, 413, "body_too_large")
            if isinstance(part, (dict, list)):
                containers.append(part)
            elif isinstance(part, str) and mark in part:
                before, _, rest = part.partition(mark)
                number, _, after = rest.partition(";")
                container[place] = joined([before, *texts[int(number)], after])
    return holder[0]


def joined(parts: list[str]) -> str:
    """Parts of a text as one.

    Raises:
        RequestError: it is longer than any text may be. Media are longer, but in ASCII; one
            character of another kind would make each of theirs take up to four bytes.
    """
    most = DEFAULT_LIMITS.text_characters
    if sum(map(len, parts)) > most and not all(map(str.isascii, parts)):
        message = f"The JSON holds a text of over {most:,} characters, which is too much."
        raise RequestError(message, 413, "body_too_large")
    return "".join(parts)
