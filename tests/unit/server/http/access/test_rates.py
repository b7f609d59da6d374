"""Buckets of tokens."""

from __future__ import annotations

import pytest

from anysense.server.http.access.rates import Buckets, Rate, address_group


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/minute", Rate(100, 60, 100)),
        (" 10/second:50 ", Rate(10, 1, 50)),
        ("1/day:1", Rate(1, 86400, 1)),
        ("3/hour", Rate(3, 3600, 3)),
    ],
)
def test_rates_are_read(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "100",
        "100/min",
        "1.5/second",
        "-1/second",
        "0/second",
        "1/second:0",
        "1/second:x",
        "99999999999/second",
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate, such as"):
        Rate.parse(text)


def test_a_burst_goes_and_comes_back_with_time() -> None:
    clock = Clock()
    buckets = Buckets(Rate(10, 1, 5), clock)
    assert [buckets.take("a").remaining for _ in range(5)] == [4, 3, 2, 1, 0]
    refused = buckets.take("a")
    assert refused.wait == pytest.approx(0.1)
    assert refused.reset == pytest.approx(0.5)
    assert buckets.take("b").wait == 0
    clock.now += refused.wait
    assert buckets.take("a").wait == 0
    assert buckets.take("a").wait > 0
    clock.now += 3600
    assert buckets.take("a").remaining == 4


def test_over_a_long_time_no_more_are_allowed_than_the_rate_says() -> None:
    clock = Clock()
    buckets = Buckets(Rate(7, 3, 4), clock)
    allowed = 0
    for _ in range(30_000):
        clock.now += 0.01
        allowed += buckets.take("a").wait == 0
    assert allowed in (703, 704)  # 300 s, and the burst


def test_what_is_refused_costs_nothing() -> None:
    clock = Clock()
    buckets = Buckets(Rate(1, 1, 1), clock)
    assert buckets.take("a").wait == 0
    for _ in range(1000):
        assert buckets.take("a").wait == pytest.approx(1)
    clock.now += 1
    assert buckets.take("a").wait == 0


def test_memory_is_bounded_and_the_latest_are_remembered() -> None:
    buckets = Buckets(Rate(1, 60, 1), Clock(), size=100)
    for i in range(1000):
        buckets.take(f"client {i}")
        buckets.take("busy")
    # That no more are kept shows nowhere else.
    assert len(buckets._full_at) == 100
    assert buckets.take("busy").wait > 0
    assert buckets.take("client 0").wait == 0


def test_a_network_of_ipv6_is_one_client() -> None:
    assert address_group("2001:db8::1") == address_group("2001:db8::ffff:2%eth0")
    assert address_group("2001:db8:0:1::1") != address_group("2001:db8::1")
    assert address_group("::ffff:10.0.0.1") == address_group("10.0.0.1") == "10.0.0.1"
    assert address_group("10.0.0.1") != address_group("10.0.0.2")
    assert address_group("testclient") == "testclient"
