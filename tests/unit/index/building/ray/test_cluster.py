"""Where a cluster is said to be."""

from __future__ import annotations

import socket

import pytest

from anysense.embed.errors import EncoderError
from anysense.index.building.ray.cluster import check_answers


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://127.0.0.1:{}"])
def test_an_address_at_which_nothing_listens_is_told_at_once(form: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = form.format(server.getsockname()[1])
        check_answers(address)
    with pytest.raises(EncoderError, match=f"No Ray could be reached at {address}: "):
        check_answers(address)


@pytest.mark.parametrize("address", ["auto", "local", "127.0.0.1", "host:name", "ray://host"])
def test_what_names_no_port_is_left_to_ray(address: str) -> None:
    check_answers(address)


def test_a_port_that_cannot_be_is_told() -> None:
    with pytest.raises(EncoderError, match=r"No Ray could be reached at 127\.0\.0\.1:99999: "):
        check_answers("127.0.0.1:99999")
