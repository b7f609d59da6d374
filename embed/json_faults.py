"""What is wrong with a JSON text, in words for whoever has written it."""

from __future__ import annotations

__all__ = ["json_fault"]


def json_fault(error: Exception) -> str:
    """Why something cannot be read or written as JSON: what Python says of it, without its advice.

    Args:
        error: of `json`, or of whoever has looked at what it gives.

    Returns:
        A sentence without its full stop, such as "it is not text in UTF-8".
    """
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    if isinstance(error, RecursionError):
        return "it has too many lists and objects inside each other"
    if "set_int_max_str_digits" in str(error):  # the setting is Python's, and not for users
        return "it has a whole number of thousands of digits, more than can be kept"
    return str(error)
