"""Whether a client has a file already, by the headers of its request."""

from __future__ import annotations

import time

from starlette.datastructures import Headers

from anysense.server.http.media.conditions import (
    http_date,
    is_failed,
    is_not_modified,
    range_applies,
)

TAG = '"abc"'
THEN = 1_700_000_000


def headers(**values: str) -> Headers:
    return Headers({name.replace("_", "-"): value for name, value in values.items()})


def test_a_tag_counts_more_than_a_date() -> None:
    date = http_date(THEN)
    assert is_not_modified(headers(if_modified_since=date), TAG, THEN)
    assert not is_not_modified(headers(if_modified_since=date), TAG, THEN + 1)
    assert not is_not_modified(headers(if_modified_since=date, if_none_match='"x"'), TAG, THEN)
    assert is_failed(headers(if_unmodified_since=date), TAG, THEN + 1)
    assert not is_failed(headers(if_unmodified_since=date, if_match=TAG), TAG, THEN + 1)


def test_a_weak_tag_is_good_enough_to_send_nothing_and_for_nothing_else() -> None:
    assert is_not_modified(headers(if_none_match="W/" + TAG), TAG, THEN)
    assert is_failed(headers(if_match="W/" + TAG), TAG, THEN)
    assert not range_applies(headers(if_range="W/" + TAG), TAG, THEN)


def test_a_date_names_a_version_once_its_second_is_over() -> None:
    assert range_applies(headers(if_range=http_date(THEN)), TAG, THEN)
    assert not range_applies(headers(if_range=http_date(THEN - 1)), TAG, THEN)
    now = int(time.time()) + 1
    assert not range_applies(headers(if_range=http_date(now)), TAG, now)


def test_dates_that_are_none_are_ignored() -> None:
    for text in ("", "soon", "Fri, 99 Foo 2020 99:99:99 GMT", "9" * 1000, "Thu, 01 Jan 99999"):
        assert not is_not_modified(headers(if_modified_since=text), TAG, THEN)
        assert not is_failed(headers(if_unmodified_since=text), TAG, THEN)
        assert not range_applies(headers(if_range=text), TAG, THEN)
