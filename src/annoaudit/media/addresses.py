"""Which network addresses may be connected to: public ones, never those behind which an own network may lie."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

__all__ = ["IPAddress", "is_public"]

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Beside what the standard library knows, which differs between versions of Python.
_FORBIDDEN = tuple(
    ipaddress.ip_network(one)
    for one in (
        "168.63.129.16/32",  # metadata and host services of Azure, at an address that looks public
        "192.0.0.0/24",  # protocol assignments; metadata of Oracle's cloud
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",  # benchmarks
        "::/96",  # IPv4-compatible
        "64:ff9b:1::/48",  # NAT64 of an own network
        "100::/64",  # discarded
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)


def is_public(address: IPAddress) -> bool:
    """Return whether an address is one of the public internet.

    Private, loopback, link-local, multicast, reserved, shared and metadata addresses are not, whether written as
    IPv4, as IPv6, or as IPv4 inside IPv6 (mapped, 6to4, NAT64, Teredo).
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if any(address.version == one.version and address in one for one in _FORBIDDEN):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
