"""Which addresses of the network lie outside, where anybody may be."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["is_public"]

# Python's own tables differ between its versions, so what must never be reached stands here too.
INSIDE_4 = [
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
# Of version 6 only what is given to the world is outside, and of that not what leads elsewhere:
# Teredo and others of 2001::/23, 6to4, and what is for documentation. NAT64, addresses of version 4
# in those of version 6, local and link-local ones all lie beyond it.
OUTSIDE_6 = IPv6Network("2000::/3")
INSIDE_6 = [
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
]
CLOUDS = {IPv4Address("168.63.129.16")}
"""What looks public, but is the inside of a cloud: Azure's agent of each machine."""


def is_public(text: str) -> bool:
    """Whether an address, as the resolver writes it, is one that anybody on the web may have."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv6Address):
        return address in OUTSIDE_6 and not any(address in network for network in INSIDE_6)
    return address not in CLOUDS and not any(address in network for network in INSIDE_4)
