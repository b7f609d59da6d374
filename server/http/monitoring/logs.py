"""The log of the service on standard error, as text for people or as JSON for machines."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from anysense.server.http.monitoring.record import current_request

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LogFormat", "logging_as"]

LogFormat: TypeAlias = Literal["text", "json"]


@contextmanager
def logging_as(log_format: LogFormat, level: str = "info") -> Iterator[None]:
    """Log what anysense and uvicorn tell from a level on, and warnings of every other library.

    Everything goes to standard error, a line for each, with the id of the request that it is about.

    Args:
        log_format: ``text`` or ``json``.
        level: of anysense and of uvicorn: ``debug``, ``info``, ``warning`` or ``error``.
    """
    handler = StderrHandler()
    handler.addFilter(add_request)
    handler.setFormatter(json_formatter() if log_format == "json" else TextFormatter())
    root, loggers = logging.getLogger(), [logging.getLogger(n) for n in ("anysense", "uvicorn")]
    former = [logger.level for logger in loggers]
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(level.upper())
    try:
        yield
    finally:
        root.removeHandler(handler)
        for logger, former_level in zip(loggers, former, strict=True):
            logger.setLevel(former_level)


class StderrHandler(logging.Handler):
    """Writes lines to what is standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # a log that cannot be written must not stop what it tells of
            self.handleError(record)


def add_request(record: logging.LogRecord) -> bool:
    """Say in a line which request it is about."""
    request = current_request()
    record.request_id = None if request is None else request.id
    return True


class TextFormatter(logging.Formatter):
    """Lines for people. What a client has put into one cannot begin another."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        line = super().formatMessage(record)
        if not line.isprintable():
            line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
        request_id = getattr(record, "request_id", None)
        return line if request_id is None else f"{line} request={request_id}"


def json_formatter() -> logging.Formatter:
    """Lines for machines: an object with time, level, logger, message, and what goes with it."""
    from pythonjsonlogger.core import RESERVED_ATTRS
    from pythonjsonlogger.json import JsonFormatter

    return JsonFormatter(
        "{levelname}{name}{message}{request_id}",
        style="{",
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        timestamp="time",
        json_ensure_ascii=True,
        reserved_attrs=[*RESERVED_ATTRS, "color_message"],
    )
