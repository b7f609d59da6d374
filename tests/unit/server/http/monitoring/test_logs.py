from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from anysense.server.http.monitoring.logs import logging_as
from anysense.server.http.monitoring.record import RequestRecord, as_request

if TYPE_CHECKING:
    from anysense.server.http.monitoring.logs import LogFormat

logger = logging.getLogger("anysense.server.http.test")


def test_json_has_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as("json"), as_request(RequestRecord("r1")):
        logger.info("Found %d", 3, extra={"route": "/v1/search", "color_message": "x"})
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logger.exception("It failed")
        logging.getLogger("another.library").warning("old")
        logging.getLogger("another.library").info("chatter")
    first, second, third = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("time")
    assert first == {
        "level": "INFO",
        "logger": "anysense.server.http.test",
        "message": "Found 3",
        "request_id": "r1",
        "route": "/v1/search",
    }
    assert "ValueError: two\nlines" in second["exception"]
    assert third["logger"] == "another.library"


def test_no_message_can_begin_another_line(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as("text"), as_request(RequestRecord("r1")):
        logger.warning("GET %s", "/a\nERROR forged\x1b[2J\u2028")
    (line,) = capsys.readouterr().err.split("\n")[:-1]
    assert line.endswith("WARNING GET /a\\nERROR forged\\x1b[2J\\u2028 request=r1")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_it_ends_as_it_began(capsys: pytest.CaptureFixture[str], log_format: LogFormat) -> None:
    names = ("", "anysense", "uvicorn")
    before = [(logging.getLogger(n).level, list(logging.getLogger(n).handlers)) for n in names]
    with logging_as(log_format, "error"):
        logger.warning("too little")
    assert capsys.readouterr().err == ""
    after = [(logging.getLogger(n).level, list(logging.getLogger(n).handlers)) for n in names]
    assert after == before
