"""What pydantic finds wrong with a value, in words that help whoever sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["place_of", "reason_of"]

REASONS: Mapping[str, str] = {
    "extra_forbidden": "there is no such field",
    "missing": "it is missing",
    "string_type": "it must be a text",
    "string_unicode": "it must be a text of whole characters",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_parsing_size": "it must be a smaller number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "finite_number": "it must be a finite number",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "list_type": "it must be a list",
    "tuple_type": "it must be a list",
    "path_type": "it must be a path",
    "dict_type": "it must be an object",
    "model_type": "it must be an object",
    "model_attributes_type": "it must be an object",
    "string_too_long": "it must have at most {max_length:,} characters",
    "string_too_short": "it must have at least {min_length:,} characters",
    "too_long": "it must have at most {max_length:,} entries",
    "too_short": "it must have at least {min_length:,} entries",
    "greater_than": "it must be over {gt:,g}",
    "greater_than_equal": "it must be at least {ge:,g}",
    "less_than": "it must be below {lt:,g}",
    "less_than_equal": "it must be at most {le:,g}",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    "string_pattern_mismatch": "it is no {name} that an answer has told",
}
"""What a value must be, by pydantic's name of the problem, with what its context tells."""


def place_of(problem: Mapping[str, Any]) -> str | None:
    """The field at fault, as `terms.0.text`; None where it is the body as a whole.

    Which of several forms a value has, in parentheses, is no part of where it is.
    """
    parts = [str(part)[:100] for part in problem["loc"]]  # a name may be as long as the body
    return ".".join(part for part in parts if not part.startswith("(")) or None


def reason_of(problem: Mapping[str, Any]) -> str:
    """What is wrong, without a full stop."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in ("too_short", "string_too_short") and context.get("min_length") == 1:
        return "it must not be empty"
    if kind not in REASONS:
        return str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
    if kind == "literal_error" and context["expected"] in ("True", "False"):
        return f"it must be {context['expected'].lower()}"  # as JSON writes it
    name = (place_of(problem) or "value").rpartition(".")[2]
    return REASONS[kind].format(**context, name=name)
